"""Execution reports: the index of what was filed, and the tables of a report's body."""

from __future__ import annotations

from checks.tables.common import OUTLET_CODE, OUTLET_NAME, POLLUTANT, REMARKS, SEQUENCE, SUBJECT
from checks.tables.fields import Field, Kind, Table

_F = Field

REPORT_TITLE = _F("report_title", "报告名称", variants=("reportTitle", "报告标题"))
_PERIOD = (
    _F("report_type", "报告类型", variants=("reportType",)),
    _F(
        "report_period", "报告期", variants=("reportTime", "报告时段"), description="2024年06月、2024年第02季度、2024年"
    ),
)

EXECUTION_REPORTS = Table(
    "execution_reports",
    "执行报告目录",
    "reports",
    (
        _F("permit_no", "许可证编号", variants=("dischargePermitNumber", "许可证书编号")),
        _F("unit_name", "单位名称", variants=("companyName", "企业名称")),
        _F(
            "report_type",
            "报告类型",
            variants=("reportType",),
            allowed=("月报", "季报", "半年报", "年报"),
            required=True,
        ),
        REPORT_TITLE,
        _F("published_date", "公开日期", Kind.DATE, variants=("noticeDate", "提交日期", "提交时间")),
    ),
    key=("report_title",),
)

REPORT_EMISSIONS = Table(
    "report_emissions",
    "污染物实际排放量报表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        _F("medium", "介质", allowed=("废气", "废水")),
        _F("outlet_class", "排放口类型", variants=("portType",)),
        _F("outlet_code", "排放口编号", variants=("outletCode",)),
        _F("outlet_name", "排放口名称", variants=("outletName",)),
        _F("month", "月份", variants=("季度", "月份/季度")),
        _F("pollutant", "污染物种类", Kind.POLLUTANT, variants=("pollutantName",)),
        _F("pollutant_code", "污染物编码", variants=("pollutantCode",)),
        _F("permitted_t", "许可排放量（t）", Kind.NUMBER),
        _F("emitted_t", "实际排放量（t）", Kind.NUMBER, variants=("emitValue", "total", "合计")),
        _F("first_month_t", "第一个月（t）", Kind.NUMBER, variants=("firstMonth",)),
        _F("second_month_t", "第二个月（t）", Kind.NUMBER, variants=("secondMonth",)),
        _F("third_month_t", "第三个月（t）", Kind.NUMBER, variants=("thirdMonth",)),
        _F("exceedance", "是否超标及超标原因"),
        _F("remarks", "备注", variants=("remark",)),
    ),
    key=("report_period", "outlet_class", "outlet_code", "month", "pollutant"),
)

REPORT_CONCENTRATIONS = Table(
    "report_concentrations",
    "污染物排放浓度监测数据统计表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        OUTLET_CODE,
        POLLUTANT,
        _F("method", "监测设施"),
        _F(
            "valid_count",
            "有效监测数据（小时值）数量",
            Kind.INTEGER,
            variants=("有效监测数据（日均值）数量", "有效监测数据数量"),
            low=0,
        ),
        _F("permitted_conc", "许可排放浓度限值（mg/m3）", Kind.QUANTITY, variants=("许可排放浓度限值（mg/L）",)),
        _F("conc_min", "监测结果（折标，小时浓度，mg/m3）/最小值", Kind.NUMBER, variants=("最小值",)),
        _F("conc_max", "监测结果（折标，小时浓度，mg/m3）/最大值", Kind.NUMBER, variants=("最大值",)),
        _F("conc_mean", "监测结果（折标，小时浓度，mg/m3）/平均值", Kind.NUMBER, variants=("平均值",)),
        _F("exceedance_count", "超标数据数量", Kind.INTEGER, low=0),
        _F("exceedance_pct", "超标率（%）", Kind.NUMBER, low=0, high=100),
        REMARKS,
    ),
    key=("report_period", "outlet_code", "pollutant"),
)

REPORT_BASICS = Table(
    "report_basics",
    "年度执行报告排污单位基本信息表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        SEQUENCE,
        _F("content", "记录内容"),
        _F("item", "名称"),
        _F("amount", "数量或内容"),
        _F("measure_unit", "计量单位"),
        REMARKS,
    ),
    key=("report_period", "content", "item"),
)

