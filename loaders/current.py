"""Which of all loaded rows are current: the schema ``cur`` that the rule engine reads.

A newer batch replaces, permit by permit and table by table, what an older batch said. What a
table can be believed to say of a permit that has no row in it is decided in :mod:`loaders.coverage`.

``cur`` holds copies, renewed after a load where something changed, so that a run reads plain
tables. In them ``subject`` is the number of the permit in ``subject_keys``, not its text: joins
over it are joins of integers. ``unit_key`` of ``cur.subjects`` is the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from loaders.coverage import build_places, build_states
from loaders.snapshot import Snapshot
from loaders.warehouse import transaction

#: The newest state, kept; and an earlier one, made for one run.
CURRENT, PAST = "cur", "past"


def refresh_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Bring ``cur`` up to date with what was loaded; says whether there was anything to do. Outside a transaction."""
    wanted = ",".join(
        str(number) for (number,) in connection.execute("SELECT batch_id FROM batches ORDER BY 1").fetchall()
    )
    if _built(connection) == wanted:
        return False
    with transaction(connection):
        build_current(connection)
        connection.execute("CREATE OR REPLACE TABLE cur.built AS SELECT ?::VARCHAR AS batches", [wanted])
    return True


@contextmanager
def state_of(connection: duckdb.DuckDBPyConnection, period: str | None) -> Iterator[str]:
    """The schema with the state at the end of ``period`` (default: everything loaded); an earlier one is dropped."""
    newer = period and connection.execute("SELECT 1 FROM batches WHERE period > ? LIMIT 1", [period]).fetchall()
    if not newer:
        refresh_current(connection)
        yield CURRENT
        return
    with transaction(connection):
        build_current(connection, period, PAST)
    try:
        yield PAST
    finally:
        connection.execute(f"DROP SCHEMA {PAST} CASCADE")


def _built(connection: duckdb.DuckDBPyConnection) -> str | None:
    known = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'cur' AND table_name = 'built'"
    ).fetchall()
    return str(connection.execute("SELECT batches FROM cur.built").fetchall()[0][0]) if known else None


def build_current(connection: duckdb.DuckDBPyConnection, period: str | None = None, schema: str = CURRENT) -> None:
    """(Re)build ``schema`` for the state at the end of ``period`` (default: everything loaded), in a transaction."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    scope = "SELECT batch_id FROM batches" + (" WHERE period <= ?" if period else "")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE scope AS {scope}", [period] if period else None)
    connection.execute(
        """
        INSERT INTO subject_keys
        SELECT (SELECT coalesce(max(subject_id), 0) FROM subject_keys) + row_number() OVER (ORDER BY subject), subject
        FROM (SELECT DISTINCT subject FROM presence) WHERE subject NOT IN (SELECT subject FROM subject_keys)
        """
    )
    build_places(connection)
    build_states(connection)
    Snapshot(connection, schema).build()
    for name in ("places", "states", "scope"):
        connection.execute(f"DROP TABLE temp.{name}")
