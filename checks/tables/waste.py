"""Industrial solid waste: kinds and codes, own facilities, amounts of the form before 2022."""

from __future__ import annotations

from checks.tables.common import INDUSTRY_NAME, REMARKS, SEQUENCE, SUBJECT, latitude, longitude
from checks.tables.fields import Field, Kind, Table

_F = Field

WASTE_KINDS = ("一般工业固体废物", "危险废物")
DISPOSALS = ("自行贮存", "自行利用", "自行处置", "委托贮存", "委托利用", "委托处置")

SOLID_WASTES = Table(
    "solid_wastes",
    "工业固体废物基础信息表",
    "waste",
    (
        *SUBJECT,
        SEQUENCE,
        INDUSTRY_NAME,
        _F("waste_kind", "固体废物类别", allowed=WASTE_KINDS),
        _F("waste_name", "固体废物名称"),
        _F("waste_code", "代码"),
        _F("waste_class", "类别", description="第Ⅰ类/第Ⅱ类，或 HWxx"),
        _F("hazards", "危险特性", Kind.LIST),
        _F("physical_state", "物理性状"),
        _F("origin", "产生环节"),
        _F("disposals", "去向", Kind.LIST),
        REMARKS,
    ),
    key=("waste_name", "waste_code", "origin"),
)

_GROUP = "自行贮存/利用/处置固体废物基本信息"

WASTE_FACILITIES = Table(
    "waste_facilities",
    "工业固体废物自行贮存、利用、处置设施信息表",
    "waste",
    (
        *SUBJECT,
        _F("facility_waste_kind", "固体废物类别", allowed=WASTE_KINDS),
        _F("facility_name", "设施名称"),
        _F("facility_code", "设施编号"),
        _F("facility_type", "设施类型"),
        longitude("longitude_deg", "位置/经度"),
        latitude("latitude_deg", "位置/纬度"),
        _F("capacity", "自行贮存/利用/处置能力", Kind.NUMBER),
        _F("capacity_unit", "单位"),
        _F("area_m2", "面积（贮存，m2）", Kind.NUMBER),
        _F("is_standard_met", "是否符合相关标准要求（贮存）", Kind.FLAG),
        _F("own_method", "自行利用/处置方式"),
        _F("waste_kind", f"{_GROUP}/固体废物类别"),
        _F("waste_name", f"{_GROUP}/固体废物名称"),
        _F("waste_code", f"{_GROUP}/代码"),
        _F("hazards", f"{_GROUP}/危险特性", Kind.LIST),
        _F("physical_state", f"{_GROUP}/物理性状"),
        _F("origin", f"{_GROUP}/产生环节"),
        _F("disposals", f"{_GROUP}/去向", Kind.LIST),
        _F("waste_remarks", f"{_GROUP}/备注"),
        _F("control_requirements", "污染防控技术要求"),
    ),
    key=("facility_code", "waste_name", "waste_code"),
    description="每个设施每种固体废物一行。",
)

SOLID_WASTE_AMOUNTS = Table(
    "solid_waste_amounts",
    "固体废物排放信息",
    "waste",
    (
        *SUBJECT,
        INDUSTRY_NAME,
        _F("origin", "固体废物来源"),
        _F("waste_name", "固体废物名称"),
        _F("waste_type", "固体废物种类"),
        _F("waste_kind", "固体废物类别"),
        _F("waste_description", "固体废物描述"),
        _F("generated_t", "固体废物产生量（t/a）", Kind.NUMBER, variants=("固体废物生产量（t/a）",), low=0),
        _F("treatment", "固体废物处理方式"),
        _F("used_t", "固体废物综合利用处理量（t/a）", Kind.NUMBER, low=0),
        _F("disposed_t", "固体废物处置量（t/a）", Kind.NUMBER, low=0),
        _F("stored_t", "固体废物贮存量（t/a）", Kind.NUMBER, low=0),
        _F("discharged_t", "固体废物排放量（t/a）", Kind.NUMBER, low=0),
        REMARKS,
    ),
    key=("waste_name", "origin"),
    description="2021 年以前许可证的固体废物表。",
)

TABLES = (SOLID_WASTES, WASTE_FACILITIES, SOLID_WASTE_AMOUNTS)
