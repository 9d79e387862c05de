"""Which batch speaks for a permit in a table, also where the permit has no row in it.

An absent row is an omission only if the permit was exported whole and the table was exported for
it. A permit counts as exported whole in a folder when it has rows in several detail tables there.
A table that other districts' permits fill, but nobody of the permit's own district, in files that
hold one district each, was not exported for that district; where every file holds one permit, a
file without the table says nothing about it.
"""

from __future__ import annotations

import duckdb

from checks.tables import TABLES

#: A permit found in at least this many detail tables of a folder was exported whole.
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


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def build_places(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table ``places``: the district of every permit, from any of its records, else from its address."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE places AS
        SELECT subject, coalesce(
                   arg_max(district, batch_id),
                   arg_max(nullif(regexp_extract(site_address, '{_DISTRICT}', 1), ''), batch_id),
                   arg_max(nullif(city, '市辖区'), batch_id),  -- how lists call the city of a municipality
                   arg_max(province, batch_id)) AS district
        FROM data.permit_records WHERE batch_id IN (SELECT batch_id FROM scope) GROUP BY subject
        """
    )


def build_states(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table ``states``: for each table, layout family and subject, the batch that speaks for it.

    permit_records come from several kinds of list, each of which is replaced by its own kind
    only, so their layout is part of the key; lists for a whole area are replaced as a whole.
    """
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE states AS
        WITH seen AS (
            SELECT batch_id, source_id, folder, table_name, subject,
                   CASE WHEN table_name IN ('permit_records', {_quoted(LIST_TABLES)}) THEN layout ELSE '' END AS family
            FROM presence WHERE batch_id IN (SELECT batch_id FROM scope)
        ), whole AS (
            SELECT batch_id, folder, subject, coalesce(any_value(places.district), '') AS district
            FROM seen LEFT JOIN places USING (subject) WHERE table_name IN ({_quoted(DETAIL_TABLES)})
            GROUP BY batch_id, folder, subject HAVING count(DISTINCT table_name) >= {WHOLE_PERMIT_TABLES}
        ), held AS (
            SELECT DISTINCT batch_id, folder, table_name FROM main.sources
            WHERE table_name IN ({_quoted(COMPLETE_TABLES)}) AND batch_id IN (SELECT batch_id FROM scope)
        ), reach AS (  -- districts with rows in one file, and in all files of the table
            SELECT batch_id, folder, table_name, max(len(districts)) AS widest, flatten(list(districts)) AS districts,
                   count(*) > 1 AND max(subjects) = 1 AS is_page_each
            FROM (
                SELECT batch_id, folder, table_name, source_id, count(DISTINCT subject) AS subjects,
                       list_distinct(list(coalesce(places.district, ''))) AS districts
                FROM seen LEFT JOIN places USING (subject) GROUP BY ALL
            ) GROUP BY ALL
        ), spoken AS (
            SELECT batch_id, table_name, family, subject FROM seen
            UNION
            SELECT held.batch_id, held.table_name, '' AS family, whole.subject
            FROM whole JOIN held USING (batch_id, folder)
            LEFT JOIN reach USING (batch_id, folder, table_name)
            WHERE reach.widest IS NULL OR NOT reach.is_page_each
                  AND (reach.widest > 1 OR list_contains(reach.districts, whole.district))
        )
        SELECT table_name, family, subject, max(batch_id) AS batch_id FROM spoken GROUP BY ALL
        """
    )
