"""The benchmark's tools find the same rows, and it refuses to compare when they do not. Never about time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from checks import catalogue as catalogues
from tests.bench import compare, report
from tests.bench.common import SETS, TABLE_OF, rules_of
from tests.bench.measure import PEERS, ROOT
from tests.bench.ours import RULES
from tests.bench.polars_rules import JOINS
from tests.bench.polars_rules import PREDICATES as EXPRESSIONS
from tests.bench.run import Disagreement, Tool, expect
from tests.bench.sql_rules import PREDICATES, QUERIES

PERMITS = 500


def _run(module: str, *arguments: object) -> dict[str, int]:
    command = [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout or "{}"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bench")
    _run("workload", place, PERMITS)
    return place


@pytest.fixture(scope="module")
def ours(folder: Path) -> dict[str, int]:
    return _run("ours", folder, 60, folder / "ours.parquet")


def test_every_rule_is_said_by_everybody():
    everything = set(rules_of("60"))
    catalogue = catalogues.load([RULES], is_builtin=False)
    assert set(catalogue.rules) == everything
    assert set(PREDICATES) | set(QUERIES) == everything
    assert set(EXPRESSIONS) | set(JOINS) == everything
    assert {wanted: len(rules) for wanted, rules in SETS.items()} == {"40": 40, "45": 45, "60": 60}
    assert all(catalogue.rules[rule].table == TABLE_OF[rule[2]] for rule in rules_of("40"))


def test_every_rule_finds_something(ours: dict[str, int]):
    assert set(ours) == set(rules_of("60"))


@pytest.mark.parametrize(
    ("module", "way"),
    [("duckdb_sql", ["each"]), ("duckdb_sql", ["fused"]), ("polars_expr", []), ("pandera_checks", [])],
)
def test_the_same_rows(folder: Path, ours: dict[str, int], module: str, way: list[str]):
    pairs = folder / f"{module}{''.join(way)}.parquet"
    assert _run(module, folder, 60, *way, pairs) == ours
    assert compare.differences(str(folder / "ours.parquet"), str(pairs), "60") == []


def test_all_peers_find_the_same_rows(tmp_path: Path):
    if not Path(PEERS).exists():
        pytest.skip("needs the peers of `make bench`")
    environment = {**os.environ, "BENCH_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.bench.run", "--permits", "500", "--runs", "1"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "result.json").exists()


def test_a_missing_row_a_false_row_and_a_repeated_row_are_differences(folder: Path, ours: dict[str, int]):
    good = str(folder / "ours.parquet")
    rows = pl.read_parquet(good)
    bad = str(folder / "bad.parquet")
    rows.slice(1).write_parquet(bad)
    assert compare.differences(good, bad, "60") == [f"{rows['rule'][0]}: 1 missing"]
    pl.concat([rows, rows.head(1).with_columns(rid=pl.lit(5, dtype=pl.Int64))]).write_parquet(bad)
    assert compare.differences(good, bad, "60") == [f"{rows['rule'][0]}: 1 more than ours"]
    pl.concat([rows, rows.head(1)]).write_parquet(bad)
    assert compare.differences(good, bad, "60") == [f"{bad}: rows told twice"]


def test_rows_may_be_missing_only_where_a_tool_keeps_no_more(folder: Path, ours: dict[str, int]):
    good = str(folder / "ours.parquet")
    rows = pl.read_parquet(good)
    most = rows["rule"].value_counts().sort("count").row(-1)[0]
    capped = str(folder / "capped.parquet")
    pl.concat([rows.filter(pl.col("rule") != most), rows.filter(pl.col("rule") == most).head(20)]).write_parquet(capped)
    assert compare.differences(good, capped, "60", cap=20) == []
    assert compare.differences(good, capped, "60", cap=21) != []


def test_other_counts_stop_the_benchmark():
    with pytest.raises(Disagreement, match="B-P01: 3, others 4"):
        expect(Tool("peer", "peer", ("60",)), {"B-P01": 3}, {"B-P01": 4})


def test_ratios_are_ours_by_theirs():
    tools = {
        "permit-audit": {"wall": [1.0, 9.0, 2.0], "cpu": [1.0], "peak_mb": [100]},
        "peer": {"wall": [4.0], "cpu": [2.0], "peak_mb": [50]},
    }
    assert report.table(tools)[2:] == [
        "| permit-audit | 2.00 | 1.00 | 100 |  |  |  |",
        "| peer | 4.00 | 2.00 | 50 | 0.50 | 0.50 | 2.00 |",
    ]


def test_the_section_is_replaced_not_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\nother\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    report.put("first\n")
    report.put("second\n")
    assert page.read_text(encoding="utf-8") == f"# Benchmarks\n\nother\n\n{report.START}second\n{report.END}"
