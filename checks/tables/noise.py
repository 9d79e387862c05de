"""Industrial noise: what makes it, what dampens it, and the limits at the boundary."""

from __future__ import annotations

from checks.tables.common import REMARKS, SUBJECT
from checks.tables.fields import Field, Kind, Table

_F = Field

NOISE_SOURCES = Table(
    "noise_sources",
    "工业噪声排放信息",
    "noise",
    (
        *SUBJECT,
        _F("unit_code", "产噪单元编号"),
        _F("unit_title", "产噪单元名称"),
        _F("sources", "主要产噪设施名称及数量"),
        _F("measures", "主要噪声污染防治设施名称及数量"),
        REMARKS,
    ),
    key=("unit_code", "unit_title"),
)


def _level(name: str, heading: str, *variants: str) -> Field:
    return _F(name, f"厂界噪声排放限值/{heading}", Kind.NUMBER, variants, low=20, high=120)


NOISE_LIMITS = Table(
    "noise_limits",
    "工业噪声许可排放限值",
    "noise",
    (
        *SUBJECT,
        _F(
            "zone_class",
            "厂界外声环境功能区类别",
            allowed=("0类", "1类", "2类", "3类", "4类", "4a类", "4b类"),
        ),
        _F("noise_kind", "噪声类别"),
        _F("day_span", "生产时段/昼间"),
        _F("night_span", "生产时段/夜间"),
        _F("standards", "执行排放标准名称及编号", Kind.LIST, variants=("执行排放标准名称",)),
        _level("day_limit_db", "昼间等效声级", "厂界噪声排放限值/昼间，dB（A）", "厂界噪声排放限制/昼间，dB（A）"),
        _level("night_limit_db", "夜间等效声级", "厂界噪声排放限值/夜间，dB（A）", "厂界噪声排放限制/夜间，dB（A）"),
        _level("night_frequent_limit_db", "夜间频发噪声最大声级"),
        _level("night_occasional_limit_db", "夜间偶发噪声最大声级"),
        REMARKS,
    ),
    key=("zone_class", "noise_kind"),
)

TABLES = (NOISE_SOURCES, NOISE_LIMITS)
