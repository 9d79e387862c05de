"""All rules on the sample with planted faults: Spark says exactly what DuckDB says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.lake import export_lake
from audit.load import load_exports, warehouse_of
from audit.run import RunOptions, RunSummary, run_audit
from audit.workspace import Workspace
from checks.engine import FINDING_COLUMNS
from tests.golden import AS_OF, SAMPLE
from tests.spark.conftest import CONF, MASTER, missing

if TYPE_CHECKING:
    import duckdb

COLUMNS = ", ".join(name for name in FINDING_COLUMNS if name != "run_id")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    if missing():
        pytest.skip(missing())
    workspace = Workspace(tmp_path_factory.mktemp("planted") / "w")
    load_exports(workspace, [SAMPLE / "planted"])
    conf = "\n".join(f'"{name}" = "{value}"' for name, value in CONF.items())
    (workspace.folder / "config.toml").write_text(f'[spark]\nmaster = "{MASTER}"\n[spark.conf]\n{conf}\n')
    return workspace


@pytest.fixture(scope="module")
def runs(workspace: Workspace) -> dict[str, RunSummary]:
    export_lake(workspace, workspace.lake)
    return {engine: run_audit(workspace, RunOptions(AS_OF, engine=engine)) for engine in ("duckdb", "spark")}


def _findings(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT {COLUMNS} FROM findings WHERE run_id = ? ORDER BY ALL", [run_id]).fetchall()


def test_every_rule_has_the_same_outcome(runs: dict[str, RunSummary]) -> None:
    def said(summary: RunSummary) -> dict[str, tuple[Any, ...]]:
        return {
            result.rule_id: (
                str(result.outcome),
                result.judged,
                result.violations,
                result.undecided,
                result.reason,
                result.is_mass,
            )
            for result in summary.results
        }

    mine, other = said(runs["duckdb"]), said(runs["spark"])
    assert {rule: (mine[rule], other[rule]) for rule in mine if mine[rule] != other[rule]} == {}
    assert mine.keys() == other.keys()


def test_findings_are_the_same_in_all_columns(workspace: Workspace, runs: dict[str, RunSummary]) -> None:
    with warehouse_of(workspace).reader() as connection:
        mine, other = (_findings(connection, runs[engine].run_id) for engine in ("duckdb", "spark"))
        engines = connection.execute("SELECT engine FROM runs ORDER BY started").fetchall()
    assert len(mine) > 3000
    assert [pair for pair in zip(mine, other, strict=False) if pair[0] != pair[1]][:5] == []
    assert len(mine) == len(other)
    assert engines == [("duckdb",), ("spark",)]


def test_a_lake_of_another_state_is_refused(workspace: Workspace, runs: dict[str, RunSummary]) -> None:
    from checks.errors import UserError

    with pytest.raises(UserError, match="重新导出"):
        run_audit(workspace, RunOptions(AS_OF, period="2026Q2", engine="spark"))


def test_one_district_is_judged_alone(workspace: Workspace, runs: dict[str, RunSummary], tmp_path: Path) -> None:
    with warehouse_of(workspace).reader() as connection:
        district = connection.execute("SELECT min(district) FROM findings").fetchall()[0][0]
    pair = [
        run_audit(workspace, RunOptions(AS_OF, districts=(district,), rules=("G-001", "G-129", "G-190"), engine=engine))
        for engine in ("duckdb", "spark")
    ]
    with warehouse_of(workspace).reader() as connection:
        mine, other = (_findings(connection, summary.run_id) for summary in pair)
    assert mine == other
