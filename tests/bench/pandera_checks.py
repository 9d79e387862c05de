"""The peer Pandera on Polars: plain rules as checks on the key column, the others as joins inside such checks.

A check on ``rid`` gets the whole frame, and its failure case is the row number itself; nothing faster is
known that keeps every key. ``python -m tests.bench.pandera_checks FOLDER RULES [PAIRS]``
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from tests.bench.common import KEYS, TABLES, rules_of, tell
from tests.bench.polars_rules import JOINS, PREDICATES, finish, plain_of, table_of


def main(folder: Path, wanted: str, pairs: str = "") -> int:
    """Find all wrong rows with their keys, into one frame."""
    frames = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    lazy = {name: frame.lazy() for name, frame in frames.items()}
    rules = rules_of(wanted)
    found = []
    for table in TABLES:
        checks = [pa.Check(_plain(PREDICATES[rule]), name=rule) for rule in plain_of(rules, table)]
        checks += [
            pa.Check(_join(JOINS[rule][1], lazy), name=rule)
            for rule in rules
            if rule in JOINS and table_of(rule) == table
        ]
        schema = pa.DataFrameSchema({"rid": pa.Column(pl.Int64, checks=checks)})
        try:
            schema.validate(frames[table], lazy=True)
        except SchemaErrors as errors:
            cases = errors.failure_cases.select(
                pl.col("check").alias("rule"), pl.col("failure_case").cast(pl.Int64).alias("rid")
            )
            keys = (pl.col(name).alias(f"k{number}") for number, name in enumerate(KEYS[table], start=1))
            found.append(cases.join(frames[table].select("rid", *keys), on="rid", how="left"))
    tell(finish(pl.concat(found, how="diagonal"), pairs))
    return 0


def _plain(wrong: pl.Expr) -> Callable[[pa.PolarsData], pl.LazyFrame]:
    return lambda data: data.lazyframe.select(~wrong.fill_null(False))


def _join(
    find: Callable[[dict[str, pl.LazyFrame]], pl.LazyFrame], frames: dict[str, pl.LazyFrame]
) -> Callable[[pa.PolarsData], pl.LazyFrame]:
    def check(data: pa.PolarsData) -> pl.LazyFrame:
        wrong = find(frames).select("rid").collect().to_series()
        return data.lazyframe.select(~pl.col("rid").is_in(wrong.implode()))

    return check


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
