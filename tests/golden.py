"""The whole job on the sample: recall and precision of every rule, printed by ``python -m tests.golden``.

The clean city must give nothing; the city with planted faults must give exactly what was planted.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from audit import history
from audit.load import load_exports, warehouse_of
from audit.run import RunOptions, run_audit
from audit.workspace import Workspace
from checks.model import RuleResult

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
AS_OF = dt.date(2026, 10, 31)

Key = tuple[str, str, str]  # permit, rule, record


@dataclass(frozen=True)
class Judgement:
    """One run on one folder of exports. ``newest``: permits of the last quarter's export."""

    findings: Counter[Key]
    results: dict[str, RuleResult]
    subjects: int
    rows: int
    rejected: int
    newest: frozenset[str]


def judge_folder(folder: Path, workspace: Workspace) -> Judgement:
    """Load a folder of exports into a fresh workspace and audit it."""
    report = load_exports(workspace, [folder])
    summary = run_audit(workspace, RunOptions(AS_OF))
    with warehouse_of(workspace).reader() as connection:
        rows = history.read_findings(connection, summary.run_id).select("permit_no", "rule_id", "record").rows()
        newest = connection.execute(
            "SELECT DISTINCT subject FROM presence WHERE batch_id = (SELECT max(batch_id) FROM batches)"
        ).fetchall()
    results = {result.rule_id: result for result in summary.results}
    return Judgement(
        Counter((permit or "", rule, record) for permit, rule, record in rows),
        results,
        summary.subjects,
        report.rows_in,
        sum(report.rejected.values()),
        frozenset(subject for (subject,) in newest),
    )


def planted(newest: frozenset[str]) -> Counter[Key]:
    """The findings that must come: what a permit's older export had wrong is gone with its newer export."""
    with (SAMPLE / "planted.csv").open(encoding="utf-8-sig", newline="") as handle:
        return Counter(
            (row["permit_no"], row["rule_id"], row["record"])
            for row in csv.DictReader(handle)
            if not (row["period"] == "2026Q2" and row["permit_no"] in newest)
        )


def print_rules(found: Judgement, expected: Counter[Key]) -> None:
    """One line per rule: planted, found, missed, false, judged."""
    print("rule      planted found missed false   judged")
    rules = sorted({*(key[1] for key in expected), *found.results})
    for rule in rules:
        want = {key: count for key, count in expected.items() if key[1] == rule}
        got = {key: count for key, count in found.findings.items() if key[1] == rule}
        missed = sum((Counter(want) - Counter(got)).values())
        false = sum((Counter(got) - Counter(want)).values())
        judged = found.results[rule].judged if rule in found.results else 0
        print(f"{rule:9} {sum(want.values()):7} {sum(got.values()):5} {missed:6} {false:5} {judged:8}")


def main() -> int:
    """Print the comparison; 1 when anything is missed or falsely found."""
    with tempfile.TemporaryDirectory() as folder:
        clean = judge_folder(SAMPLE / "clean", Workspace(Path(folder) / "clean"))
        dirty = judge_folder(SAMPLE / "planted", Workspace(Path(folder) / "planted"))
    expected = planted(dirty.newest)
    print_rules(dirty, expected)
    missed, false = expected - dirty.findings, dirty.findings - expected
    hits = sum((expected & dirty.findings).values())
    print(f"clean:   {clean.subjects} units, {clean.rows} rows, {sum(clean.findings.values())} findings")
    print(f"planted: {dirty.subjects} units, {dirty.rows} rows, {sum(dirty.findings.values())} findings")
    print(f"recall    {hits / max(1, sum(expected.values())):.2%} ({hits}/{sum(expected.values())})")
    print(f"precision {hits / max(1, sum(dirty.findings.values())):.2%} ({hits}/{sum(dirty.findings.values())})")
    for title, keys in (("missed", missed), ("false", false), ("false on clean", clean.findings)):
        for key in sorted(keys, key=str)[:20]:
            print(f"{title}: {key}")
    return 1 if missed or false or clean.findings else 0


if __name__ == "__main__":
    sys.exit(main())
