"""Which of all loaded rows are current, and the schema ``cur`` that the rule engine reads.

A newer batch replaces, permit by permit and table by table, what an older batch said. A permit
counts as covered by a table when it has rows in it, or when its whole permit was exported in a
batch that held that table (then an absent row is an omission, not an unknown).
"""

from __future__ import annotations

import duckdb

from checks.tables import TABLES
from loaders.warehouse import STORED_TABLES

#: A permit found in at least this many detail tables of a batch was exported whole.
WHOLE_PERMIT_TABLES = 3

#: Parts of the permit itself; the other tables come from lists, reports and disclosure sites.
_DETAIL_PARTS = {"products", "air", "water", "noise", "waste", "monitoring"}
_NOT_DETAIL = {"disclosed_outlets", "disclosed_limits", "manual_monitoring"}
DETAIL_TABLES = tuple(name for name, table in TABLES.items() if table.part in _DETAIL_PARTS and name not in _NOT_DETAIL)
#: Tables that a whole export holds for every permit it holds: an absent row means something.
COMPLETE_TABLES = (*DETAIL_TABLES, "permit_versions", "execution_reports")
LIST_TABLES = tuple(name for name, table in TABLES.items() if table.is_list)
#: Where a unit that is not in the table is known to be in none: lists, and the register of an area.
AREA_TABLES = (*LIST_TABLES, "registrations")

_DISTRICT = r"^(?:[一-龥]{2,8}?(?:省|自治区))?(?:[一-龥]{2,10}?(?:市|州|盟|地区))?([一-龥]{1,8}?(?:区|县|市|旗))"


def build_current(connection: duckdb.DuckDBPyConnection, period: str | None = None) -> None:
    """(Re)build the schema ``cur`` for the state at the end of ``period`` (default: everything loaded)."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS cur")
    scope = "SELECT batch_id FROM batches" + (" WHERE period <= ?" if period else "")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE scope AS {scope}", [period] if period else None)
    _build_states(connection)
    for name in STORED_TABLES:
        _build_view(connection, name)
    _build_permits(connection)
    _build_sources(connection)
    _build_subjects(connection)
    _build_coverage(connection)
    connection.execute("DROP TABLE scope")


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _build_states(connection: duckdb.DuckDBPyConnection) -> None:
    """``cur.states``: for each table, layout family and subject, the batch that speaks for it.

    permit_records come from several kinds of list, each of which is replaced by its own kind
    only, so their layout is part of the key; lists for a whole area are replaced as a whole.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE cur.states AS
        WITH seen AS (
            SELECT batch_id, table_name, subject,
                   CASE WHEN table_name IN ('permit_records', {_quoted(LIST_TABLES)}) THEN layout ELSE '' END AS family
            FROM presence WHERE batch_id IN (SELECT batch_id FROM scope)
        ), whole AS (
            SELECT batch_id, subject FROM seen WHERE table_name IN ({_quoted(DETAIL_TABLES)})
            GROUP BY ALL HAVING count(DISTINCT table_name) >= {WHOLE_PERMIT_TABLES}
        ), held AS (
            SELECT DISTINCT batch_id, table_name FROM main.sources
            WHERE table_name IN ({_quoted(COMPLETE_TABLES)}) AND batch_id IN (SELECT batch_id FROM scope)
        ), spoken AS (
            SELECT batch_id, table_name, family, subject FROM seen
            UNION
            SELECT held.batch_id, held.table_name, '' AS family, whole.subject
            FROM whole JOIN held ON held.batch_id = whole.batch_id
        )
        SELECT table_name, family, subject, max(batch_id) AS batch_id FROM spoken GROUP BY ALL
        """
    )


def _build_view(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    batches = connection.execute(
        "SELECT DISTINCT batch_id FROM main.sources WHERE table_name = ? AND batch_id IN (SELECT batch_id FROM scope)"
        " ORDER BY batch_id",
        [name],
    ).fetchall()
    if not batches:
        where = "FALSE"
    elif len(batches) == 1:  # nothing can be replaced: a plain scan
        where = f"t.batch_id = {batches[0][0]}"
    elif name in LIST_TABLES:
        where = (
            "(t.batch_id, (SELECT layout FROM main.sources s WHERE s.source_id = t.source_id)) IN "
            f"(SELECT (max(batch_id), layout) FROM main.sources WHERE table_name = '{name}' GROUP BY layout)"
        )
    elif name == "permit_records":
        where = (
            "(t.subject, t.batch_id, (SELECT layout FROM main.sources s WHERE s.source_id = t.source_id)) IN "
            "(SELECT (subject, batch_id, family) FROM cur.states WHERE table_name = 'permit_records')"
        )
    else:
        where = f"(t.subject, t.batch_id) IN (SELECT (subject, batch_id) FROM cur.states WHERE table_name = '{name}')"
    connection.execute(f"CREATE OR REPLACE VIEW cur.{name} AS SELECT t.* FROM data.{name} t WHERE {where}")


def _build_permits(connection: duckdb.DuckDBPyConnection) -> None:
    """``cur.permits``: one row per permit, every column from the richest source that fills it.

    A permit drawn from several sources gets a source of its own (negative id) that provides
    what any of them provides and is called after the richest.
    """
    merged = ", ".join(f"arg_min(r.{name}, r.rank) AS {name}" for name in TABLES["permits"].columns)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE cur.permits AS
        WITH ranked AS (
            SELECT t.*, s.columns AS provided,
                   row_number() OVER (
                       PARTITION BY t.subject ORDER BY len(s.columns) DESC, t.batch_id DESC, t.rid) AS rank
            FROM cur.permit_records t JOIN main.sources s USING (source_id)
        )
        SELECT arg_min(r.rid, r.rank) AS rid, arg_min(r.batch_id, r.rank) AS batch_id,
               arg_min(r.source_id, r.rank) AS source_id, arg_min(r.source_row, r.rank) AS source_row, r.subject,
               list_sort(list_distinct(flatten(list(r.provided)))) AS provided,
               {merged}
        FROM ranked r GROUP BY r.subject
        """
    )
    connection.execute(
        """
        CREATE OR REPLACE TABLE cur.permit_sources AS
        SELECT -row_number() OVER (ORDER BY source_id, provided)::INTEGER AS merged_id, source_id, provided
        FROM (SELECT DISTINCT source_id, provided FROM cur.permits)
        """
    )
    connection.execute(
        "UPDATE cur.permits p SET source_id = m.merged_id FROM cur.permit_sources m"
        " WHERE m.source_id = p.source_id AND m.provided = p.provided"
    )
    connection.execute("ALTER TABLE cur.permits DROP COLUMN provided")


