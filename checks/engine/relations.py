"""Reference tables and shared relations, made for one run and taken away after it.

They stand in a database of their own in memory (:data:`STAGE`), which every connection of the
run sees and which spills like everything else. A relation that several scans read is computed
once, one that a single scan reads stays a view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING

from checks.catalogue import Catalogue
from checks.engine.compile import quoted, with_values
from checks.engine.plan import Profile, StagedRelation
from checks.references import REFERENCE_PREFIX, reference_columns, reference_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: The database in memory that holds what a run makes for itself.
STAGE = "engine_stage"
#: A warehouse that is only read takes it too, if told that it is for writing.
ATTACH_STAGE = f"ATTACH IF NOT EXISTS ':memory:' AS {STAGE} (READ_WRITE)"


@contextmanager
def searching(connection: DuckDBPyConnection) -> Iterator[str]:
    """Rule SQL finds what was staged after the warehouse's tables; gives the search path for further connections."""
    connection.execute(ATTACH_STAGE)
    before = connection.execute("SELECT current_setting('search_path')").fetchall()[0][0]
    path = f"{before or 'main'},{STAGE}.main"
    connection.execute(f"SET search_path = '{path}'")
    try:
        yield path
    finally:
        connection.execute(f"SET search_path = '{before}'")


class Stage:
    """Tables and views of one run in :data:`STAGE`; ``close`` removes them."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self.connection = connection
        connection.execute(ATTACH_STAGE)
        self._made: dict[str, str] = {}

    def table(self, name: str, sql: str, connection: DuckDBPyConnection | None = None) -> int:
        """Make a table from a query; gives the number of its rows."""
        made = (connection or self.connection).execute(f"CREATE OR REPLACE TABLE {STAGE}.main.{name} AS {sql}")
        self._made[name] = "TABLE"
        return int(made.fetchall()[0][0])

    def view(self, name: str, sql: str) -> None:
        """Make a view."""
        self.connection.execute(f"CREATE OR REPLACE VIEW {STAGE}.main.{name} AS {sql}")
        self._made[name] = "VIEW"

    def has(self, name: str) -> bool:
        """Whether this stage made it."""
        return name in self._made

    def drop(self, name: str, connection: DuckDBPyConnection | None = None) -> None:
        """Remove one table before the end."""
        if self._made.pop(name, None):
            (connection or self.connection).execute(f"DROP TABLE IF EXISTS {STAGE}.main.{name}")

    def close(self) -> None:
        """Remove everything that was made, the last first."""
        for name, kind in reversed(list(self._made.items())):
            self.connection.execute(f"DROP {kind} IF EXISTS {STAGE}.main.{name}")
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
        stage.connection.execute(f"INSERT INTO {STAGE}.main.{REFERENCE_PREFIX}{name} SELECT {picks}", values)


def stage_relations(
    stage: Stage, catalogue: Catalogue, reads: Sequence[Sequence[str]], as_of: date, profile: Profile
) -> dict[str, str]:
    """Make the shared relations; ``reads`` are the names that each reader reads. Gives the faults by name."""
    readers = Counter(name for names in reads for name in names)
    faults: dict[str, str] = {}
    for name in dict.fromkeys(name for names in reads for name in names):
        relation = catalogue.relations[name]
        broken = next((faults[inner] for inner in relation.inner if inner in faults), None)
        if broken is not None:
            faults[name] = broken
            continue
        sql = with_values(relation.sql, {"as_of": as_of})
        start = perf_counter()
        rows: int | None = None
        try:
            if readers[name] > 1:
                rows = stage.table(name, sql)
            else:
                stage.view(name, sql)
        except stage_errors() as error:
            faults[name] = f"共用关系 {name}：{first_line(error)}"
        profile.relations.append(StagedRelation(name, readers[name], rows, perf_counter() - start))
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
