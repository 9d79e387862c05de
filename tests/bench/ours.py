"""permit-audit's engine on the benchmark's tables: nothing but ``judge``, findings into a DuckDB table.

``python -m tests.bench.ours FOLDER RULES [PAIRS]``. BENCH_CACHE is the folder of the kept catalogue, BENCH_MEMORY a
limit (``2GiB``), BENCH_PROFILE=1 tells on standard error where the engine's time went.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import duckdb

from checks import catalogue as catalogues
from checks.engine import FINDINGS_DDL
from checks.engine.plan import Profile
from checks.engine.run import judge
from checks.model import Outcome
from tests.bench.common import AS_OF, TABLES, rules_of, tell

RULES = Path(__file__).parent / "rules"


def open_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The schema ``cur`` over the parquet files: every permit was exported whole, with every column."""
    connection.execute("CREATE SCHEMA cur")
    columns = {}
    for name in TABLES:
        connection.execute(f"CREATE VIEW cur.{name} AS SELECT * FROM '{folder / name}.parquet'")
        described = connection.execute(f"DESCRIBE cur.{name}").fetchall()
        columns[name] = [column for column, *_ in described]
    everyone = " UNION ".join(f"SELECT subject FROM cur.{name}" for name in TABLES)
    listed = ", ".join(f"({number}, '{name}', {columns[name]})" for number, name in enumerate(TABLES, start=1))
    tables = ", ".join(f"'{name}'" for name in TABLES)
    connection.execute(
        f"""
        CREATE TABLE cur.subjects AS
        SELECT subject, permit_no, unit_name, district, industry_name, management_class, subject AS unit_key
        FROM ({everyone}) LEFT JOIN cur.permits USING (subject);
        CREATE TABLE cur.sources AS
        SELECT source_id, table_name, table_name || '.parquet' AS file_name, '' AS sheet, columns
        FROM (VALUES {listed}) AS listed(source_id, table_name, columns);
        CREATE TABLE cur.coverage AS SELECT subject, unnest([{tables}]) AS table_name FROM cur.subjects;
        CREATE TABLE cur.states AS SELECT *, '' AS family, 1 AS batch_id FROM cur.coverage;
        CREATE TABLE cur.unreadable (table_name VARCHAR, rid BIGINT, subject VARCHAR, column_name VARCHAR);
        CREATE TABLE cur.behind (subject VARCHAR, table_name VARCHAR, judged_table VARCHAR);
        SET search_path = 'cur,main'
        """
    )
    connection.execute(FINDINGS_DDL.replace("EXISTS findings", "EXISTS main.findings"))


def main(folder: Path, wanted: str, pairs: str = "") -> int:
    """Judge and print the counts."""
    with tempfile.TemporaryDirectory() as spill:
        config = {"temp_directory": spill, "preserve_insertion_order": "false"}
        if limit := os.environ.get("BENCH_MEMORY"):
            config["memory_limit"] = limit
        connection = duckdb.connect(":memory:", config=config)
        open_tables(connection, folder)
        cache = Path(os.environ["BENCH_CACHE"]) if "BENCH_CACHE" in os.environ else None
        catalogue = catalogues.load([RULES], as_of=AS_OF, is_builtin=False, cache=cache)
        rules = [rule for rule in catalogue.select() if rule.id in rules_of(wanted)]
        profile = Profile()
        results = judge(
            connection, catalogue, rules, as_of=AS_OF, run_id="bench", target="main.findings", profile=profile
        )
        if os.environ.get("BENCH_PROFILE"):
            sys.stderr.write(json.dumps(profile.as_json(), indent=1))
        faults = [f"{r.rule_id} {r.reason}" for r in results if r.outcome in (Outcome.ERROR, Outcome.NOT_RUN)]
        if faults:
            raise SystemExit("\n".join(faults))
        counted = connection.execute("SELECT rule_id, count(*) FROM main.findings GROUP BY 1").fetchall()
        if pairs:
            connection.execute(f"COPY (SELECT rule_id AS rule, rid FROM main.findings) TO '{pairs}' (FORMAT parquet)")
        tell(dict(counted))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
