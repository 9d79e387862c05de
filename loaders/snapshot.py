"""The tables of a state: copies of the rows that are current, and what is known of their permits.

Used by :mod:`loaders.current`, which decides when a state is made.
"""

from __future__ import annotations

import duckdb

from checks.contracts import CAST_RULES
from checks.engine import UNIT_KEY
from checks.tables import TABLES, Kind
from loaders.coverage import AREA_TABLES, DETAIL_TABLES, LIST_TABLES
from loaders.warehouse import STORED_TABLES

#: Where more than this share of a table's permits changed, it is copied anew.
_FEW = 0.25


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


class Snapshot:
    """Makes the tables of one schema from the temporary tables ``scope``, ``places`` and ``states``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        self.connection = connection
        self.schema = schema
        self.columns: dict[tuple[str, str], list[str]] = {}
        for part, table, column in connection.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_schema IN (?, 'data') ORDER BY table_schema, table_name, ordinal_position",
            [schema],
        ).fetchall():
            self.columns.setdefault((part, table), []).append(column)

    def build(self, only: str | None = None) -> None:
        """All tables; ``only`` (a SELECT of subjects) cuts them down to some permits."""
        if only:
            self.connection.execute(
                "DELETE FROM temp.states WHERE subject NOT IN (SELECT subject FROM subject_keys "
                f"WHERE subject_id IN ({only}))"
            )
        self._find_changes()
        for name in STORED_TABLES:
            self._renew(name)
        self._keep_states()
        self._build_permits()
        self._build_sources()
        self._build_subjects()
        self._build_coverage()
        self._build_behind()
        self._build_unreadable()
        self.connection.execute("DROP TABLE temp.changes")
        if only:  # lists and what was made of them; not before, as whether there is a list at all counts for everybody
            for name in (*STORED_TABLES, "permits", "subjects", "coverage", "behind", "unreadable"):
                self.connection.execute(f"DELETE FROM {self.schema}.{name} WHERE subject NOT IN ({only})")

    def _make(self, name: str, sql: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TABLE {self.schema}.{name} AS {sql}")

    def _find_changes(self) -> None:
        """Temporary table ``changes``: permits of which another batch speaks in a table than when it was built."""
        if (self.schema, "states") in self.columns:
            now = "SELECT table_name, family, subject_id, batch_id FROM states JOIN subject_keys USING (subject)"
            then = f"SELECT table_name, family, subject, batch_id FROM {self.schema}.states"
            changed = (
                f"SELECT DISTINCT table_name, subject_id FROM (({now} EXCEPT {then}) UNION ALL ({then} EXCEPT {now}))"
            )
        else:
            changed = "SELECT '' AS table_name, 0 AS subject_id LIMIT 0"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE changes AS {changed}")

    def _renew(self, name: str) -> None:
        """Copy the rows of a table that are current; only those of changed permits if few changed."""
        columns = "t.* REPLACE (k.subject_id AS subject)"
        rows = f"SELECT {columns} FROM data.{name} t JOIN subject_keys k ON k.subject = t.subject"
        if name in LIST_TABLES:  # replaced as a whole, layout by layout
            self._make(
                name,
                f"{rows} WHERE (t.batch_id, (SELECT layout FROM main.sources s WHERE s.source_id = t.source_id)) IN "
                f"(SELECT (max(batch_id), layout) FROM main.sources WHERE table_name = '{name}' "
                "AND batch_id IN (SELECT batch_id FROM scope) GROUP BY layout)",
            )
            return
        family = ""
        if name == "permit_records":
            family = " AND s.family = (SELECT layout FROM main.sources o WHERE o.source_id = t.source_id)"
        rows += (
            f" JOIN states s ON s.table_name = '{name}' AND s.subject = t.subject AND s.batch_id = t.batch_id{family}"
        )
        if self.columns.get((self.schema, name)) != self.columns["data", name]:  # new, or of an older version
            self._make(name, rows)
            return
        mine = f"SELECT subject_id FROM changes WHERE table_name = '{name}'"
        changed, held = self.connection.execute(
            f"SELECT (SELECT count(*) FROM ({mine})), (SELECT count(DISTINCT subject) FROM {self.schema}.{name})"
        ).fetchall()[0]
        if changed > _FEW * held:
            self._make(name, rows)
        elif changed:
            self.connection.execute(f"DELETE FROM {self.schema}.{name} WHERE subject IN ({mine})")
            self.connection.execute(f"INSERT INTO {self.schema}.{name} {rows} WHERE k.subject_id IN ({mine})")

    def _keep_states(self) -> None:
        self._make(
            "states",
            "SELECT table_name, family, subject_id AS subject, batch_id FROM states JOIN subject_keys USING (subject)",
        )

    def _build_permits(self) -> None:
        """``permits``: one row per permit, from the newest batch first and in it from the richest source.

        A permit drawn from several sources gets a source of its own (negative id) that provides
        what any of them provides and is called after the first.
        """
        self.connection.execute(
            f"""
            CREATE OR REPLACE TABLE {self.schema}.permits AS
            WITH ranked AS (
                SELECT t.*, s.columns AS provided,
                       row_number() OVER (
                           PARTITION BY t.subject ORDER BY t.batch_id DESC, len(s.columns) DESC, t.rid) AS rank
                FROM {self.schema}.permit_records t JOIN main.sources s USING (source_id)
            )
            SELECT arg_min(r.rid, r.rank) AS rid, arg_min(r.batch_id, r.rank) AS batch_id,
                   arg_min(r.source_id, r.rank) AS source_id, arg_min(r.source_row, r.rank) AS source_row, r.subject,
                   list_sort(list_distinct(flatten(list(r.provided)))) AS provided,
                   {_merged_columns()}
            FROM ranked r GROUP BY r.subject
            """
        )
        self.connection.execute(
            f"""
            CREATE OR REPLACE TABLE {self.schema}.permit_sources AS
            SELECT -row_number() OVER (ORDER BY source_id, provided)::INTEGER AS merged_id, source_id, provided
            FROM (SELECT DISTINCT source_id, provided FROM {self.schema}.permits)
            """
        )
        self.connection.execute(
            f"UPDATE {self.schema}.permits p SET source_id = m.merged_id FROM {self.schema}.permit_sources m"
            " WHERE m.source_id = p.source_id AND m.provided = p.provided"
        )
        self.connection.execute(f"ALTER TABLE {self.schema}.permits DROP COLUMN provided")

    def _build_sources(self) -> None:
        self.connection.execute(
            f"""
            CREATE OR REPLACE TABLE {self.schema}.sources AS
            SELECT source_id, table_name, file_name, sheet, columns FROM main.sources
            WHERE batch_id IN (SELECT batch_id FROM scope)
            UNION ALL
            SELECT m.merged_id, 'permits', s.file_name, s.sheet, m.provided
            FROM {self.schema}.permit_sources m JOIN main.sources s ON s.source_id = m.source_id
            """
        )

    def _build_subjects(self) -> None:
        """``subjects``: who is audited, with the facts that every finding repeats."""
        named = [
            f"SELECT subject, permit_no, unit_name FROM {self.schema}.{name}"
            if "permit_no" in TABLES[name].columns
            else f"SELECT subject, NULL AS permit_no, unit_name FROM {self.schema}.{name}"
            for name in STORED_TABLES
            if "unit_name" in TABLES[name].columns and name not in ("permit_records", "registrations")
        ]
        self.connection.execute(
            f"""
            CREATE OR REPLACE TABLE {self.schema}.subjects AS
            WITH permits AS (
                SELECT p.subject, permit_no, unit_name, places.district, industry_name, management_class
                FROM {self.schema}.permits p JOIN subject_keys k ON k.subject_id = p.subject
                LEFT JOIN places ON places.subject = k.subject
            ), registered AS (
                SELECT subject, min(permit_no) AS permit_no, min(unit_name) AS unit_name, min(district) AS district,
                       min(industry_name) AS industry_name, '登记管理' AS management_class
                FROM {self.schema}.registrations WHERE subject NOT IN (SELECT subject FROM permits) GROUP BY subject
            ), known AS (SELECT * FROM permits UNION ALL SELECT * FROM registered),
            others AS (
                SELECT subject, min(permit_no) AS permit_no, min(unit_name) AS unit_name
                FROM ({" UNION ALL ".join(named)}) WHERE subject NOT IN (SELECT subject FROM known) GROUP BY subject
            ), silent AS (  -- tables that carry a code only
                SELECT DISTINCT subject FROM {self.schema}.states
                WHERE subject NOT IN (SELECT subject FROM known) AND subject NOT IN (SELECT subject FROM others)
            ), everybody AS (
                SELECT * FROM known
                UNION ALL SELECT subject, permit_no, unit_name, NULL, NULL, NULL FROM others
                UNION ALL SELECT subject, NULL, NULL, NULL, NULL, NULL FROM silent
            )
            SELECT everybody.*, k.subject AS {UNIT_KEY}
            FROM everybody JOIN subject_keys k ON k.subject_id = everybody.subject
            """
        )

    def _build_coverage(self) -> None:
        lists = " ".join(
            f"UNION SELECT subject, '{name}' FROM {self.schema}.subjects "
            f"WHERE EXISTS (SELECT 1 FROM {self.schema}.{name})"
            for name in AREA_TABLES
        )
        self.connection.execute(
            f"""
            CREATE OR REPLACE TABLE {self.schema}.coverage AS
            SELECT DISTINCT subject, table_name FROM {self.schema}.states
            UNION SELECT subject, 'permits' FROM {self.schema}.permits
            {lists}
            """
        )

    def _build_behind(self) -> None:
        """``behind``: tables of a permit that are older than another table of it, by which a rule would judge them.

        Reports and lists come on their own days; only the parts of the permit itself must be of one age.
        """
        names = ", ".join(f"'{name}'" for name in DETAIL_TABLES)
        self.connection.execute(
            f"""
            CREATE OR REPLACE TABLE {self.schema}.behind AS
            WITH parts AS (
                SELECT subject, table_name, batch_id FROM {self.schema}.states WHERE table_name IN ({names})
            ), mixed AS (SELECT subject FROM parts GROUP BY subject HAVING count(DISTINCT batch_id) > 1)
            SELECT older.subject, older.table_name, newer.table_name AS judged_table
            FROM parts older JOIN parts newer ON newer.subject = older.subject AND newer.batch_id > older.batch_id
            WHERE older.subject IN (SELECT subject FROM mixed)
            """
        )

    def _build_unreadable(self) -> None:
        """``unreadable``: cells with a text that is no value of their column; rules must not take them for empty."""
        self.connection.execute(
            f"CREATE OR REPLACE TABLE {self.schema}.unreadable "
            "(table_name VARCHAR, rid BIGINT, subject INTEGER, column_name VARCHAR)"
        )
        kinds = sorted(set(CAST_RULES.values()))
        failed = self.connection.execute(
            "SELECT DISTINCT table_name, field FROM contract_failures WHERE rule_id IN (SELECT unnest(?)) "
            "ORDER BY 1, 2",
            [kinds],
        ).fetchall()
        for name, field in failed:
            columns = [c.name for c in TABLES[name].by_name[field].columns if not c.name.endswith("_text")]
            self.connection.execute(
                f"""
                INSERT INTO {self.schema}.unreadable
                SELECT ?, t.rid, t.subject, unnest(?) FROM contract_failures f JOIN {self.schema}.{name} t USING (rid)
                WHERE f.table_name = ? AND f.field = ? AND f.rule_id IN (SELECT unnest(?))
                """,
                [name, columns, name, field, kinds],
            )
            if name == "permit_records":
                for column in columns:  # another source may have told the value
                    self.connection.execute(
                        f"""
                        INSERT INTO {self.schema}.unreadable
                        SELECT DISTINCT 'permits', p.rid, p.subject, u.column_name
                        FROM {self.schema}.unreadable u JOIN {self.schema}.permits p USING (subject)
                        WHERE u.table_name = 'permit_records' AND u.column_name = ? AND p.{column} IS NULL
                        """,
                        [column],
                    )
