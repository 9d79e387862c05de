"""Whether two tools found the same wrong rows: prints every rule in which they differ, exit 1 if there is one.

``python -m tests.bench.compare OURS PEER RULES [CAP]``; with CAP a peer may keep that many rows of a rule at most.
"""

from __future__ import annotations

import sys

import polars as pl

from tests.bench.common import rules_of


def differences(ours: str, peer: str, wanted: str, cap: int = 0) -> list[str]:
    """A line for every rule of which the rows differ, and for rows told twice."""
    frames = []
    for file in (ours, peer):
        frame = pl.read_parquet(file).select(pl.col("rule").cast(pl.String), pl.col("rid").cast(pl.Int64))
        frame = frame.filter(pl.col("rule").is_in(rules_of(wanted)))
        if frame.is_duplicated().any():
            return [f"{file}: rows told twice"]
        frames.append(frame)
    own, other = frames
    missing = own.join(other, on=["rule", "rid"], how="anti").group_by("rule").len()
    extra = other.join(own, on=["rule", "rid"], how="anti").group_by("rule").len()
    kept = dict(other.group_by("rule").len().rows())
    lines = [f"{rule}: {count} missing" for rule, count in missing.rows() if not cap or kept.get(rule, 0) != cap]
    return sorted(lines + [f"{rule}: {count} more than ours" for rule, count in extra.rows()])


if __name__ == "__main__":
    found = differences(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 0)
    print("\n".join(found))
    sys.exit(bool(found))
