"""What runs left behind in the warehouse: their facts, the fate of every rule, and the findings.

Reading and the tables themselves; a run is made in :mod:`audit.run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from checks.errors import ExitCode, UserError

DDL = """
CREATE TABLE IF NOT EXISTS runs (
    run_id VARCHAR PRIMARY KEY, started TIMESTAMP, finished TIMESTAMP, as_of DATE, period VARCHAR,
    catalogue_version VARCHAR, modules VARCHAR[], rules VARCHAR[], districts VARCHAR[], notes VARCHAR[],
    subjects INTEGER, engine VARCHAR);
ALTER TABLE runs ADD COLUMN IF NOT EXISTS engine VARCHAR;
CREATE TABLE IF NOT EXISTS run_rules (
    run_id VARCHAR, rule_id VARCHAR, title VARCHAR, module VARCHAR, severity VARCHAR, table_name VARCHAR,
    version VARCHAR, outcome VARCHAR, judged BIGINT, violations BIGINT, undecided BIGINT, reason VARCHAR,
    seconds DOUBLE, is_mass BOOLEAN, advice VARCHAR, basis VARCHAR);
CREATE TABLE IF NOT EXISTS run_inputs (
    run_id VARCHAR, file_name VARCHAR, sha256 VARCHAR, size BIGINT, table_name VARCHAR,
    rows_loaded BIGINT, rows_rejected BIGINT);
CREATE TABLE IF NOT EXISTS run_subjects (
    run_id VARCHAR, subject VARCHAR, permit_no VARCHAR, unit_name VARCHAR, district VARCHAR,
    industry_name VARCHAR, management_class VARCHAR);
"""

#: Order in which findings are listed everywhere, so that equal inputs give equal files.
ORDER = "district NULLS LAST, permit_no NULLS LAST, rule_id, record, finding_id"

#: Columns of an exported finding, in this order.
EXPORT_COLUMNS = (
    "finding_id",
    "permit_no",
    "unit_name",
    "district",
    "industry_name",
    "management_class",
    "rule_id",
    "title",
    "module",
    "severity",
    "table_name",
    "record",
    "message",
    "evidence",
    "advice",
    "basis",
    "source_file",
    "source_sheet",
    "source_row",
)


@dataclass(frozen=True)
class Filter:
    """Which findings to show; empty means all."""

    districts: Sequence[str] = ()
    modules: Sequence[str] = ()
    rules: Sequence[str] = ()
    severities: Sequence[str] = ()
    permits: Sequence[str] = ()

    def where(self) -> tuple[str, list[object]]:
        """SQL conditions joined by AND, with their parameters."""
        columns = {
            "f.district": self.districts,
            "f.module": self.modules,
            "f.rule_id": self.rules,
            "f.severity": self.severities,
            "f.permit_no": self.permits,
        }
        parts = [f"{column} IN (SELECT unnest(?))" for column, values in columns.items() if values]
        return " AND ".join(parts) or "TRUE", [list(values) for values in columns.values() if values]


def latest_run(connection: duckdb.DuckDBPyConnection, run_id: str | None = None) -> str:
    """The run called ``run_id``, else the newest; UserError INPUT when there is none."""
    tables = connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'runs'").fetchall()
    runs = (
        [row[0] for row in connection.execute("SELECT run_id FROM runs ORDER BY started, run_id").fetchall()]
        if tables
        else []
    )
    if not runs:
        raise UserError("还没有审核过。请先运行 permit-audit run", ExitCode.INPUT)
    if run_id is None:
        return str(runs[-1])
    if run_id not in runs:
        raise UserError(f"没有编号为 {run_id} 的审核。最近几次：{'、'.join(runs[-5:])}", ExitCode.INPUT)
    return run_id


def read_findings(connection: duckdb.DuckDBPyConnection, run_id: str, wanted: Filter | None = None) -> pl.DataFrame:
    """Findings of a run in the order of :data:`ORDER`: ``subject`` and the columns of an export."""
    condition, values = (wanted or Filter()).where()
    return _frame(
        connection,
        f"""
        SELECT subject, {", ".join(EXPORT_COLUMNS)} FROM (
            SELECT f.*, r.title, r.advice, r.basis
            FROM findings f LEFT JOIN run_rules r USING (run_id, rule_id)
            WHERE f.run_id = ? AND {condition}
        ) ORDER BY {ORDER}
        """,
        [run_id, *values],
    )


def read_rules(connection: duckdb.DuckDBPyConnection, run_id: str) -> pl.DataFrame:
    """What the run says of every rule, in the order of rule ids."""
    return _frame(connection, "SELECT * EXCLUDE (run_id) FROM run_rules WHERE run_id = ? ORDER BY rule_id", [run_id])


def read_subjects(connection: duckdb.DuckDBPyConnection, run_id: str) -> pl.DataFrame:
    """Everybody whom the run audited: the denominators."""
    return _frame(
        connection,
        "SELECT permit_no, unit_name, district, industry_name, management_class FROM run_subjects"
        " WHERE run_id = ? ORDER BY district, permit_no, unit_name",
        [run_id],
    )


def _frame(connection: duckdb.DuckDBPyConnection, query: str, values: list[object]) -> pl.DataFrame:
    frame = pl.from_arrow(connection.sql(query, params=values).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  # a table is never a Series
    return frame
