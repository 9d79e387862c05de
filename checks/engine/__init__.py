"""The engine: judges the rows of canonical tables by the rules of the catalogue, inside DuckDB.

Knows no files and no commands. ``run.judge`` is its one entry; findings go straight from SQL
into the table that the caller gives, never through Python rows.
"""

from __future__ import annotations

#: Columns of a findings table, in order.
FINDING_COLUMNS: dict[str, str] = {
    "run_id": "VARCHAR",
    "finding_id": "VARCHAR",
    "rule_id": "VARCHAR",
    "subject": "VARCHAR",
    "permit_no": "VARCHAR",
    "unit_name": "VARCHAR",
    "district": "VARCHAR",
    "industry_name": "VARCHAR",
    "management_class": "VARCHAR",
    "module": "VARCHAR",
    "severity": "VARCHAR",
    "table_name": "VARCHAR",
    "record": "VARCHAR",
    "message": "VARCHAR",
    "evidence": "VARCHAR",
    "source_file": "VARCHAR",
    "source_sheet": "VARCHAR",
    "source_row": "INTEGER",
    "rid": "BIGINT",
}

#: Raise it when the engine judges the same rule and rows otherwise than before: no run then builds on an older one.
ENGINE_VERSION = 1

#: Column of ``subjects`` with the text that findings are known by; ``subject`` itself may be any kind of key.
UNIT_KEY = "unit_key"

#: Makes an empty findings table; the name may be changed by the caller.
FINDINGS_DDL = "CREATE TABLE IF NOT EXISTS findings ({})".format(
    ", ".join(f"{name} {dtype}" for name, dtype in FINDING_COLUMNS.items())
)

#: A rule that hits more than this share of at least so many rows looks like a fault of the export.
MASS_SHARE = 0.6
MASS_JUDGED = 20
