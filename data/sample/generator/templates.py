"""Industries as data: reads ``industries/*.yaml`` and spells out each variant as rows of the permit's tables.

A *variant* is one industry with one number of repeated lines. Its rows are written out once, in
Python; :mod:`generator.tables` joins them to any number of permits. Columns that begin with ``_``
are numbers that a permit's own scale or place turns into text.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from generator.spell_air import add_air, add_fugitive, add_totals
from generator.spell_duties import add_duties, add_noise, add_waste
from generator.spell_production import add_production
from generator.spell_water import add_rain, add_water
from generator.variant import FOLDER, Row, Variant, read

QUOTAS = {
    "pm": ("air", "颗粒物"),
    "so2": ("air", "SO2"),
    "nox": ("air", "NOx"),
    "cod": ("water", "CODcr"),
    "nh3n": ("water", "氨氮"),
    "voc": ("air", "VOCs"),
}


@cache
def industries() -> tuple[dict[str, Any], ...]:
    """All industries, in a fixed order."""
    return tuple(item for path in sorted((FOLDER / "industries").glob("*.yaml")) for item in read(path))


def _variant(industry: dict[str, Any], size: int) -> Variant:
    v = Variant(industry, size)
    add_production(v)
    add_air(v)
    add_fugitive(v)
    add_water(v)
    add_rain(v)
    add_totals(v)
    add_waste(v)
    add_noise(v)
    add_duties(v)
    low, high = industry.get("scale", (1.0, 2.0))
    quota = {f"_quota_{name}": sum(v.amounts[key]) if key in v.amounts else None for name, key in QUOTAS.items()}
    v.facts |= {
        "industry_name": industry["industry"], "management_class": industry["class"], "_letter": industry["letter"],
        "_key": industry["id"], "_low": float(low), "_high": float(high), "has_quota": "是" if v.amounts else "否",
        "_weight": industry["weight"] / len(industry["sizes"]), "_soil": bool(industry.get("soil")), **quota,
    }  # fmt: skip
    return v


@cache
def variants() -> tuple[Variant, ...]:
    """Every industry in every size; the index is the variant's number."""
    return tuple(_variant(industry, size) for industry in industries() for size in industry["sizes"])


@cache
def rows() -> dict[str, pl.DataFrame]:
    """The rows of all variants by table, with the variant's number in ``variant``."""
    collected: dict[str, list[Row]] = {}
    for number, variant in enumerate(variants()):
        for table, lines in variant.rows.items():
            collected.setdefault(table, []).extend({"variant": number, **line} for line in lines)
    return {
        table: pl.DataFrame(lines, infer_schema_length=None).with_columns(pl.col("variant").cast(pl.UInt16))
        for table, lines in sorted(collected.items())
    }


@cache
def facts() -> pl.DataFrame:
    """What holds for a whole permit of each variant."""
    lines = [{"variant": number, **variant.facts} for number, variant in enumerate(variants())]
    return pl.DataFrame(lines, infer_schema_length=None).with_columns(pl.col("variant").cast(pl.UInt16))
