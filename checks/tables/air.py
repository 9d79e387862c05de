"""Waste gas: links from facility to outlet, outlets, standards, permitted limits and amounts."""

from __future__ import annotations

from checks.tables.common import (
    INDUSTRY_NAME,
    IS_SECRET,
    OUTLET_CODE,
    OUTLET_NAME,
    POLLUTANT,
    REMARKS,
    SEQUENCE,
    SUBJECT,
    latitude,
    longitude,
    yearly_amounts,
)
from checks.tables.fields import Field, Kind, RowCheck, Table

_F = Field

OUTLET_CLASSES = ("主要排放口", "一般排放口", "特殊排放口", "其他排放口", "设施或车间废水排放口")

#: Texts of a number column of the platform that print a unit without a value.
UNIT_ONLY = ("", "/", "-", "--", "—", "null", "无", "mg/Nm3", "/mg/Nm3", "mg/m3", "/mg/m3", "mg/L", "/mg/L")


def treatment(group: str, other: str) -> tuple[Field, ...]:
    """Columns of the treatment facility; the group was renamed in 2021 (治理 to 防治)."""
    return (
        _F("treatment_code", f"{group}/{group}编号", variants=(f"{other}/{other}编号", f"{other}编号", f"{group}编号")),
        _F("treatment_name", f"{group}/{group}名称", variants=(f"{other}/{other}名称", f"{other}名称", f"{group}名称")),
        _F(
            "treatment_process",
            f"{group}/{group}工艺",
            variants=(f"{other}/{other}工艺", f"{other}工艺", f"{group}工艺"),
        ),
    )


def treatment_end(group: str, other: str) -> tuple[Field, ...]:
    """Columns of the treatment facility that follow its size."""
    return (
        _F(
            "is_feasible_technology",
            f"{group}/是否为可行技术",
            Kind.FLAG,
            variants=(f"{other}/是否为可行技术", "是否为可行技术"),
        ),
        IS_SECRET,
        _F(
            "treatment_remarks",
            f"{group}/{group}其他信息",
            variants=(f"{other}/{other}其他信息", f"{other}其他信息", f"{group}其他信息"),
        ),
    )


AIR_LINKS = Table(
    "air_links",
    "废气产排污节点、污染物及污染治理设施信息表",
    "air",
    (
        *SUBJECT,
        SEQUENCE,
        INDUSTRY_NAME,
        _F("line", "生产线名称及编号"),
        _F("process_name", "生产工艺"),
        _F("facility_code", "生产设施编号", variants=("产污设施编号",)),
        _F("facility_name", "生产设施名称", variants=("产污设施名称",)),
        _F("link_name", "对应产污环节名称", variants=("产污环节名称",)),
        POLLUTANT,
        _F("discharge_form", "排放形式", allowed=("有组织", "无组织", "有组织,无组织")),
        *treatment("污染防治设施", "污染治理设施"),
        _F(
            "design_efficiency_pct",
            "污染防治设施/设计处理效率（%）",
            Kind.NUMBER,
            variants=("污染治理设施/设计处理效率（%）", "设计处理效率（%）"),
            low=0,
            high=100,
        ),
        *treatment_end("污染防治设施", "污染治理设施"),
        _F("outlet_code", "有组织排放口编号", variants=("排放口编号",)),
        _F("outlet_name", "有组织排放口名称", variants=("排放口名称",)),
        _F("is_outlet_compliant", "排放口设置是否符合要求", Kind.FLAG),
        _F("outlet_class", "排放口类型", allowed=OUTLET_CLASSES),
        REMARKS,
    ),
    key=("facility_code", "link_name", "pollutant", "outlet_code"),
)

AIR_OUTLETS = Table(
    "air_outlets",
    "大气排放口基本情况表",
    "air",
    (
        *SUBJECT,
        SEQUENCE,
        OUTLET_CODE,
        OUTLET_NAME,
        _F("pollutants", "污染物种类", Kind.LIST),
        longitude("longitude_deg", "排放口地理坐标/经度", "经度", "排放口经度"),
        latitude("latitude_deg", "排放口地理坐标/纬度", "纬度", "排放口纬度"),
        _F("stack_height_m", "排气筒高度（m）", Kind.NUMBER),
        _F("stack_diameter_m", "排气筒出口内径（m）", Kind.NUMBER),
        _F("gas_temperature", "排气温度（℃）", description="数字（℃）或 常温"),
        REMARKS,
    ),
    key=("outlet_code",),
    unique=True,
)

