"""The floor under the plain rules: DuckDB reads and hashes every column that they use, and finds nothing.

A count or a maximum would be answered from parquet statistics; a hash of every cell forces the read.
``python -m tests.bench.floor FOLDER 40``
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb

from tests.bench.common import TABLE_OF, rules_of
from tests.bench.sql_rules import PREDICATES, key_columns


def main(folder: Path, wanted: str) -> int:
    """Hash the columns of the plain rules and those that name a finding."""
    connection = duckdb.connect(":memory:")
    for letter, table in TABLE_OF.items():
        file = folder / f"{table}.parquet"
        known = [name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]
        texts = " ".join(PREDICATES[rule] for rule in rules_of(wanted) if rule[2] == letter) + key_columns(table)
        used = [name for name in known if name == "rid" or re.search(rf"\b{name}\b", texts)]
        connection.execute(f"SELECT {', '.join(f'bit_xor(hash({name}))' for name in used)} FROM '{file}'").fetchall()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
