"""The peer dataframely: 40 plain rules and 5 of uniqueness as rules of schemas, rows and flags from ``filter``.

Joins and aggregates over other tables are outside its rules: collections need common primary keys, which
tables with repeated keys do not have. ``python -m tests.bench.dataframely_rules FOLDER RULES [PAIRS]``
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from tests.bench.common import TABLES, rules_of, tell
from tests.bench.polars_rules import PREDICATES, UNIQUE, finish, plain_of, repeated, with_keys

_COLUMNS = {pl.Int64: dy.Int64, pl.Int32: dy.Int32, pl.String: dy.String, pl.Float64: dy.Float64, pl.Date: dy.Date,
            pl.Boolean: dy.Bool}  # fmt: skip


def main(folder: Path, wanted: str, pairs: str = "") -> int:
    """Find all wrong rows with their keys, into one frame."""
    rules = rules_of(wanted)
    found = []
    for table in TABLES:
        frame = pl.read_parquet(folder / f"{table}.parquet")
        own = {rule: PREDICATES[rule] for rule in plain_of(rules, table)}
        own |= {rule: repeated(columns) for rule, (where, columns) in UNIQUE.items() if where == table}
        if wanted == "40":
            own = {rule: wrong for rule, wrong in own.items() if rule in PREDICATES}
        schema = _schema(frame, own)
        _, failures = schema.filter(frame)
        details = failures.details()
        for rule in own:
            wrong = details.lazy().filter(pl.col(_name(rule)) == "invalid")
            found.append(with_keys(wrong, rule).collect())
    tell(finish(pl.concat(found), pairs))
    return 0


def _name(rule: str) -> str:
    return rule.replace("-", "_").lower()


def _schema(frame: pl.DataFrame, rules: dict[str, pl.Expr]) -> Any:
    body: dict[str, Any] = {name: _COLUMNS[dtype](nullable=True) for name, dtype in frame.schema.items()}
    for rule, wrong in rules.items():
        body[_name(rule)] = dy.rule()(_right(wrong))
    return type("Table", (dy.Schema,), body)


def _right(wrong: pl.Expr) -> Any:
    def check(cls: Any) -> pl.Expr:
        return ~wrong.fill_null(False)

    return check


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
