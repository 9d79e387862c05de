"""What every process of the benchmark shares: the day, the tables, the rules by name. Imports nothing heavy."""

from __future__ import annotations

import json
import sys
from datetime import date

AS_OF = date(2026, 10, 31)
TABLES = ("permits", "air_outlets", "air_limits", "monitoring_plan")
#: What a finding tells beside its rule and row: the permit and the record inside it.
KEYS = {
    "permits": ("subject",),
    "air_outlets": ("subject", "outlet_code"),
    "air_limits": ("subject", "outlet_code", "pollutant"),
    "monitoring_plan": ("subject", "outlet_code", "pollutant"),
}
TABLE_OF = {"P": "permits", "O": "air_outlets", "L": "air_limits", "M": "monitoring_plan"}


def _ids(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"B-{letter}{number:02}" for number in range(1, count + 1))


PLAIN = (*_ids("P", 15), *_ids("O", 8), *_ids("L", 9), *_ids("M", 8))
UNIQUE = _ids("U", 5)
RELATIONAL = _ids("R", 7)
AGGREGATES = _ids("A", 8)
SETS = {"40": PLAIN, "45": (*PLAIN, *UNIQUE), "60": (*PLAIN, *UNIQUE, *RELATIONAL, *AGGREGATES)}


def rules_of(wanted: str) -> tuple[str, ...]:
    """The ids of a set of rules: 40 plain ones, 45 with uniqueness, 60 with joins and aggregates."""
    return SETS[wanted]


def tell(counts: dict[str, int]) -> None:
    """Print how many rows each rule found; the runner compares."""
    sys.stdout.write(json.dumps(dict(sorted(counts.items()))))
