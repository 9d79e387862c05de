"""What a unit makes and with what: products, facilities, materials, fuels."""

from __future__ import annotations

from checks.tables.common import INDUSTRY_NAME, IS_SECRET, MEASURE_UNIT, REMARKS, SEQUENCE, SUBJECT
from checks.tables.fields import Field, Kind, Table

_F = Field

PRODUCTS = Table(
    "products",
    "主要产品及产能信息表",
    "products",
    (
        *SUBJECT,
        SEQUENCE,
        INDUSTRY_NAME,
        _F("line_name", "生产线名称"),
        _F("line_code", "生产线编号"),
        _F("product_name", "产品名称"),
        MEASURE_UNIT,
        _F("capacity", "生产能力", Kind.NUMBER, variants=("产品设计产能",), low=0),
        _F("annual_hours", "设计年生产时间（h）", Kind.NUMBER, variants=("设计年运行时间（h）",)),
        IS_SECRET,
        _F("remarks", "其他产品信息", variants=("其他信息",)),
    ),
    key=("line_code", "product_name"),
)

FACILITIES = Table(
    "facilities",
    "主要产品及产能信息补充表",
    "products",
    (
        *SUBJECT,
        SEQUENCE,
        INDUSTRY_NAME,
        _F("line_name", "生产线名称"),
        _F("line_code", "生产线编号"),
        _F("production_unit", "主要生产单元名称"),
        _F("process_name", "主要工艺名称"),
        _F("facility_name", "生产设施名称"),
        _F("facility_code", "生产设施编号"),
        _F("parameter_name", "设施参数/参数名称", variants=("参数名称",)),
        _F("parameter_unit", "设施参数/计量单位"),
        _F("parameter_value", "设施参数/设计值", variants=("设计值",)),
        _F("parameter_remarks", "设施参数/其他设施参数信息", variants=("其他设施参数信息",)),
        _F("product_name", "产品名称"),
        _F("capacity", "生产能力", Kind.NUMBER, variants=("产品设计产能",)),
        MEASURE_UNIT,
        _F("annual_hours", "设计年生产时间（h）", Kind.NUMBER, variants=("设计年运行时间（h）",)),
        IS_SECRET,
        _F("facility_remarks", "其他设施信息"),
        _F("product_remarks", "其他产品信息"),
        _F("process_remarks", "其他工艺信息"),
    ),
    key=("facility_code", "facility_name", "parameter_name"),
)

MATERIALS = Table(
    "materials",
    "主要原辅材料及燃料信息表（原料及辅料）",
    "products",
    (
        *SUBJECT,
        SEQUENCE,
        INDUSTRY_NAME,
        _F("material_kind", "种类", variants=("种类（原料或辅料）",), allowed=("原料", "辅料")),
        _F("material_name", "名称"),
        _F("annual_use", "年最大使用量", Kind.NUMBER, variants=("设计年使用量",), low=0),
        MEASURE_UNIT,
        _F(
            "toxic_component",
            "有毒有害成分名称",
            variants=("硫元素占比/有毒有害成分",),
            empty=("", "/", "-", "--", "—", "null"),
        ),
        _F(
            "toxic_share",
            "有毒有害成分占比",
            variants=("有毒有害物质及占比",),
            empty=("", "/", "-", "--", "—", "null"),
        ),
        IS_SECRET,
        REMARKS,
    ),
    key=("material_name", "sequence"),
)

FUELS = Table(
    "fuels",
    "主要原辅材料及燃料信息表（燃料）",
    "products",
    (
        *SUBJECT,
        SEQUENCE,
        INDUSTRY_NAME,
        _F("fuel_name", "燃料名称"),
        _F("annual_use", "设计年使用量", Kind.NUMBER, variants=("年最大使用量",), low=0),
        MEASURE_UNIT,
        _F("moisture_pct", "含水率（%）", Kind.NUMBER, low=0, high=100),
        _F("ash_pct", "灰分（%）", Kind.NUMBER, low=0, high=100),
        _F("sulphur", "硫分（%）", Kind.NUMBER, variants=("含硫量（%，mg/m3）",), low=0),
        _F("volatile_pct", "挥发分（%）", Kind.NUMBER, low=0, high=100),
        _F(
            "heat_value",
            "热值（MJ/kg、MJ/m3）",
            Kind.NUMBER,
            low=0,
            description="固体、液体燃料 MJ/kg，气体燃料 MJ/m3",
        ),
        _F("annual_use_10k", "年最大使用量（万t/a、万m3/a）", Kind.NUMBER, low=0),
        REMARKS,
    ),
    key=("fuel_name", "sequence"),
)

TABLES = (PRODUCTS, FACILITIES, MATERIALS, FUELS)