AIR_STANDARDS = Table(
    "air_standards",
    "废气污染物排放执行标准信息表",
    "air",
    (
        *SUBJECT,
        SEQUENCE,
        OUTLET_CODE,
        OUTLET_NAME,
        POLLUTANT,
        _F("standards", "国家或地方污染物排放标准/名称", Kind.LIST),
        _F("conc_limit", "国家或地方污染物排放标准/浓度限值", Kind.QUANTITY, description="未注单位为 mg/m3"),
        _F("rate_limit_kg_h", "国家或地方污染物排放标准/速率限值（kg/h）", Kind.NUMBER, low=0),
        _F("eia_requirement", "环境影响评价批复要求"),
        _F("stricter_limit", "承诺更加严格排放限值"),
        REMARKS,
    ),
    key=("outlet_code", "pollutant"),
)

AIR_LIMITS = Table(
    "air_limits",
    "大气污染物有组织排放许可限值",
    "air",
    (
        *SUBJECT,
        SEQUENCE,
        _F("outlet_class", "排放口类型", allowed=OUTLET_CLASSES, description="取自表内分组行"),
        OUTLET_CODE,
        OUTLET_NAME,
        POLLUTANT,
        _F(
            "conc_limit",
            "许可排放小时浓度限值",
            Kind.QUANTITY,
            variants=("许可排放浓度限值（mg/m³）", "申请许可排放浓度限值（mg/Nm3）", "许可排放浓度限值"),
            empty=UNIT_ONLY,
        ),
        _F("daily_conc_limit", "许可排放日均浓度限值", Kind.QUANTITY, empty=UNIT_ONLY),
        _F(
            "rate_limit_kg_h",
            "许可排放速率限值（kg/h）",
            Kind.NUMBER,
            variants=("申请许可排放速率限值（kg/h）",),
        ),
        *yearly_amounts("许可年排放量限值（t/a）", "申请年许可排放量限值（t/a）", "许可年排放量限值"),
        _F("stricter_limit", "承诺更加严格排放浓度限值"),
        _F("special_conc_limit", "申请特殊排放浓度限值（mg/Nm3）", Kind.QUANTITY),
        _F("special_amount", "申请特殊时段许可排放量限值"),
        REMARKS,
    ),
    key=("outlet_code", "pollutant"),
)

AIR_TOTALS = Table(
    "air_totals",
    "大气排放总许可量",
    "air",
    (
        *SUBJECT,
        SEQUENCE,
        _F(
            "scope",
            "合计范围",
            allowed=("主要排放口合计", "一般排放口合计", "全厂有组织排放总计", "全厂无组织排放总计", "企业合计"),
            description="企业合计 = 企业大气排放总许可量表",
        ),
        POLLUTANT,
        *yearly_amounts("许可年排放量限值（t/a）", "申请年许可排放量限值（t/a）"),
        REMARKS,
    ),
    key=("scope", "pollutant"),
)

AIR_SPECIAL_LIMITS = Table(
    "air_special_limits",
    "特殊情况下大气污染物排放许可限值",
    "air",
    (
        *SUBJECT,
        _F("situation", "污染物类型", description="情形/分组，如 重污染天气应对要求/全厂合计"),
        POLLUTANT,
        _F("time_span", "许可排放时段"),
        _F("conc_limit", "许可排放浓度限值（mg/Nm³）", Kind.QUANTITY, empty=UNIT_ONLY),
        _F("daily_amount_kg", "许可日排放量限值（kg/d）", Kind.NUMBER, low=0),
        _F("monthly_amount_t", "许可月排放量限值（t/m）", Kind.NUMBER, low=0),
        REMARKS,
    ),
    key=("situation", "pollutant"),
)

