"""What a report has to be told about a run, as frozen facts.

The caller fills these from the warehouse; nothing here computes, reads or formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

#: Columns that ``RunFacts.rules`` must have: one row per rule of the catalogue that took part.
RULE_COLUMNS = (
    "rule_id",
    "title",
    "module",
    "severity",
    "outcome",
    "judged",
    "violations",
    "undecided",
    "reason",
    "advice",
    "basis",
    "is_mass",
)

#: Columns that ``RunFacts.subjects`` must have: one row per audited unit.
SUBJECT_COLUMNS = ("permit_no", "unit_name", "district", "industry_name", "management_class")


@dataclass(frozen=True)
class InputFile:
    """One table of one loaded file: what was read and what was refused."""

    name: str
    sha256: str
    size: int
    table: str
    rows_loaded: int
    rows_rejected: int


@dataclass(frozen=True)
class RunFacts:
    """One audit run as the reader of a ledger must know it to believe or to doubt it.

    ``notes`` are whole sentences: why a doubtful batch was accepted, which rules were overridden.
    """

    run_id: str
    as_of: date
    started: datetime
    periods: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    catalogue_version: str
    rules: pl.DataFrame
    subjects: pl.DataFrame
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, frame, needed in (
            ("rules", self.rules, RULE_COLUMNS),
            ("subjects", self.subjects, SUBJECT_COLUMNS),
        ):
            missing = [column for column in needed if column not in frame.columns]
            if missing:
                raise ValueError(f"RunFacts.{name} lacks the columns {', '.join(missing)}")