def _build_sources(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE OR REPLACE TABLE cur.sources AS
        SELECT source_id, table_name, file_name, sheet, columns FROM main.sources
        WHERE batch_id IN (SELECT batch_id FROM scope)
        UNION ALL
        SELECT m.merged_id, 'permits', s.file_name, s.sheet, m.provided
        FROM cur.permit_sources m JOIN main.sources s ON s.source_id = m.source_id
        """
    )


def _build_subjects(connection: duckdb.DuckDBPyConnection) -> None:
    """``cur.subjects``: who is audited, with the facts that every finding repeats."""
    named = [
        f"SELECT subject, permit_no, unit_name FROM cur.{name}"
        if "permit_no" in TABLES[name].columns
        else f"SELECT subject, NULL AS permit_no, unit_name FROM cur.{name}"
        for name in STORED_TABLES
        if "unit_name" in TABLES[name].columns and name not in ("permit_records", "registrations")
    ]
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE cur.subjects AS
        WITH permits AS (
            SELECT subject, permit_no, unit_name,
                   coalesce(
                       district, nullif(regexp_extract(site_address, '{_DISTRICT}', 1), ''),
                       nullif(city, '市辖区'), province  -- 市辖区 is how lists call the city of a municipality
                   ) AS district,
                   industry_name, management_class
            FROM cur.permits
        ), registered AS (
            SELECT subject, min(permit_no) AS permit_no, min(unit_name) AS unit_name, min(district) AS district,
                   min(industry_name) AS industry_name, '登记管理' AS management_class
            FROM cur.registrations WHERE subject NOT IN (SELECT subject FROM permits) GROUP BY subject
        ), known AS (SELECT * FROM permits UNION ALL SELECT * FROM registered),
        others AS (
            SELECT subject, min(permit_no) AS permit_no, min(unit_name) AS unit_name
            FROM ({" UNION ALL ".join(named)}) WHERE subject NOT IN (SELECT subject FROM known) GROUP BY subject
        ), silent AS (  -- tables that carry a code only
            SELECT DISTINCT subject FROM cur.states
            WHERE subject NOT IN (SELECT subject FROM known) AND subject NOT IN (SELECT subject FROM others)
        )
        SELECT * FROM known
        UNION ALL SELECT subject, permit_no, unit_name, NULL, NULL, NULL FROM others
        UNION ALL SELECT subject, NULL, NULL, NULL, NULL, NULL FROM silent
        """
    )


def _build_coverage(connection: duckdb.DuckDBPyConnection) -> None:
    lists = " ".join(
        f"UNION SELECT subject, '{name}' FROM cur.subjects WHERE EXISTS (SELECT 1 FROM cur.{name})"
        for name in AREA_TABLES
    )
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE cur.coverage AS
        SELECT DISTINCT subject, table_name FROM cur.states
        UNION SELECT subject, 'permits' FROM cur.permits
        {lists}
        """
    )
