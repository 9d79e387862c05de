"""The counts of a ledger, each with its denominator: by district, module, rule and unit.

Frames in, frames out. A district's counts are computed from its own rows only.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from checks.model import Outcome, Severity

SEVERITIES: tuple[str, ...] = tuple(severity.value for severity in Severity)


@dataclass(frozen=True)
class Counts:
    """Units audited, units with problems, problems and problems by severity."""

    audited: int
    with_problems: int
    problems: int
    by_severity: tuple[int, ...]

    @property
    def share(self) -> float | None:
        """Units with problems out of units audited; None when none was audited."""
        return self.with_problems / self.audited if self.audited else None


def count_all(rows: pl.DataFrame, subjects: pl.DataFrame) -> Counts:
    """The counts over some findings and the units that were audited."""
    severities = dict(rows.group_by("severity").len().iter_rows())
    return Counts(
        audited=subjects.height,
        with_problems=rows["subject"].n_unique(),
        problems=rows.height,
        by_severity=tuple(severities.get(name, 0) for name in SEVERITIES),
    )


def count_by(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """``column``, one count per severity, ``problems`` and ``units``; most problems first."""
    return (
        rows.group_by(column)
        .agg(
            *((pl.col("severity") == name).sum().cast(pl.Int64).alias(name) for name in SEVERITIES),
            pl.len().cast(pl.Int64).alias("problems"),
            pl.col("subject").n_unique().cast(pl.Int64).alias("units"),
        )
        .sort(["problems", column], descending=[True, False])
    )


def count_districts(rows: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """One line per district that was audited or has problems, with ``audited`` as denominator."""
    audited = subjects.group_by("district").agg(pl.len().cast(pl.Int64).alias("audited"))
    return (
        audited.join(count_by(rows, "district"), on="district", how="full", coalesce=True)
        .with_columns(pl.col("audited", "problems", "units", *SEVERITIES).fill_null(0))
        .sort("district")
    )


def count_units(rows: pl.DataFrame) -> pl.DataFrame:
    """One line per unit with problems: who it is, counts by severity, the modules concerned; gravest first."""
    who = ("permit_no", "unit_name", "district", "industry_name", "management_class")
    modules = pl.col("module").unique().sort().str.join("、")
    return (
        rows.group_by("subject")
        .agg(
            *(pl.col(column).sort().first() for column in who),
            *((pl.col("severity") == name).sum().cast(pl.Int64).alias(name) for name in SEVERITIES),
            pl.len().cast(pl.Int64).alias("problems"),
            modules.alias("modules"),
        )
        .sort(
            ["district", *SEVERITIES, "permit_no", "subject"],
            descending=[False, *(True for _ in SEVERITIES), False, False],
        )
    )


def city_rules(rules: pl.DataFrame) -> pl.DataFrame:
    """All rules that were judged, with ``share`` = violations / judged; those with most violations first."""
    judged = rules.filter(pl.col("outcome").is_in([Outcome.FAILED.value, Outcome.PASSED.value]))
    share = pl.when(pl.col("judged") > 0).then(pl.col("violations") / pl.col("judged"))
    return judged.with_columns(share=share).sort(["violations", "rule_id"], descending=[True, False])


def district_rules(rows: pl.DataFrame, audited: int, mass: pl.DataFrame) -> pl.DataFrame:
    """The rules that a district's own rows broke: ``problems``, ``units``, ``share`` of its audited units."""
    counts = rows.group_by("rule_id").agg(
        pl.col("module", "severity", "title", "advice").first(),
        pl.len().cast(pl.Int64).alias("problems"),
        pl.col("subject").n_unique().cast(pl.Int64).alias("units"),
    )
    share = pl.col("units") / audited if audited else pl.lit(None, dtype=pl.Float64)
    return counts.with_columns(share=share, is_mass=pl.col("rule_id").is_in(mass["rule_id"].implode())).sort(
        ["problems", "rule_id"], descending=[True, False]
    )


def mass_rules(rules: pl.DataFrame) -> pl.DataFrame:
    """Rules that hit so much of what they judged that the export may be at fault, not the units."""
    return rules.filter(pl.col("is_mass")).sort("rule_id")


def silent_rules(rules: pl.DataFrame) -> pl.DataFrame:
    """Rules that said nothing because they did not run or failed, with the reason."""
    return rules.filter(pl.col("outcome").is_in([Outcome.NOT_RUN.value, Outcome.ERROR.value])).sort("rule_id")
