"""Reference tables and shared relations, made in the connection for one run and taken away after it.

A relation that several rules read is computed once, one that a single rule reads stays a view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from checks.catalogue import Catalogue
from checks.engine.compile import quoted, with_values
from checks.references import REFERENCE_PREFIX, reference_columns, reference_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Stage:
    """Temporary tables and views of one run; ``close`` removes them."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self.connection = connection
        self._made: list[tuple[str, str]] = []

    def table(self, name: str, sql: str) -> int:
        """Make a temporary table from a query; gives the number of its rows."""
        made = self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}").fetchall()
        self._made.append(("TABLE", name))
        return int(made[0][0])

    def view(self, name: str, sql: str) -> None:
        """Make a temporary view."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
        self._made.append(("VIEW", name))

    def has(self, name: str) -> bool:
        """Whether this stage made it."""
        return any(made == name for _, made in self._made)

    def drop(self, name: str) -> None:
        """Remove one table before the end."""
        self.connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
        self._made = [entry for entry in self._made if entry[1] != name]

    def close(self) -> None:
        """Remove everything that was made, the last first."""
        for kind, name in reversed(self._made):
            self.connection.execute(f"DROP {kind} IF EXISTS temp.{name}")
        self._made.clear()


def stage_references(stage: Stage, names: Iterable[str]) -> None:
    """Make ``ref_NAME`` of each named reference table."""
    for name in sorted(set(names)):
        if stage.has(REFERENCE_PREFIX + name):
            continue
        columns = reference_columns(name) or ()
        rows = reference_rows(name)
        picks = ", ".join(f"unnest(?::VARCHAR[]) AS {quoted(column)}" for column in columns)
        stage.table(
            REFERENCE_PREFIX + name, f"SELECT {', '.join(f'NULL::VARCHAR AS {quoted(c)}' for c in columns)} LIMIT 0"
        )
        values = [[row[index] for row in rows] for index in range(len(columns))]
        stage.connection.execute(f"INSERT INTO temp.{REFERENCE_PREFIX}{name} SELECT {picks}", values)


def stage_relations(stage: Stage, catalogue: Catalogue, reads: Sequence[Sequence[str]], as_of: date) -> dict[str, str]:
    """Make the shared relations; ``reads`` are the names that each rule reads. Gives the fault of each that failed."""
    readers = Counter(name for names in reads for name in names)
    faults: dict[str, str] = {}
    for name in dict.fromkeys(name for names in reads for name in names):
        relation = catalogue.relations[name]
        broken = next((faults[inner] for inner in relation.inner if inner in faults), None)
        if broken is not None:
            faults[name] = broken
            continue
        make = stage.table if readers[name] > 1 else stage.view
        try:
            make(name, with_values(relation.sql, {"as_of": as_of}))
        except stage_errors() as error:
            faults[name] = f"共用关系 {name}：{first_line(error)}"
    return faults


def stage_errors() -> tuple[type[Exception], ...]:
    """What a faulty rule raises in DuckDB. A full disk, an interrupt or an engine fault is none of these."""
    import duckdb

    return (
        duckdb.DataError,
        duckdb.NotSupportedError,
        duckdb.OutOfMemoryException,
        duckdb.ProgrammingError,
        duckdb.SequenceException,
    )


def first_line(error: Exception) -> str:
    """The first line of a database error, short."""
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
