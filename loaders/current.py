"""Which of all loaded rows are current, and the schema ``cur`` that the rule engine reads.

A newer batch replaces, permit by permit and table by table, what an older batch said. What a
table can be believed to say of a permit that has no row in it is decided in :mod:`loaders.coverage`.
"""

from __future__ import annotations

import duckdb

from checks.contracts import CAST_RULES
from checks.tables import TABLES, Kind
from loaders.coverage import AREA_TABLES, DETAIL_TABLES, LIST_TABLES, build_places, build_states
from loaders.warehouse import STORED_TABLES


def build_current(connection: duckdb.DuckDBPyConnection, period: str | None = None) -> None:
    """(Re)build the schema ``cur`` for the state at the end of ``period`` (default: everything loaded)."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS cur")
    scope = "SELECT batch_id FROM batches" + (" WHERE period <= ?" if period else "")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE scope AS {scope}", [period] if period else None)
    build_places(connection)
    build_states(connection)
    for name in STORED_TABLES:
        _build_view(connection, name)
    _build_permits(connection)
    _build_sources(connection)
    _build_subjects(connection)
    _build_coverage(connection)
    _build_behind(connection)
    _build_unreadable(connection)
    connection.execute("DROP TABLE places")
    connection.execute("DROP TABLE scope")


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
            f"(SELECT (max(batch_id), layout) FROM main.sources WHERE table_name = '{name}' "
            f"AND batch_id <= {batches[-1][0]} GROUP BY layout)"
        )
    elif name == "permit_records":
        where = (
            "(t.subject, t.batch_id, (SELECT layout FROM main.sources s WHERE s.source_id = t.source_id)) IN "
            "(SELECT (subject, batch_id, family) FROM cur.states WHERE table_name = 'permit_records')"
        )
    else:
        where = f"(t.subject, t.batch_id) IN (SELECT (subject, batch_id) FROM cur.states WHERE table_name = '{name}')"
    connection.execute(f"CREATE OR REPLACE VIEW cur.{name} AS SELECT t.* FROM data.{name} t WHERE {where}")


def _merged_columns() -> str:
    """Every column of a permit from the first source that fills it; both ends of a period from one source."""
    parts = []
    for field in TABLES["permits"].fields:
        names = [column.name for column in field.columns]
        if field.kind is Kind.PERIOD:
            ends = ", ".join(f"{name} := r.{name}" for name in names)
            filled = f"FILTER (WHERE coalesce({', '.join(f'r.{name}' for name in names)}) IS NOT NULL)"
            parts += [f"(arg_min(struct_pack({ends}), r.rank) {filled}).{name} AS {name}" for name in names]
        else:
            parts += [f"arg_min(r.{name}, r.rank) AS {name}" for name in names]
    return ", ".join(parts)


def _build_permits(connection: duckdb.DuckDBPyConnection) -> None:
    """``cur.permits``: one row per permit, from the newest batch first and in it from the richest source.

    A permit drawn from several sources gets a source of its own (negative id) that provides
    what any of them provides and is called after the first.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE cur.permits AS
        WITH ranked AS (
            SELECT t.*, s.columns AS provided,
                   row_number() OVER (
                       PARTITION BY t.subject ORDER BY t.batch_id DESC, len(s.columns) DESC, t.rid) AS rank
            FROM cur.permit_records t JOIN main.sources s USING (source_id)
        )
        SELECT arg_min(r.rid, r.rank) AS rid, arg_min(r.batch_id, r.rank) AS batch_id,
               arg_min(r.source_id, r.rank) AS source_id, arg_min(r.source_row, r.rank) AS source_row, r.subject,
               list_sort(list_distinct(flatten(list(r.provided)))) AS provided,
               {_merged_columns()}
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
            SELECT subject, permit_no, unit_name, places.district, industry_name, management_class
            FROM cur.permits LEFT JOIN places USING (subject)
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


def _build_behind(connection: duckdb.DuckDBPyConnection) -> None:
    """``cur.behind``: tables of a permit that are older than another table of it, which a rule would judge by them.

    Reports and lists come on their own days; only the parts of the permit itself must be of one age.
    """
    names = ", ".join(f"'{name}'" for name in DETAIL_TABLES)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE cur.behind AS
        WITH parts AS (
            SELECT subject, table_name, batch_id FROM cur.states WHERE table_name IN ({names})
        ), mixed AS (SELECT subject FROM parts GROUP BY subject HAVING count(DISTINCT batch_id) > 1)
        SELECT older.subject, older.table_name, newer.table_name AS judged_table
        FROM parts older JOIN parts newer ON newer.subject = older.subject AND newer.batch_id > older.batch_id
        WHERE older.subject IN (SELECT subject FROM mixed)
        """
    )


def _build_unreadable(connection: duckdb.DuckDBPyConnection) -> None:
    """``cur.unreadable``: cells with a text that is no value of its column; rules must not take them for empty."""
    connection.execute(
        "CREATE OR REPLACE TABLE cur.unreadable (table_name VARCHAR, rid BIGINT, subject VARCHAR, column_name VARCHAR)"
    )
    kinds = sorted(set(CAST_RULES.values()))
    failed = connection.execute(
        "SELECT DISTINCT table_name, field FROM contract_failures WHERE rule_id IN (SELECT unnest(?)) ORDER BY 1, 2",
        [kinds],
    ).fetchall()
    for name, field in failed:
        columns = [c.name for c in TABLES[name].by_name[field].columns if not c.name.endswith("_text")]
        connection.execute(
            f"""
            INSERT INTO cur.unreadable
            SELECT ?, t.rid, t.subject, unnest(?) FROM contract_failures f JOIN cur.{name} t USING (rid)
            WHERE f.table_name = ? AND f.field = ? AND f.rule_id IN (SELECT unnest(?))
            """,
            [name, columns, name, field, kinds],
        )
        if name == "permit_records":
            for column in columns:  # another source may have told the value
                connection.execute(
                    f"""
                    INSERT INTO cur.unreadable
                    SELECT DISTINCT 'permits', p.rid, p.subject, u.column_name
                    FROM cur.unreadable u JOIN cur.permits p USING (subject)
                    WHERE u.table_name = 'permit_records' AND u.column_name = ? AND p.{column} IS NULL
                    """,
                    [column],
                )
