"""The peer DuckDB, with SQL by hand: one query a rule (``each``) or plain predicates of a table fused (``fused``).

``python -m tests.bench.duckdb_sql FOLDER RULES each|fused [PAIRS]``
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb

from tests.bench.common import TABLE_OF, TABLES, rules_of, tell
from tests.bench.sql_rules import PREDICATES, QUERIES, key_columns


def main(folder: Path, wanted: str, way: str, pairs: str = "") -> int:
    """Find all wrong rows with their keys, into one table."""
    with tempfile.TemporaryDirectory() as spill:
        connection = duckdb.connect(":memory:", config={"temp_directory": spill, "preserve_insertion_order": "false"})
        for name in TABLES:
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{folder / name}.parquet'")
        connection.execute("CREATE TABLE found (rule_no USMALLINT, rid BIGINT, k1 VARCHAR, k2 VARCHAR, k3 VARCHAR)")
        rules = rules_of(wanted)
        numbers = {rule: number for number, rule in enumerate(rules)}
        plain = [rule for rule in rules if rule in PREDICATES]
        if way == "fused":
            for letter, table in TABLE_OF.items():
                own = [rule for rule in plain if rule[2] == letter]
                if own:
                    _fused(connection, table, own, numbers)
        else:
            for rule in plain:
                table = TABLE_OF[rule[2]]
                connection.execute(
                    f"INSERT INTO found SELECT {numbers[rule]}, rid, {key_columns(table)} FROM {table} "
                    f"WHERE {PREDICATES[rule]}"
                )
        for rule in rules:
            if rule in QUERIES:
                table, rest = QUERIES[rule]
                connection.execute(f"INSERT INTO found SELECT {numbers[rule]}, rid, {key_columns(table, 't.')} {rest}")
        counted = connection.execute("SELECT rule_no, count(*) FROM found GROUP BY 1").fetchall()
        if pairs:
            names = ", ".join(f"({number}, '{rule}')" for rule, number in numbers.items())
            connection.execute(
                f"COPY (SELECT rule, rid FROM found JOIN (VALUES {names}) AS n(rule_no, rule) USING (rule_no)) "
                f"TO '{pairs}' (FORMAT parquet)"
            )
        tell({rules[number]: count for number, count in counted})
    return 0


def _fused(connection: duckdb.DuckDBPyConnection, table: str, rules: list[str], numbers: dict[str, int]) -> None:
    cases = ", ".join(f"CASE WHEN {PREDICATES[rule]} THEN {numbers[rule]} END" for rule in rules)
    anyone = " OR ".join(f"({PREDICATES[rule]})" for rule in rules)
    connection.execute(
        f"INSERT INTO found SELECT rule_no, rid, k1, k2, k3 FROM (SELECT unnest([{cases}]) AS rule_no, rid, "
        f"{key_columns(table)} FROM {table} WHERE {anyone}) AS rows WHERE rule_no IS NOT NULL"
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
