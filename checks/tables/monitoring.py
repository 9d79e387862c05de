"""Duties written into the permit: self-monitoring, ledgers, reports, disclosure, corrections."""

from __future__ import annotations

from checks.tables.common import REMARKS, SEQUENCE, SUBJECT
from checks.tables.fields import Field, Kind, Table

_F = Field

MONITORING_PLAN = Table(
    "monitoring_plan",
    "自行监测及记录信息表",
    "monitoring",
    (
        *SUBJECT,
        SEQUENCE,
        _F("source_kind", "污染源类别", variants=("污染源类别/监测类别",)),
        _F("outlet_code", "排放口编号", variants=("排放口编号/监测点位", "排放口编码")),
        _F("outlet_name", "排放口名称", variants=("排放口名称/监测点位名称",)),
        _F("content", "监测内容"),
        _F("pollutant", "污染物名称", Kind.POLLUTANT, variants=("污染物种类",)),
        _F("method", "监测设施", allowed=("自动", "手工", "自动,手工", "手工,自动")),
        _F("is_online", "自动监测是否联网", Kind.FLAG),
        _F("instrument", "自动监测仪器名称"),
        _F("instrument_place", "自动监测设施安装位置"),
        _F(
            "is_instrument_compliant",
            "自动监测设施是否符合安装、运行、维护等管理要求",
            Kind.FLAG,
            variants=("自动监测设施是否符合安装、运行、维护等管理需求",),
        ),
        _F("sampling", "手工监测采样方法及个数"),
        _F("frequency", "手工监测频次"),
        _F("analysis_method", "手工测定方法"),
        REMARKS,
    ),
    key=("source_kind", "outlet_code", "pollutant"),
)

LEDGER_REQUIREMENTS = Table(
    "ledger_requirements",
    "环境管理台账信息表",
    "monitoring",
    (
        *SUBJECT,
        SEQUENCE,
        _F("category", "类别"),
        _F("content", "记录内容"),
        _F("frequency", "记录频次"),
        _F("form", "记录形式"),
        REMARKS,
    ),
    key=("category", "sequence"),
)

REPORT_REQUIREMENTS = Table(
    "report_requirements",
    "执行（守法）报告要求",
    "monitoring",
    (
        *SUBJECT,
        SEQUENCE,
        _F("content", "主要内容"),
        _F("frequency", "上报频次"),
        REMARKS,
    ),
    key=("content", "sequence"),
)

DISCLOSURE_REQUIREMENTS = Table(
    "disclosure_requirements",
    "信息公开要求",
    "monitoring",
    (
        *SUBJECT,
        SEQUENCE,
        _F("way", "公开方式"),
        _F("time_points", "时间节点"),
        _F("content", "公开内容"),
        REMARKS,
    ),
    key=("sequence",),
)

CONTROL_REQUIREMENTS = Table(
    "control_requirements",
    "其他控制及管理要求",
    "monitoring",
    (
        *SUBJECT,
        _F("air", "大气环境管理要求"),
        _F("water", "水环境管理要求"),
        _F("noise", "噪声管理要求"),
        _F("waste", "固体废物管理要求"),
        _F("soil", "土壤污染防控要求"),
        _F("others", "其他控制及管理要求"),
        _F("local_additions", "增加的管理内容"),
    ),
)

CORRECTIONS = Table(
    "corrections",
    "改正规定信息表",
    "monitoring",
    (
        *SUBJECT,
        SEQUENCE,
        _F("problem", "改正问题"),
        _F("measures", "改正措施"),
        _F("deadline", "时限要求"),
    ),
    key=("problem", "sequence"),
)

MANUAL_MONITORING = Table(
    "manual_monitoring",
    "手工监测结果",
    "monitoring",
    (
        _F("permit_no", "许可证编号"),
        _F("unit_code", "污染源编码", variants=("stWryCode",)),
        _F("outlet_code", "监测点编号", variants=("stJcdCode",)),
        _F("outlet_name", "监测点名称", variants=("stJcdName",)),
        _F("pollutant", "监测项目", Kind.POLLUTANT, variants=("stJcxm",)),
        _F("sampled_date", "监测时间", Kind.DATE, variants=("stJcsj",)),
        _F("value", "监测浓度", Kind.QUANTITY, variants=("stJcnd",), description="ND 或 ＜1 表示低于检出限"),
        _F("limit_low", "标准限值下限", Kind.NUMBER, variants=("stBzxzMin",)),
        _F("limit_high", "标准限值", Kind.NUMBER, variants=("stBzxz",)),
        _F("measure_unit", "单位", variants=("jcxm_dw",)),
        _F("frequency", "监测频次", variants=("stJcpc",)),
        _F("time_span", "监测时段", variants=("stJcsd",)),
        _F("record_id", "记录编号", variants=("stId",)),
    ),
    key=("outlet_code", "pollutant", "record_id"),
    identify=("permit_no", "unit_code"),
)

TABLES = (
    MONITORING_PLAN,
    LEDGER_REQUIREMENTS,
    REPORT_REQUIREMENTS,
    DISCLOSURE_REQUIREMENTS,
    CONTROL_REQUIREMENTS,
    CORRECTIONS,
    MANUAL_MONITORING,
)
