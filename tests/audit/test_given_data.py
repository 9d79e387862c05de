"""Whole permits without problems give no finding; real records are loaded or rejected, every one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import history
from audit.load import load_exports, warehouse_of
from audit.run import RunOptions, run_audit
from audit.workspace import Workspace
from checks.errors import UserError
from checks.model import Outcome

#: Records of each file that is permit data, as its README counts them.
RECORDS = {
    "permit_list_shanghai_2020.xlsx": 91,
    "outlets_shanghai_2020.csv": 5363,
    "outlet_limits_shanghai_2020.csv": 13411,
    "key_polluters_shanghai_2020.xlsx": 1166,
    "enterprises_ningxia_2020.csv": 113,
    "execution_reports_index.csv": 75,
    "manual_monitoring_shanghai_2020.xlsx": 685,
    "permit_numbers_misc.csv": 2,
}


@pytest.mark.parametrize("as_of", [dt.date(2026, 10, 31), dt.date(2026, 11, 25)], ids=str)
def test_forms_load_whole_and_give_no_finding(forms_dir: Path, tmp_path: Path, as_of: dt.date) -> None:
    workspace = Workspace(tmp_path / "w")
    report = load_exports(workspace, [forms_dir])
    assert (report.unmatched, report.skipped) == ([], [])
    assert sum(report.rejected.values()) == 0
    assert report.contract_failures == 0
    files = {file.name for file in forms_dir.iterdir() if file.suffix != ".md"}
    assert {sheet.file for sheet in report.sheets} == files
    summary = run_audit(workspace, RunOptions(as_of))
    with warehouse_of(workspace).reader() as connection:
        found = history.read_findings(connection, summary.run_id).select("rule_id", "permit_no", "message").rows()
    assert found == []
    assert not summary.crashed
    assert sum(result.outcome == Outcome.PASSED for result in summary.results) > 60


@pytest.fixture(scope="module")
def real(real_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("real") / "w")
    load_exports(workspace, [real_dir], period="2020", skip_unknown=True)
    run_audit(workspace, RunOptions(dt.date(2026, 10, 31)))
    return workspace


def test_every_record_of_real_files_is_loaded_or_rejected(real: Workspace) -> None:
    with warehouse_of(real).reader() as connection:
        rows = dict(connection.execute("SELECT file_name, sum(rows_in) FROM sheets GROUP BY 1").fetchall())
        reasons = connection.execute("SELECT count(*) FROM rejected_rows WHERE coalesce(reason, '') = ''").fetchall()
        details = connection.execute(
            "SELECT count(*) FROM data.permit_records JOIN sources USING (source_id)"
            " WHERE file_name = 'permit_detail_samples.json'"
        ).fetchall()
    assert {name: rows[name] for name in RECORDS} == RECORDS
    assert details == [(2,)]
    assert reasons == [(0,)]


def test_files_that_are_no_permit_data_are_refused_by_name(real_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        load_exports(Workspace(tmp_path / "w"), [real_dir], period="2020")
    refused = {line.split("：")[0] for line in error.value.message.splitlines()[:-1]}
    permit_data = {*RECORDS, "permit_detail_samples.json", "README.md"}
    assert refused == {file.name for file in real_dir.iterdir()} - permit_data


def test_real_findings_are_real_faults(real: Workspace) -> None:
    with warehouse_of(real).reader() as connection:
        found = history.read_findings(connection, history.latest_run(connection))
    by_rule = {rule: group["message"].to_list() for (rule,), group in found.group_by("rule_id")}
    assert any("MAOMX52N1X" in message for message in by_rule["G-303"]), "a code with the letter O for zero"
    assert len(by_rule["C-010"]) == 36, "empty permit numbers"
    assert sorted(message.split("，")[0].split("：")[1] for message in by_rule["C-001"])[-1] == "8mg/L"
    assert len([message for message in by_rule["C-020"] if "mg/L" in message]) == 213


@pytest.mark.parametrize(
    "kept",
    [
        lambda name: name.startswith("大气排放口基本情况表"),
        lambda name: not name.startswith("自行监测"),
        lambda name: not name.startswith(("排污单位基本信息表", "排污许可证企业信息数据")),
        lambda name: not name.startswith(("大气污染物有组织", "废水污染物排放.")),
    ],
    ids=["one table alone", "without monitoring", "without basic data", "without limits"],
)
def test_partial_exports_accuse_nobody(forms_dir: Path, tmp_path: Path, kept: Callable[[str], bool]) -> None:
    files = [file for file in forms_dir.iterdir() if file.suffix != ".md" and kept(file.name)]
    workspace = Workspace(tmp_path / "w")
    load_exports(workspace, files)
    summary = run_audit(workspace, RunOptions(dt.date(2026, 10, 31)))
    assert summary.findings == 0
    not_run = [result for result in summary.results if result.outcome == Outcome.NOT_RUN]
    assert not_run
    assert all(result.reason for result in not_run)
