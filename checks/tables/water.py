"""Waste water and rain water: links, outlets, standards, permitted limits and amounts."""

from __future__ import annotations

from checks.tables.air import OUTLET_CLASSES, UNIT_ONLY, treatment, treatment_end
from checks.tables.common import (
    INDUSTRY_NAME,
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
from checks.tables.fields import Field, Kind, Table

_F = Field

DESTINATION = _F("destination", "排放去向", empty=("", "/", "-", "--", "—", "null"))
DISCHARGE_RULE = _F("discharge_rule", "排放规律")
TIME_SPAN = _F("time_span", "间歇式排放时段", variants=("间歇排放时段",))
WATER_OUTLET_CLASSES = (
    *OUTLET_CLASSES,
    *(
        f"{rank}-{place}"
        for rank in ("主要排放口", "一般排放口")
        for place in ("总排口", "设施或车间废水排放口", "设施或车间排放口", "其他排放口")
    ),
    "设施或车间排放口",
    "车间或生产设施排放口",
    "雨水排放口",
)

WATER_LINKS = Table(
    "water_links",
    "废水类别、污染物及污染治理设施信息表",
    "water",
    (
        *SUBJECT,
        SEQUENCE,
        INDUSTRY_NAME,
        _F("water_kind", "废水类别"),
        POLLUTANT,
        *treatment("污染防治设施", "污染治理设施"),
        _F(
            "design_flow_t_h",
            "污染防治设施/设计处理水量（t/h）",
            Kind.NUMBER,
            variants=("污染治理设施/设计处理水量（t/h）", "设计处理水量（t/h）"),
            low=0,
        ),
        *treatment_end("污染防治设施", "污染治理设施"),
        DESTINATION,
        _F(
            "discharge_mode",
            "排放方式",
            allowed=("直接排放", "间接排放", "无"),
            empty=("", "/", "-", "--", "—", "null"),
        ),
        DISCHARGE_RULE,
        OUTLET_CODE,
        OUTLET_NAME,
        _F("is_outlet_compliant", "排放口设置是否符合要求", Kind.FLAG),
        _F("outlet_class", "排放口类型", allowed=WATER_OUTLET_CLASSES),
        REMARKS,
    ),
    key=("water_kind", "pollutant", "outlet_code"),
)

_COORDINATES = (
    longitude("longitude_deg", "排放口地理坐标/经度", "经度"),
    latitude("latitude_deg", "排放口地理坐标/纬度", "纬度"),
)
_RECEIVING_WATER = (
    _F("receiving_water", "受纳自然水体信息/名称"),
    _F("water_function", "受纳自然水体信息/受纳水体功能目标", variants=("受纳水体功能目标", "功能目标")),
    longitude("inflow_longitude_deg", "汇入受纳自然水体处地理坐标/经度"),
    latitude("inflow_latitude_deg", "汇入受纳自然水体处地理坐标/纬度"),
)

WATER_DIRECT_OUTLETS = Table(
    "water_direct_outlets",
    "废水直接排放口基本情况表",
    "water",
    (
        *SUBJECT,
        SEQUENCE,
        OUTLET_CODE,
        OUTLET_NAME,
        *_COORDINATES,
        DESTINATION,
        DISCHARGE_RULE,
        TIME_SPAN,
        *_RECEIVING_WATER,
        REMARKS,
    ),
    key=("outlet_code",),
    unique=True,
)

WATER_INDIRECT_OUTLETS = Table(
    "water_indirect_outlets",
    "废水间接排放口基本情况表",
    "water",
    (
        *SUBJECT,
        SEQUENCE,
        OUTLET_CODE,
        OUTLET_NAME,
        *_COORDINATES,
        DESTINATION,
        DISCHARGE_RULE,
        TIME_SPAN,
        _F("plant_name", "受纳污水处理厂信息/名称"),
        _F(
            "pollutant",
            "受纳污水处理厂信息/污染物种类",
            Kind.POLLUTANT,
            variants=("污染物种类",),
        ),
        _F(
            "agreed_limit",
            "受纳污水处理厂信息/排水协议规定的浓度限值（mg/L）（如有）",
            Kind.QUANTITY,
        ),
        _F(
            "plant_limit",
            "受纳污水处理厂信息/国家或地方污染物排放标准浓度限值（mg/L）",
            Kind.QUANTITY,
            description="受纳污水厂自己的排放限值",
        ),
        REMARKS,
    ),
    key=("outlet_code", "pollutant"),
    description="每个排放口每种污染物一行。",
)

RIVER_OUTFALLS = Table(
    "river_outfalls",
    "入河排污口信息表",
    "water",
    (
        *SUBJECT,
        SEQUENCE,
        OUTLET_CODE,
        OUTLET_NAME,
        _F("outfall_name", "入河排污口/名称"),
        _F("outfall_code", "入河排污口/编号"),
        _F("approval_no", "入河排污口/批复文号"),
        REMARKS,
    ),
    key=("outlet_code",),
)

RAIN_OUTLETS = Table(
    "rain_outlets",
    "雨水排放口基本情况表",
    "water",
    WATER_DIRECT_OUTLETS.fields,
    key=("outlet_code",),
    unique=True,
)

WATER_STANDARDS = Table(
    "water_standards",
    "废水污染物排放执行标准信息表",
    "water",
    (
        *SUBJECT,
        SEQUENCE,
        OUTLET_CODE,
        OUTLET_NAME,
        POLLUTANT,
        _F("standards", "国家或地方污染物排放标准/名称", Kind.LIST),
        _F("conc_limit", "国家或地方污染物排放标准/浓度限值（mg/L）", Kind.QUANTITY, description="未注单位为 mg/L"),
        _F("agreed_limit", "排水协议规定的浓度限值（如有）", Kind.QUANTITY),
        _F("eia_requirement", "环境影响评价审批意见要求", variants=("环境影响评价批复要求",)),
        _F("stricter_limit", "承诺更加严格排放限值"),
        REMARKS,
    ),
    key=("outlet_code", "pollutant"),
)

WATER_LIMITS = Table(
    "water_limits",
    "废水污染物排放",
    "water",
    (
        *SUBJECT,
        SEQUENCE,
        _F("outlet_class", "排放口类型", allowed=WATER_OUTLET_CLASSES, description="取自表内分组行"),
        OUTLET_CODE,
        OUTLET_NAME,
        POLLUTANT,
        _F(
            "conc_limit",
            "许可排放浓度限值（mg/L）",
            Kind.QUANTITY,
            variants=("申请排放浓度限值", "许可排放浓度限值"),
            empty=UNIT_ONLY,
        ),
        *yearly_amounts("许可年排放量限值（t/a）", "申请年排放量限值（t/a）", "许可年排放量限值"),
        _F("stricter_limit", "承诺更加严格排放浓度限值"),
        _F("special_amount", "申请特殊时段排放量限值"),
    ),
    key=("outlet_code", "pollutant"),
)

WATER_TOTALS = Table(
    "water_totals",
    "废水排放总许可量",
    "water",
    (
        *SUBJECT,
        SEQUENCE,
        _F(
            "scope",
            "合计范围",
            allowed=(
                "主要排放口合计",
                "一般排放口合计",
                "设施或车间废水排放口合计",
                "全厂排放口总计",
            ),
        ),
        POLLUTANT,
        *yearly_amounts("许可年排放量限值（t/a）", "申请年排放量限值（t/a）"),
        REMARKS,
    ),
    key=("scope", "pollutant"),
)

TABLES = (
    WATER_LINKS,
    WATER_DIRECT_OUTLETS,
    WATER_INDIRECT_OUTLETS,
    RIVER_OUTFALLS,
    RAIN_OUTLETS,
    WATER_STANDARDS,
    WATER_LIMITS,
    WATER_TOTALS,
)
