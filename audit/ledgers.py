"""From a run in the warehouse to the facts that a report needs, and on to ledgers and exports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from audit import history
from audit.load import warehouse_of
from audit.workspace import Workspace
from checks.references import computed_labels
from checks.tables import TABLES
from reports.facts import InputFile, RunFacts
from reports.ledger import Ledger, write_ledgers


def headings() -> dict[str, str]:
    """Chinese names of what evidence may show: ``table.column``, and the columns that rules compute."""
    stored = {
        f"{table.name}.{column.name}": column.label for table in TABLES.values() for column in table.columns.values()
    }
    return stored | computed_labels()


def read_facts(connection: duckdb.DuckDBPyConnection, run_id: str) -> RunFacts:
    """What the ledger of a run must say of it."""
    started, as_of, period, version, notes = connection.execute(
        "SELECT started, as_of, period, catalogue_version, notes FROM runs WHERE run_id = ?", [run_id]
    ).fetchall()[0]
    inputs = connection.execute(
        "SELECT file_name, sha256, size, table_name, rows_loaded, rows_rejected FROM run_inputs WHERE run_id = ?"
        " ORDER BY file_name, table_name",
        [run_id],
    ).fetchall()
    return RunFacts(
        run_id=run_id,
        as_of=as_of,
        started=started,
        periods=(period,) if period else tuple(_periods(connection)),
        inputs=tuple(
            InputFile(name, sha256, size, TABLES[table].title, loaded, rejected)
            for name, sha256, size, table, loaded, rejected in inputs
        ),
        catalogue_version=version,
        rules=history.read_rules(connection, run_id),
        subjects=history.read_subjects(connection, run_id),
        notes=tuple(notes),
    )


def _periods(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT DISTINCT period FROM batches ORDER BY 1").fetchall()]


def write_run_ledgers(
    workspace: Workspace,
    run_id: str | None = None,
    folder: Path | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Ledger]:
    """Write the ledgers of a run (default: the newest) into ``folder`` (default: the workspace's)."""
    with warehouse_of(workspace).reader() as connection:
        run_id = history.latest_run(connection, run_id)
        findings = history.read_findings(connection, run_id)
        facts = read_facts(connection, run_id)
    return write_ledgers(findings, facts, folder or workspace.ledgers / run_id, headings=headings(), progress=progress)
