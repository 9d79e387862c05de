"""The peer pointblank on Polars: 40 plain rules and 5 of uniqueness as steps, rows from the data extracts.

Joins and aggregates over other tables are outside its steps; ``rows_distinct`` takes nulls for equal, so
uniqueness is an expression. ``python -m tests.bench.pointblank_steps FOLDER RULES [PAIRS]``
"""

from __future__ import annotations

import sys
from pathlib import Path

import pointblank as pb
import polars as pl

from tests.bench.common import TABLES, rules_of, tell
from tests.bench.polars_rules import PREDICATES, UNIQUE, finish, plain_of, repeated, with_keys

_ALL = 10**9  # extracts stop at 500 rows otherwise


def main(folder: Path, wanted: str, pairs: str = "") -> int:
    """Find all wrong rows with their keys, into one frame."""
    rules = rules_of(wanted)
    found = []
    for table in TABLES:
        frame = pl.read_parquet(folder / f"{table}.parquet")
        own = {rule: PREDICATES[rule] for rule in plain_of(rules, table)}
        own |= {rule: repeated(keys) for rule, (where, keys) in UNIQUE.items() if where == table and rule in rules}
        validation = pb.Validate(frame)
        for wrong in own.values():
            validation = validation.col_vals_expr(expr=~wrong.fill_null(False))
        validation = validation.interrogate(extract_limit=_ALL)
        for number, rule in enumerate(own, start=1):
            step = validation.validation_info[number - 1]
            if step.eval_error:
                raise SystemExit(f"{rule}: the step failed")
            extract = validation.get_data_extracts(i=number, frame=True)
            if extract is not None and len(extract):
                found.append(with_keys(extract.lazy(), rule).collect())
    tell(finish(pl.concat(found), pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