FUGITIVE_LIMITS = Table(
    "fugitive_limits",
    "大气污染物无组织排放表",
    "air",
    (
        *SUBJECT,
        SEQUENCE,
        _F("place_code", "生产设施编号/无组织排放编号", description="设施编号，或 厂界、厂区内"),
        _F("link_name", "产污环节"),
        POLLUTANT,
        _F("measures", "主要污染防治措施"),
        _F("standards", "国家或地方污染物排放标准/名称", Kind.LIST),
        _F("conc_limit", "国家或地方污染物排放标准/浓度限值（mg/Nm3）", Kind.QUANTITY),
        REMARKS,
        *yearly_amounts("年许可排放量限值（t/a）"),
        _F("special_amount", "申请特殊时段许可排放量限值"),
    ),
    key=("place_code", "link_name", "pollutant"),
)

DISCLOSED_OUTLETS = Table(
    "disclosed_outlets",
    "公开平台排放口",
    "air",
    (
        _F("unit_code", "污染源编码", variants=("stWrybh", "stWryCode")),
        _F("unit_name", "企业名称", variants=("stQymc",)),
        _F("medium", "排放口类别", variants=("stPfkType",), allowed=("AIR", "WATER", "NOISE"), required=True),
        _F("outlet_code", "统一排放口编号", variants=("stUnitfyPfkbh",)),
        _F("own_code", "企业排放口编号", variants=("stPfkbh",)),
        _F("outlet_name", "排放口名称", variants=("stPfkmc",)),
        _F("destination", "排放去向", variants=("stPsqxlx",)),
        _F("standards", "执行标准名称", Kind.LIST, variants=("stZxbzmc",)),
        _F("permit_state", "许可证情况", variants=("stType",)),
        _F("old_permit_no", "原许可证编号", variants=("stYkzbh",)),
        _F("old_valid_to", "原许可证有效期", Kind.DATE, variants=("stYkzyxq",)),
        _F("receiver", "受纳污水处理厂", variants=("stPrwsclc",)),
        _F("record_id", "记录编号", variants=("stId",)),
    ),
    key=("outlet_code", "outlet_name", "record_id"),
    identify=("unit_code", "unit_name"),
    description="上海企业信息公开平台 2020 年的排放口与监测点（不是许可证的一部分）。",
)

DISCLOSED_LIMITS = Table(
    "disclosed_limits",
    "公开平台排放项目",
    "air",
    (
        _F("unit_code", "污染源编码", variants=("stWryCode",)),
        _F("medium", "排放口类别", variants=("stType",), allowed=("AIR", "WATER", "NOISE"), required=True),
        _F("outlet_code", "排放口编号", variants=("stSitecode",)),
        _F("outlet_name", "排放口名称", variants=("stSitename",)),
        _F("pollutant", "污染物", Kind.POLLUTANT, variants=("stProject",)),
        _F("limit_low", "限值下限", Kind.NUMBER, variants=("stPfxzMin",)),
        _F("limit_high", "限值上限", Kind.NUMBER, variants=("stPfxz",)),
        _F("limit_unit", "限值单位", variants=("jcxm_dw",)),
        _F("method", "监测方式", variants=("stJcff",)),
        _F("analysis_method", "分析方法", variants=("stFfFrom",)),
        _F("frequency", "监测频次", variants=("stJcpc",)),
        _F("source_note", "噪声源", variants=("stZsy",)),
        _F("record_id", "记录编号", variants=("stId",)),
    ),
    key=("outlet_code", "pollutant", "record_id"),
    identify=("unit_code",),
    checks=(
        RowCheck(
            "air_limit_in_water_unit",
            "废气项目的限值单位是 mg/L",
            "NOT (medium = 'AIR' AND limit_unit = 'mg/L')",
            ("medium", "limit_unit"),
        ),
        RowCheck(
            "limit_bounds_swapped",
            "限值下限大于上限",
            "limit_low <= limit_high",
            ("limit_low", "limit_high"),
        ),
    ),
    description="上海企业信息公开平台 2020 年各排放口的项目与限值（不是许可证的一部分）。",
)

TABLES = (
    AIR_LINKS,
    AIR_OUTLETS,
    AIR_STANDARDS,
    AIR_LIMITS,
    AIR_TOTALS,
    AIR_SPECIAL_LIMITS,
    FUGITIVE_LIMITS,
    DISCLOSED_OUTLETS,
    DISCLOSED_LIMITS,
)
