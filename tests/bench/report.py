"""The benchmark's result as Markdown, and put into ``docs/benchmarks.md`` between its marks.

``python -m tests.bench.report RESULT.json`` rewrites the section. No figure is written by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
START, END = "<!-- peers: made by make bench-docs -->\n", "<!-- end of peers -->\n"
OUR_NAME = "permit-audit"

_TITLES = {
    "60": "All 60 rules: 40 on one row, 5 of uniqueness, 7 across tables, 8 totals of a permit",
    "45": "The 45 rules that dataframely and pointblank can say: 40 on one row, 5 of uniqueness",
    "40": "The 40 rules on one row, against the floor: DuckDB reads and hashes every column that they use",
}
_HEAD = (
    "| tool | wall s | CPU s | peak MB | wall: ours ÷ it | CPU: ours ÷ it | memory: ours ÷ it |",
    "|---|--:|--:|--:|--:|--:|--:|",
)
_HOW = (
    "Measured {date}, {machine}, medians, runs: {runs}. A figure is of a whole fresh process from start to exit, "
    "imports and the reading of the parquet files included; the tools run in turn. Other work may have run on the "
    "machine: trust differences under 30 % only where CPU seconds agree. A ratio under 1 means that we need less."
)
_WHAT = (
    "What is compared: four canonical tables (permits; air outlets, five a permit; limits and monitoring plan, "
    "fifteen each) with seeded faults, and 60 rules written once as catalogue entries (`tests/bench/rules/`) and once "
    "more by hand for each peer. Every tool must find the same rows: sets of (rule, row) at 10,000 permits, counts of "
    "every rule above; where they differ the benchmark stops. Each peer but Great Expectations keeps every wrong row "
    "with its rule, row number and key columns, in memory. We keep more: the whole finding with its sentence, "
    "evidence, place in the source and fingerprint, and how many rows each rule judged. Our rules come from the kept "
    "catalogue, as in every run but the first after a change of rules.",
    "",
    "| tool | can say | keeps |",
    "|---|---|---|",
    "| DuckDB, Polars by hand | 60 | every row |",
    "| Pandera (Polars) | 60; the 20 that are not about one row are Polars joins inside a check | every row |",
    "| dataframely | 45; joins need common primary keys, which tables with repeated keys lack | every row |",
    "| pointblank (Polars) | 45; a step sees one table | every row, once `extract_limit` is raised |",
    "| Great Expectations (DuckDB) | 60, all as SQL queries, after its cursor was mended | counts; 200 rows a rule |",
)


def markdown(result: dict[str, Any]) -> str:
    """The whole section."""
    versions = ", ".join(f"{name} {number}" for name, number in result["versions"].items())
    lines = ["## Against general data validators", "", _HOW.format(**result), ""]
    lines += [f"Run it again: `make bench`, then `make bench-docs`. Versions: {versions}.", "", *_WHAT]
    for permits, contests in result["sizes"].items():
        for wanted, contest in contests.items():
            found = f"{contest['findings']:,} wrong rows, the same for all."
            if contest.get("load"):
                found += f" Load average of the machine at the end: {contest['load']}."
            lines += ["", f"### {int(permits):,} permits, {wanted} rules", "", f"{_TITLES[wanted]}; {found}", ""]
            lines += table(contest["tools"])
    return "\n".join(lines) + "\n"


def table(tools: dict[str, dict[str, list[float]]]) -> list[str]:
    """One line a tool, ours first, with ratios of medians."""
    middle = {name: {kind: median(values) for kind, values in kinds.items()} for name, kinds in tools.items()}
    ours = middle[OUR_NAME]
    lines = list(_HEAD)
    for name, figures in sorted(middle.items(), key=lambda item: (item[0] != OUR_NAME, item[1]["wall"])):
        start = f"| {name} | {figures['wall']:.2f} | {figures['cpu']:.2f} | {figures['peak_mb']:.0f}"
        ratios = [f"{ours[kind] / figures[kind]:.2f}" for kind in ("wall", "cpu", "peak_mb")]
        lines.append(f"{start} | {' | '.join(ratios if name != OUR_NAME else ['', '', ''])} |")
    return lines


def put(section: str) -> None:
    """Write the section into the page, in the place of the former one."""
    page = PAGE.read_text(encoding="utf-8")
    before, mark, rest = page.partition(START)
    after = rest.partition(END)[2]
    if not mark:
        before = before.rstrip() + "\n\n"
    PAGE.write_text(f"{before}{START}{section}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    put(markdown(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
