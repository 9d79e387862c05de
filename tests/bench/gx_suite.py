"""The peer Great Expectations on DuckDB: 60 queries as expectations, true counts, at most 200 rows a rule.

GX fetches rows after it has left the connection, by when DuckDB's result is gone and every expectation fails
without a word; so the driver's cursor is made to keep its rows. The rules are queries, as GX knows no regular
expressions and no joins on DuckDB. ``python -m tests.bench.gx_suite FOLDER RULES [PAIRS]``
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "False"

import duckdb
import duckdb_engine
import great_expectations as gx
import great_expectations.expectations as gxe
import polars as pl

from tests.bench.common import TABLE_OF, TABLES, rules_of, tell
from tests.bench.sql_rules import PREDICATES, QUERIES, key_columns


def _keep_rows() -> None:
    """Make the driver's cursor read all rows at once."""
    wrapper = duckdb_engine.CursorWrapper
    execute = wrapper.execute

    def execute_and_read(self: Any, *arguments: Any, **options: Any) -> Any:
        result = execute(self, *arguments, **options)
        try:
            self.kept = self.__getattr__("fetchall")()
        except duckdb.Error:  # a statement without a result
            self.kept = []
        return result

    def fetchall(self: Any) -> list[Any]:
        rows, self.kept = self.kept, []
        return list(rows)

    def fetchone(self: Any) -> Any:
        return self.kept.pop(0) if self.kept else None

    def fetchmany(self: Any, size: int = 1) -> list[Any]:
        rows, self.kept = self.kept[:size], self.kept[size:]
        return list(rows)

    wrapper.execute, wrapper.fetchall, wrapper.fetchone, wrapper.fetchmany = (
        execute_and_read,
        fetchall,
        fetchone,
        fetchmany,
    )


def _query(rule: str) -> tuple[str, str]:
    """The table and the query of a rule; braces are doubled, as GX puts the query through ``format``."""
    if rule in QUERIES:
        table, rest = QUERIES[rule]
        rest = rest.replace("{", "{{").replace("}", "}}")
        return table, f"SELECT t.rid, {key_columns(table, 't.')} {rest}"
    table = TABLE_OF[rule[2]]
    predicate = PREDICATES[rule].replace("{", "{{").replace("}", "}}")
    return table, f"SELECT rid, {key_columns(table)} FROM {{batch}} WHERE {predicate}"


def main(folder: Path, wanted: str, pairs: str = "") -> int:
    """Find the wrong rows, and how many there are."""
    _keep_rows()
    counts: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "bench.duckdb"
        connection = duckdb.connect(str(file))
        for name in TABLES:
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{(folder / name).resolve()}.parquet'")
        connection.close()
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_sql("bench", connection_string=f"duckdb:///{file}")
        rules = rules_of(wanted)
        for table in TABLES:
            suite = gx.ExpectationSuite(name=table)
            for rule in rules:
                where, query = _query(rule)
                if where == table:
                    suite.add_expectation(gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, meta={"id": rule}))
            context.suites.add(suite)
            batch = source.add_table_asset(table, table_name=table).add_batch_definition_whole_table(table)
            validation = gx.ValidationDefinition(name=table, data=batch, suite=suite)
            for result in validation.run(result_format="COMPLETE").results:
                rule = result.expectation_config.meta["id"]
                if result.exception_info.get("raised_exception") or "observed_value" not in result.result:
                    raise SystemExit(f"{rule}: {result.exception_info}")
                counts[rule] = int(result.result["observed_value"])
                rows += [{"rule": rule, **row} for row in result.result["details"]["unexpected_rows"]]
    if pairs:
        pl.DataFrame({name: [row[name] for row in rows] for name in ("rule", "rid")}).write_parquet(pairs)
    tell({rule: count for rule, count in counts.items() if count})
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
