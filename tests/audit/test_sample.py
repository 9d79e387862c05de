"""The promise of the whole job: nothing found where nothing is wrong, everything found that was planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit import history
from audit.load import load_exports, warehouse_of
from audit.run import RunOptions, run_audit
from audit.workspace import Workspace
from checks.model import Outcome
from loaders.warehouse import Warehouse
from reports.export import export_findings
from tests.golden import AS_OF, SAMPLE, Judgement, judge_folder, planted


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Judgement:
    return judge_folder(SAMPLE / "clean", Workspace(tmp_path_factory.mktemp("clean") / "w"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("planted") / "w")


@pytest.fixture(scope="module")
def dirty(workspace: Workspace) -> Judgement:
    return judge_folder(SAMPLE / "planted", workspace)


def test_clean_sample_has_no_finding_and_no_rejected_row(clean: Judgement) -> None:
    assert dict(clean.findings) == {}
    assert clean.rejected == 0
    assert clean.subjects > 700


def test_planted_sample_gives_exactly_what_was_planted(dirty: Judgement) -> None:
    assert dict(planted(dirty.newest) - dirty.findings) == {}, "missed"
    assert dict(dirty.findings - planted(dirty.newest)) == {}, "false"


def test_no_rule_crashed(clean: Judgement, dirty: Judgement) -> None:
    for judgement in (clean, dirty):
        assert [result for result in judgement.results.values() if result.outcome == Outcome.ERROR] == []


def test_run_again_gives_byte_identical_findings(dirty: Judgement, workspace: Workspace, tmp_path: Path) -> None:
    files = []
    for name in ("first", "second"):
        if files:
            run_audit(workspace, RunOptions(AS_OF))
        with warehouse_of(workspace).reader() as connection:
            frame = history.read_findings(connection, history.latest_run(connection))
        for form in ("csv", "json"):
            files.append(tmp_path / f"{name}.{form}")
            export_findings(frame.select(history.EXPORT_COLUMNS), files[-1], form)
    first_csv, first_json, second_csv, second_json = (file.read_bytes() for file in files)
    assert first_csv == second_csv
    assert first_json == second_json
    assert len(first_csv) > 10_000


def test_loading_the_same_folder_again_changes_nothing(dirty: Judgement, workspace: Workspace) -> None:
    def state() -> list[tuple[object, ...]]:
        with Warehouse(workspace.warehouse_file).reader() as connection:
            return connection.execute(
                "SELECT table_name, estimated_size FROM duckdb_tables()"
                " WHERE schema_name IN ('data', 'main') ORDER BY 1"
            ).fetchall()

    before = state()
    report = load_exports(workspace, [SAMPLE / "planted"])
    assert report.batches == {}
    assert report.rows_in == 0
    assert state() == before