REPORT_FACILITIES = Table(
    "report_facilities",
    "污染防治设施正常情况汇总表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        SEQUENCE,
        _F("source", "污染源"),
        _F("facility", "污染防治设施"),
        _F("item", "名称"),
        _F("amount", "数量"),
        _F("measure_unit", "单位"),
        REMARKS,
    ),
    key=("report_period", "facility", "item"),
)

REPORT_FAULTS = Table(
    "report_faults",
    "污染防治设施非正常情况汇总表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        _F("treatment_code", "污染防治设施编号"),
        _F("start_time", "时段/开始时间", variants=("开始时间",)),
        _F("end_time", "时段/结束时间", variants=("结束时间",)),
        _F("faulty_part", "故障设施"),
        _F("reason", "故障原因"),
        _F("concentrations", "各排放因子浓度（mg/m3或mg/L）"),
        _F("measures", "采取的应对措施"),
    ),
    key=("treatment_code", "start_time"),
)

REPORT_FUGITIVE = Table(
    "report_fugitive",
    "无组织废气污染物浓度监测数据统计表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        SEQUENCE,
        _F("place", "监测点位/设施"),
        _F("place_code", "无组织排放编号"),
        _F("sampled_time", "监测时间"),
        POLLUTANT,
        _F("permitted_conc", "许可排放浓度限值（mg/m3）", Kind.QUANTITY),
        _F("conc", "浓度监测结果（折标，小时浓度，mg/m3）", Kind.QUANTITY),
        _F("exceedance", "是否超标及超标原因"),
        REMARKS,
    ),
    key=("place", "sampled_time", "pollutant"),
)

REPORT_LEDGERS = Table(
    "report_ledgers",
    "台账管理情况表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        SEQUENCE,
        _F("content", "记录内容"),
        _F("is_complete", "是否完整", Kind.FLAG),
        _F("explanation", "说明"),
    ),
    key=("report_period", "content"),
)

REPORT_SPECIAL_EMISSIONS = Table(
    "report_special_emissions",
    "特殊时段废气污染物实际排放量报表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        _F("day", "日期", Kind.DATE),
        _F("gas_kind", "废气类型"),
        _F("outlet_code", "排放口编号/设施编号"),
        POLLUTANT,
        _F("permitted_kg", "许可日排放量（kg）", Kind.NUMBER),
        _F("emitted_kg", "实际日排放量（kg）", Kind.NUMBER),
        _F("exceedance", "是否超标及超标原因"),
        REMARKS,
    ),
    key=("day", "outlet_code", "pollutant"),
)

REPORT_EXCEEDANCES = Table(
    "report_exceedances",
    "废气污染物超标时段小时均值报表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        _F("day", "日期", Kind.DATE),
        _F("hour", "时间"),
        _F("facility_code", "生产设施编号"),
        OUTLET_CODE,
        OUTLET_NAME,
        _F("pollutant", "超标污染物种类", Kind.POLLUTANT),
        _F("conc", "实际排放浓度（折标，mg/m3）", Kind.QUANTITY, variants=("实际排放浓度（mg/L）",)),
        _F("reason", "超标原因说明"),
    ),
    key=("day", "hour", "outlet_code", "pollutant"),
)

REPORT_DISCLOSURE = Table(
    "report_disclosure",
    "信息公开情况报表",
    "reports",
    (
        *SUBJECT,
        *_PERIOD,
        SEQUENCE,
        _F("item", "分类"),
        _F("performance", "执行情况"),
        _F("is_compliant", "是否符合排污许可证要求", Kind.FLAG),
        REMARKS,
    ),
    key=("report_period", "item"),
)

TABLES = (
    EXECUTION_REPORTS,
    REPORT_EMISSIONS,
    REPORT_CONCENTRATIONS,
    REPORT_BASICS,
    REPORT_FACILITIES,
    REPORT_FAULTS,
    REPORT_FUGITIVE,
    REPORT_LEDGERS,
    REPORT_SPECIAL_EMISSIONS,
    REPORT_EXCEEDANCES,
    REPORT_DISCLOSURE,
)
