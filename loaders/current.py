"""Which of all loaded rows are current: the schema ``cur`` that the rule engine reads.

A newer batch replaces, permit by permit and table by table, what an older batch said. What a
table can be believed to say of a permit that has no row in it is decided in :mod:`loaders.coverage`.

``cur`` holds copies, renewed after a load where something changed, so that a run reads plain
tables. In them ``subject`` is the number of the permit in ``subject_keys``, not its text: joins
over it are joins of integers. ``unit_key`` of ``cur.subjects`` is the text.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb

from checks.tables import TABLES
from loaders.coverage import build_places, build_states
from loaders.snapshot import Snapshot
from loaders.warehouse import transaction

#: The newest state, kept; and an earlier one, made for one run.
CURRENT, PAST = "cur", "past"


def refresh_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Bring ``cur`` up to date with what was loaded; says whether there was anything to do. Outside a transaction."""
    if is_current(connection):
        return False
    with transaction(connection):
        build_current(connection)
        stamp = _stamp(_all_batches(connection))
        connection.execute("CREATE OR REPLACE TABLE cur.built AS SELECT ?::VARCHAR AS stamp", [stamp])
    return True


def is_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether ``cur`` is what this version would make of everything that was loaded."""
    return _built(connection) == _stamp(_all_batches(connection))


@contextmanager
def state_of(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[int] | None = None, only: str | None = None
) -> Iterator[str]:
    """The schema with the state that these batches made (default: all that were loaded).

    An earlier state is made for the caller and dropped afterwards. ``only`` (a SELECT of
    subjects of ``cur``) cuts it down to some permits.
    """
    if batches is None or (not only and list(batches) == _all_batches(connection)):
        refresh_current(connection)
        yield CURRENT
        return
    connection.execute(f"DROP SCHEMA IF EXISTS {PAST} CASCADE")  # of a run that was killed
    with transaction(connection):
        build_current(connection, PAST, batches, only)
    try:
        yield PAST
    finally:
        connection.execute(f"DROP SCHEMA {PAST} CASCADE")


@contextmanager
def searching_in(connection: duckdb.DuckDBPyConnection, schema: str) -> Iterator[None]:
    """Names without a schema mean the tables of this one, else the warehouse's own."""
    before = connection.execute("SELECT current_setting('search_path')").fetchall()[0][0]
    connection.execute(f"SET search_path = '{schema},main'")
    try:
        yield
    finally:
        connection.execute(f"SET search_path = '{before}'")


def batches_until(connection: duckdb.DuckDBPyConnection, period: str | None) -> list[int]:
    """The batches of this period and of those before it; without a period all."""
    if period is None:
        return _all_batches(connection)
    found = connection.execute("SELECT batch_id FROM batches WHERE period <= ? ORDER BY 1", [period]).fetchall()
    return [number for (number,) in found]


def fingerprints(schema: str) -> str:
    """SELECT of ``subject`` and ``fingerprint``: equal as long as nothing that is known of the permit changed.

    Batches never change, so that the batch which speaks for each table stands for its rows.
    """
    parts = [
        f"SELECT subject, concat_ws('|', 'state', table_name, family, batch_id) AS fact FROM {schema}.states",
        f"SELECT subject, concat_ws('|', 'covered', table_name) FROM {schema}.coverage",
        f"SELECT subject, concat_ws('|', 'behind', table_name, judged_table) FROM {schema}.behind",
        f"SELECT subject, concat_ws('|', 'unreadable', table_name, rid, column_name) FROM {schema}.unreadable",
        f"SELECT subject, CAST(s AS VARCHAR) FROM {schema}.subjects s",
    ]
    return (
        "SELECT subject, bit_xor(hash(fact)) + count(*) % 1000 AS fingerprint "
        f"FROM (SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})) WHERE subject IS NOT NULL GROUP BY subject"
    )


def _all_batches(connection: duckdb.DuckDBPyConnection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT batch_id FROM batches ORDER BY 1").fetchall()]


def _stamp(batches: Sequence[int]) -> str:
    """What ``cur`` was made from: the batches, and the columns of this version."""
    columns = repr({name: [*TABLES[name].columns] for name in TABLES})
    return f"{zlib.crc32(columns.encode()):08x}:{','.join(map(str, batches))}"


def _built(connection: duckdb.DuckDBPyConnection) -> str | None:
    known = connection.execute(
        "SELECT 1 FROM information_schema.columns WHERE table_schema = 'cur' AND table_name = 'built' "
        "AND column_name = 'stamp'"
    ).fetchall()
    return str(connection.execute("SELECT stamp FROM cur.built").fetchall()[0][0]) if known else None


def build_current(
    connection: duckdb.DuckDBPyConnection,
    schema: str = CURRENT,
    batches: Sequence[int] | None = None,
    only: str | None = None,
) -> None:
    """(Re)build ``schema`` for the state that these batches (default: all) made; call it in a transaction."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    connection.execute("CREATE OR REPLACE TEMP TABLE scope (batch_id INTEGER)")
    chosen = _all_batches(connection) if batches is None else list(batches)
    connection.execute("INSERT INTO temp.scope SELECT unnest(?::INTEGER[])", [chosen])
    connection.execute(
        """
        INSERT INTO subject_keys
        SELECT (SELECT coalesce(max(subject_id), 0) FROM subject_keys) + row_number() OVER (ORDER BY subject), subject
        FROM (SELECT DISTINCT subject FROM presence) WHERE subject NOT IN (SELECT subject FROM subject_keys)
        """
    )
    build_places(connection)
    build_states(connection)
    Snapshot(connection, schema).build(only)
    for name in ("places", "states", "scope"):
        connection.execute(f"DROP TABLE temp.{name}")
