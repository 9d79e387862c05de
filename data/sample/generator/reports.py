"""Execution reports: the index of what was filed, and two tables of their bodies.

All amounts follow from the permitted ones, so a clean report is never above its permit.
"""

from __future__ import annotations

import polars as pl

NONE = "/"
ANNUAL, QUARTER = "2025年", "2026年第02季度"
#: Kind, title, last day of the period, days held from which a report is filed, first day of filing after the period.
_FILED = (
    ("年报", "2025年年报表", pl.date(2025, 12, 31), 88, 5),
    ("季报", "2026年第01季度季报表", pl.date(2026, 3, 31), 28, 2),
    ("季报", "2026年第02季度季报表", pl.date(2026, 6, 30), 28, 2),
    ("季报", "2026年第03季度季报表", pl.date(2026, 9, 30), 28, 2),
)


def index(permits: pl.DataFrame) -> pl.DataFrame:
    """What was filed: 2025 and the quarters of 2026 that were due, all in time."""
    since, spread = pl.col("_held_since"), pl.col("pid") * 53 % 11
    parts = []
    for kind, title, last, due_days, first in _FILED:
        is_due = (last - since).dt.total_days() >= due_days
        if kind == "季报":
            is_due &= pl.col("management_class") == "重点管理"
        filed = last + pl.duration(days=spread + first)
        parts.append(permits.filter(is_due).select(
            "pid", "unit_name", "permit_no", pl.lit(kind).alias("report_type"), pl.lit(title).alias("report_title"),
            filed.dt.to_string("%Y-%m-%d").alias("published_date")))  # fmt: skip
    return pl.concat(parts).sort("pid", maintain_order=True)


def _text(value: pl.Expr, digits: int = 3) -> pl.Expr:
    return value.round(digits).cast(pl.String).str.strip_suffix(".0")


def _limits(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Outlets and pollutants with a permitted amount, air and water."""
    columns = ("pid", "permit_no", "unit_name", "outlet_class", "outlet_code", "pollutant", "conc_limit")
    parts = [
        tables[name]
        .filter(pl.col("amount_y1_t") != NONE)
        .select(*columns, pl.col("amount_y1_t").cast(pl.Float64).alias("_t"), pl.lit(medium).alias("medium"))
        for name, medium in (("air_limits", "废气"), ("water_limits", "废水"))
    ]
    return pl.concat(parts).sort("pid", maintain_order=True)


def emissions(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Actual amounts of the year and of one quarter, for every report in the index."""
    share = 0.35 + 0.5 * (pl.col("pid") * 29 % 97) / 97
    parts = []
    for kind, title, period, months in (
        ("年报", "2025年年报表", ANNUAL, 12),
        ("季报", "2026年第02季度季报表", QUARTER, 3),
    ):
        filed = tables["execution_reports"].filter(pl.col("report_title") == title).select("pid")
        month = (pl.col("_t") * share / 12).round(3)
        amount = (pl.col("_t") * share).round(3) if months == 12 else month * 3
        each = _text(month) if months == 3 else pl.lit(NONE)
        parts.append(_limits(tables).join(filed, on="pid", how="semi", maintain_order="left").select(
            "pid", "permit_no", "unit_name", pl.lit(kind).alias("report_type"), pl.lit(period).alias("report_period"),
            "medium", "outlet_class", "outlet_code", "pollutant", _text(pl.col("_t")).alias("permitted_t"),
            _text(amount).alias("emitted_t"), each.alias("first_month_t"), each.alias("second_month_t"),
            each.alias("third_month_t"), pl.lit("否").alias("exceedance"), pl.lit(NONE).alias("remarks")))  # fmt: skip
    return pl.concat(parts).sort("pid", maintain_order=True)


def concentrations(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Concentrations of the year at the outlets with a permitted amount."""
    filed = tables["execution_reports"].filter(pl.col("report_title") == "2025年年报表").select("pid")
    limit = pl.col("conc_limit").str.extract(r"^([0-9.]+)").cast(pl.Float64)
    return _limits(tables).join(filed, on="pid", how="semi", maintain_order="left").select(
        "pid", "permit_no", "unit_name", pl.lit("年报").alias("report_type"), pl.lit(ANNUAL).alias("report_period"),
        "outlet_code", "pollutant", pl.lit("手工").alias("method"), pl.lit("12").alias("valid_count"),
        pl.col("conc_limit").alias("permitted_conc"), _text(limit * 0.25, 2).alias("conc_min"),
        _text(limit * 0.8, 2).alias("conc_max"), _text(limit * 0.5, 2).alias("conc_mean"),
        pl.lit("0").alias("exceedance_count"), pl.lit("0").alias("exceedance_pct"),
        pl.lit(NONE).alias("remarks"))  # fmt: skip
