"""The peer Polars by hand: one boolean pass per table, joins one by one, streaming engine.

``python -m tests.bench.polars_expr FOLDER RULES [PAIRS]``
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from tests.bench.common import KEYS, TABLES, rules_of, tell
from tests.bench.polars_rules import JOINS, PREDICATES, finish, plain_of, with_keys


def main(folder: Path, wanted: str, pairs: str = "") -> int:
    """Find all wrong rows with their keys, into one frame."""
    frames = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in TABLES}
    rules = rules_of(wanted)
    found = []
    for table in TABLES:
        own = plain_of(rules, table)
        flags = [PREDICATES[rule].fill_null(False).alias(rule) for rule in own]
        rows = frames[table].select("rid", *KEYS[table], *flags).filter(pl.any_horizontal(own))
        wrong = rows.collect(engine="streaming")
        found += [with_keys(wrong.lazy().filter(pl.col(rule)), rule).collect() for rule in own]
    for rule in rules:
        if rule in JOINS:
            found.append(with_keys(JOINS[rule][1](frames), rule).collect(engine="streaming"))
    tell(finish(pl.concat(found), pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
