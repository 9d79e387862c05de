"""The list of everything that must be found in a planted export, as the audit itself addresses it.

Records are written by the engine's own words over the loaded form of the changed rows, so that the
list can be compared with the findings of a run line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import duckdb
import polars as pl

from checks.engine.compile import record_of
from checks.tables import TABLES
from generator.book import Book
from generator.planting import Finding, Plant, Planter
from loaders.cast import cast

SHOWN = 40  # characters of a cell in the list
COLUMNS = ["period", "permit_no", "unit_name", "table", "record", "rule_id", "field", "old", "new", "note"]


def expected_findings(
    period: str, book: Book, tables: dict[str, pl.DataFrame], plants: Sequence[tuple[int, Planter, Plant]]
) -> pl.DataFrame:
    """One row per expected finding of one export."""
    records = _records(book, tables, [finding for _, _, plant in plants for finding in plant.findings])
    rows = []
    for pid, planter, plant in plants:
        source = "registrations" if planter.table == "registrations" else "permit_records"
        for number, finding in enumerate(plant.findings):
            permit_no, name = _who(book, source, pid if finding.pid is None else finding.pid)
            note = "" if number == 0 else f"随 {planter.rule} 一并出现"
            rows.append((period, finding.permit_no or permit_no, name, finding.table, _record(finding, records),
                         finding.rule, _heading(planter.table, plant.field), _short(plant.old), _short(plant.new),
                         note))  # fmt: skip
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _who(book: Book, table: str, pid: int) -> tuple[str, str]:
    row = book.rows(table, pid)[0]
    return book.get(table, row, "permit_no") or "", book.get(table, row, "unit_name") or ""


def _heading(table: str, name: str) -> str:
    known = TABLES[table].by_name.get(name)
    return known.heading if known else name


def _short(text: str | None) -> str | None:
    """A cell as the list shows it: long texts are cut."""
    return text if text is None or len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _record(finding: Finding, records: dict[tuple[str, int], str]) -> str:
    record = "" if finding.row is None else records[finding.table, finding.row]
    if not finding.field:
        return record
    heading = f"列={_heading(finding.table, finding.field)}"
    return f"{record}；{heading}" if record else heading


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _records(book: Book, tables: dict[str, pl.DataFrame], findings: list[Finding]) -> dict[tuple[str, int], str]:
    """The record of every row that a finding is about."""
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        if finding.row is not None:
            wanted.setdefault(finding.table, set()).add(finding.row)
    found: dict[tuple[str, int], str] = {}
    for table, rows in sorted(wanted.items()):
        order = book.order(table)
        places = [place for place, row in enumerate(order) if row in rows]
        if len(places) < len(rows):
            rules = {finding.rule for finding in findings if finding.table == table and finding.row not in order}
            raise ValueError(f"a row of {table} that must be found was dropped by another plant: {sorted(rules)}")
        texts = _texts(table, tables[table][places])
        found |= {(table, order[place]): text for place, text in zip(places, texts, strict=True)}
    return found


def _texts(table: str, frame: pl.DataFrame) -> list[str]:
    known = TABLES[table]
    if not known.key:
        return [""] * len(frame)
    raw = frame.select(name for name in frame.columns if name in known.by_name).with_row_index("source_row", 1)
    typed = cast(known, raw.with_columns(pl.col("source_row").cast(pl.Int32))).frame
    connection = _connection()
    connection.register(table, typed.to_arrow())
    found = connection.execute(f"SELECT {record_of(table)} FROM {table} ORDER BY source_row").fetchall()
    connection.unregister(table)
    return [record or "" for (record,) in found]
