"""The benchmark: every tool in its own fresh process, in turn, over the same rules and the same parquet files.

``python -m tests.bench.run [--permits N …] [--runs N] [--only TOOL …]`` writes ``result.json`` and
``result.md`` into BENCH_DIR (default ``.bench``). First every tool writes the wrong rows that it finds; if
they differ from ours, nothing is measured. Every measured run must give the same counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.measure import OURS, PEERS, ROOT, Measured, machine, run
from tests.bench.report import markdown

FOLDER = Path(os.environ.get("BENCH_DIR") or ROOT / ".bench").resolve()
SET_CHECK_UP_TO = 10_000  # permits; above, the counts of all rules are compared


@dataclass(frozen=True)
class Tool:
    """One way to say the rules. ``cap``: it keeps so many rows of a rule at most, 0 = all."""

    name: str
    module: str
    sets: tuple[str, ...]
    way: tuple[str, ...] = ()
    python: str = PEERS
    cap: int = 0

    def command(self, folder: Path, wanted: str, pairs: Path | None = None) -> list[str]:
        """The command that finds the wrong rows of a set of rules."""
        tail = [str(pairs)] if pairs else []
        return [self.python, "-m", f"tests.bench.{self.module}", str(folder), wanted, *self.way, *tail]


OUR_NAME = "permit-audit"
ALL = ("60", "45")
TOOLS = (
    Tool(OUR_NAME, "ours", ("60", "45", "40"), python=OURS),
    Tool("DuckDB, one query a rule", "duckdb_sql", ALL, ("each",)),
    Tool("DuckDB, plain rules fused", "duckdb_sql", ALL, ("fused",)),
    Tool("Polars", "polars_expr", ALL),
    Tool("dataframely", "dataframely_rules", ("45",)),
    Tool("pointblank", "pointblank_steps", ("45",)),
    Tool("Pandera", "pandera_checks", ALL),
    Tool("Great Expectations", "gx_suite", ("60",), cap=200),
)
FLOOR = Tool("floor: DuckDB hashes the columns", "floor", ("40",))


class Disagreement(Exception):
    """Two tools found different rows."""


def environment() -> dict[str, str]:
    """What every process gets: our compiled catalogue is kept, as Python keeps the peers' compiled rules."""
    return {"BENCH_CACHE": str(FOLDER / "catalogue"), "PYTHONPATH": str(ROOT)}


def workload(permits: int) -> Path:
    """The folder with the tables of so many permits."""
    folder = FOLDER / f"{permits}"
    run([OURS, "-m", "tests.bench.workload", str(folder), str(permits)])
    return folder


def counts_of(measured: Measured) -> dict[str, int]:
    """What a tool printed last."""
    return dict(json.loads(measured.out.strip().splitlines()[-1]))


def check(tools: list[Tool], folder: Path, wanted: str, permits: int) -> dict[str, int]:
    """The counts that all must give: ours, and where the rows are few enough, rows that all tools agree on.

    Disagreement if they do not. It warms up what runs here, our kept catalogue first of all.
    """
    if permits > SET_CHECK_UP_TO:
        return counts_of(
            run(next(tool for tool in tools if tool.name == OUR_NAME).command(folder, wanted), environment())
        )
    agreed: dict[str, int] = {}
    pairs = {tool.name: folder / f"{tool.module}{''.join(tool.way)}-{wanted}.parquet" for tool in tools}
    for tool in tools:
        counts = counts_of(run(tool.command(folder, wanted, pairs[tool.name]), environment()))
        agreed = agreed or counts
        expect(tool, counts, agreed)
        if tool.name != OUR_NAME:
            command = [OURS, "-m", "tests.bench.compare", pairs[OUR_NAME], pairs[tool.name], wanted, str(tool.cap)]
            done = subprocess.run(
                [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise Disagreement(f"{tool.name}: other rows than {OUR_NAME}\n{done.stdout}{done.stderr}")
    for file in pairs.values():
        file.unlink()
    return agreed


def expect(tool: Tool, counts: dict[str, int], agreed: dict[str, int]) -> None:
    """Disagreement if a tool counts otherwise."""
    if counts != agreed:
        rules = sorted(rule for rule in {*counts, *agreed} if counts.get(rule) != agreed.get(rule))
        lines = [f"{rule}: {counts.get(rule, 0)}, others {agreed.get(rule, 0)}" for rule in rules]
        raise Disagreement("\n".join([f"{tool.name}: other counts", *lines]))


def contest(tools: list[Tool], folder: Path, wanted: str, permits: int, runs: int) -> dict[str, Any]:
    """Measure these tools on one set of rules, in turn."""
    agreed = check([tool for tool in tools if tool is not FLOOR], folder, wanted, permits)
    measured: dict[str, list[Measured]] = {tool.name: [] for tool in tools}
    for _ in range(runs):
        for tool in tools:
            one = run(tool.command(folder, wanted), environment())
            if tool is not FLOOR:
                expect(tool, counts_of(one), agreed)
            measured[tool.name].append(one)
    return {
        "rules": int(wanted),
        "findings": sum(agreed.values()),
        "load": round(os.getloadavg()[0], 1),
        "tools": {
            name: {
                "wall": [round(one.wall, 3) for one in ones],
                "cpu": [round(one.cpu, 3) for one in ones],
                "peak_mb": [round(one.peak_mb) for one in ones],
            }
            for name, ones in measured.items()
        },
    }


def versions() -> dict[str, str]:
    """What was compared."""
    lines = (ROOT / "tests" / "bench" / "requirements-peers.txt").read_text(encoding="utf-8").splitlines()
    peers = dict(line.split("==") for line in lines if "==" in line)
    return {OUR_NAME: version("permit-audit"), **peers}


def keep(result: dict[str, Any]) -> None:
    """Write what is known so far; a long benchmark may be stopped."""
    (FOLDER / "result.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    (FOLDER / "result.md").write_text(markdown(result), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark as the command line says; 1 if the tools disagree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--permits", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[], help="modules of the peers to run (default: all)")
    args = parser.parse_args(arguments)
    peers = [tool for tool in TOOLS if not args.only or tool.module in (*args.only, "ours")]
    result: dict[str, Any] = {
        "date": date.today().isoformat(), "machine": machine(), "runs": args.runs, "versions": versions(), "sizes": {},
    }  # fmt: skip
    try:
        for permits in args.permits:
            folder = workload(permits)
            contests = {}
            for wanted in ("60", "45", "40"):
                tools = [tool for tool in peers if wanted in tool.sets] + ([FLOOR] if wanted == "40" else [])
                contests[wanted] = contest(tools, folder, wanted, permits, args.runs)
                result["sizes"][str(permits)] = contests
                keep(result)
    except Disagreement as difference:
        sys.stderr.write(f"The tools disagree, so nothing is compared.\n{difference}\n")
        return 1
    sys.stdout.write(markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
