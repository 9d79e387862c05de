"""Every wrong call or input: its exit code, one or two lines that help, and a warehouse as before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loaders.warehouse import Warehouse
from tests.audit.command import Answer, Command

OUTLETS = """许可证编号,单位名称,排放口编号,排放口名称,排放口经度,排放口纬度,排气筒高度（m）,排气筒出口内径（m）
91350100M000100Y43001P,甲厂,DA001,锅炉烟囱,117.1,36.7,35,1.2
91350100M000100Y43001P,甲厂,DA002,灰库,117.1,36.7001,十五米,0.5
"""


@pytest.fixture
def outlets(tmp_path: Path) -> Path:
    file = tmp_path / "大气排放口基本情况表.csv"
    file.write_text(OUTLETS, encoding="utf-8")
    return file


def is_helpful(answer: Answer, *words: str) -> None:
    lines = answer.err.strip().splitlines()
    assert 1 <= len(lines) <= 2, answer.err
    assert "Traceback" not in answer.err
    for word in words:
        assert word in answer.err


def content(workspace: Path) -> list[tuple[object, ...]]:
    with Warehouse(workspace / "warehouse.duckdb").reader() as connection:
        return connection.execute(
            "SELECT batch_id, file_name, rows_in FROM sheets"
            " UNION ALL SELECT batch_id, period, NULL FROM batches ORDER BY ALL"
        ).fetchall()


def test_load_counts_rows_and_contract_failures(permit_audit: Command, outlets: Path) -> None:
    answer = permit_audit("load", outlets, "--period", "2026Q3", "--json")
    assert answer.code == 0
    assert answer.json["loaded"] == {"air_outlets": 2}
    assert answer.json["rejected"] == {"air_outlets": 0}
    assert answer.json["contract_failures"] == 1


def test_row_without_permit_number_is_rejected_with_its_reason(permit_audit: Command, outlets: Path) -> None:
    outlets.write_text(OUTLETS + ",乙厂,DA001,烟囱,117.1,36.7,20,1\n", encoding="utf-8")
    answer = permit_audit("load", outlets, "--json")
    assert (answer.json["rows_in"], answer.json["loaded"], answer.json["rejected"]) == (
        3,
        {"air_outlets": 2},
        {"air_outlets": 1},
    )
    with Warehouse(permit_audit.workspace / "warehouse.duckdb").reader() as connection:
        row = connection.execute("SELECT source_row, reason, cells[2] FROM rejected_rows").fetchall()
    assert row[0][0] == 4
    assert "许可证编号" in row[0][1]
    assert row[0][2] == "乙厂"


def test_contract_failure_becomes_a_finding_with_its_cell(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    run = permit_audit("run", "--rule", "C-001", "--no-ledgers", "--json").json
    assert run["by_severity"] == {"严重": 0, "一般": 1, "提示": 0}
    finding = permit_audit("findings", "export", "--json").json["findings"][0]
    assert finding["rule_id"] == "C-001"
    assert finding["record"] == "排放口编号=DA002；列=排气筒高度（m）"
    assert "G3" in finding["message"]
    assert "十五米" in finding["message"]
    assert (finding["source_file"], finding["source_row"]) == (outlets.name, 3)


def test_same_file_again_changes_nothing_also_under_another_name(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    before = content(permit_audit.workspace)
    copy = outlets.with_name("副本.csv")
    shutil.copy(outlets, copy)
    for file in (outlets, copy):
        answer = permit_audit("load", file)
        assert answer.code == 0
        assert "未改动" in answer.err
    assert content(permit_audit.workspace) == before


def test_copy_in_the_same_folder_is_not_loaded_twice(permit_audit: Command, outlets: Path) -> None:
    shutil.copy(outlets, outlets.with_name("副本.csv"))
    answer = permit_audit("load", outlets.parent, "--json")
    assert answer.json["loaded"] == {"air_outlets": 2}
    assert answer.json["already_loaded"] == ["大气排放口基本情况表.csv"]


def test_folders_named_after_periods_become_batches_in_their_order(permit_audit: Command, outlets: Path) -> None:
    for period, height in (("2026Q3", "40"), ("2026Q2", "35")):
        folder = outlets.parent / "导出" / period
        folder.mkdir(parents=True)
        (folder / outlets.name).write_text(OUTLETS.replace(",35,", f",{height},"), encoding="utf-8")
    answer = permit_audit("load", outlets.parent / "导出", "--json")
    assert answer.json["batches"] == {"2026Q2": 1, "2026Q3": 2}
    permit_audit("run", "--rule", "C-001", "--no-ledgers")
    with Warehouse(permit_audit.workspace / "warehouse.duckdb").reader() as connection:
        heights = connection.execute("SELECT stack_height_m FROM cur.air_outlets ORDER BY outlet_code").fetchall()
    assert heights == [(40.0,), (None,)]


def test_dry_run_reports_and_writes_nothing(permit_audit: Command, outlets: Path) -> None:
    answer = permit_audit("load", outlets, "--dry-run", "--json")
    assert (answer.code, answer.json["loaded"], answer.json["batches"]) == (0, {"air_outlets": 2}, {})
    assert not permit_audit.workspace.exists()


def test_unknown_file_loads_nothing_of_the_call(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets, "--period", "2026Q2")
    before = content(permit_audit.workspace)
    (outlets.parent / "菜单.csv").write_text("菜名,价格\n面条,12\n", encoding="utf-8")
    answer = permit_audit("load", outlets.parent, "--period", "2026Q3")
    assert answer.code == 3
    is_helpful(answer, "菜单.csv", "认不出", "inspect")
    assert content(permit_audit.workspace) == before
    assert permit_audit("load", outlets.parent, "--period", "2026Q3", "--skip-unknown").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["load", "没有.csv"], 3, ["没有.csv", "找不到"]),
        (["lod"], 2, ["lod", "load"]),
        (["run", "--modul", "x"], 2, ["--modul", "--module"]),
        (["run", "--as-of", "昨天"], 2, ["--as-of", "YYYY-MM-DD"]),
        (["run"], 3, ["permit-audit load"]),
        (["findings", "list"], 3, ["permit-audit load"]),
        (["rules", "show", "G-0001"], 2, ["G-0001", "G-001"]),
        (["rules", "list", "--module", "固体废"], 2, ["固体废物"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wrong_call(permit_audit: Command, arguments: list[str], code: int, words: list[str]) -> None:
    answer = permit_audit(*arguments)
    assert answer.code == code
    is_helpful(answer, *words)


@pytest.mark.parametrize("period", ["2026-3", "三季度", "2026Q5"])
def test_wrong_period(permit_audit: Command, outlets: Path, period: str) -> None:
    answer = permit_audit("load", outlets, "--period", period)
    assert answer.code == 2
    is_helpful(answer, period, "2026Q3")


def test_failure_as_json_is_one_json_value(permit_audit: Command) -> None:
    answer = permit_audit("run", "--json")
    assert answer.code == 3
    assert answer.json["ok"] is False
    assert answer.json["exit_code"] == 3


def test_broken_rule_file_names_file_rule_and_right_name(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    rules = permit_audit.workspace / "rules"
    rules.mkdir()
    (rules / "本市.yaml").write_text(
        """
- id: JN-001
  name: stack_too_low
  title: 排气筒过低
  module: 废气排放口
  table: air_outlets
  expect: stack_heigth_m >= 15
  severity: 提示
  stage: 证中
  message: 排气筒 {outlet_code} 过低
  advice: 核实
  basis: [{doc: 本市要求, clause: 第一条, confidence: C}]
  examples:
    bad: {air_outlets: [{outlet_code: DA001, stack_height_m: 3}]}
    good: {air_outlets: [{outlet_code: DA001, stack_height_m: 30}]}
""",
        encoding="utf-8",
    )
    answer = permit_audit("run")
    assert answer.code == 2
    is_helpful(answer, "本市.yaml", "JN-001", "stack_heigth_m", "stack_height_m")


def test_rule_of_a_bureau_runs_with_one_file_added(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    rules = permit_audit.workspace / "rules"
    rules.mkdir()
    (rules / "本市.yaml").write_text(
        """
- id: JN-001
  name: stack_below_forty
  title: 排气筒低于本市要求
  module: 废气排放口
  table: air_outlets
  expect: stack_height_m >= $minimum_m
  severity: 提示
  stage: 证中
  message: 排放口 {outlet_code} 高 {stack_height_m} m
  advice: 核实
  basis: [{doc: 本市要求, clause: 第一条, confidence: C}]
  params: {minimum_m: {value: 40, source: 本市要求第一条}}
  examples:
    bad: {air_outlets: [{outlet_code: DA001, stack_height_m: 3}]}
    good: {air_outlets: [{outlet_code: DA001, stack_height_m: 40}]}
""",
        encoding="utf-8",
    )
    run = permit_audit("run", "--rule", "JN-001", "--no-ledgers", "--json")
    assert run.json["rules"] == [
        {
            "rule_id": "JN-001",
            "outcome": "有问题",
            "judged": 1,  # the other height cannot be read
            "violations": 1,
            "undecided": 1,
            "reason": "1 行无法判断",
            "is_mass": False,
        }
    ]


def test_wrong_configuration_names_the_setting(permit_audit: Command, outlets: Path) -> None:
    permit_audit.workspace.mkdir()
    (permit_audit.workspace / "config.toml").write_text('memory_limt = "2GB"\n', encoding="utf-8")
    answer = permit_audit("load", outlets)
    assert answer.code == 2
    is_helpful(answer, "config.toml", "memory_limt", "memory_limit")


def test_locked_warehouse_names_its_holder(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    with Warehouse(permit_audit.workspace / "warehouse.duckdb").writer("permit-audit run"):
        answer = permit_audit("load", outlets, "--period", "2026Q1", "--wait", "0")
    assert answer.code == 5
    is_helpful(answer, "permit-audit run", str(os.getpid()))


def test_fail_on_and_exit_one(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    assert permit_audit("run", "--rule", "C-001", "--no-ledgers", "--fail-on", "严重").code == 0
    assert permit_audit("run", "--rule", "C-001", "--no-ledgers", "--fail-on", "一般").code == 1


def test_unknown_district_lists_those_there_are(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    answer = permit_audit("run", "--district", "月球区")
    assert answer.code == 3
    is_helpful(answer, "月球区")


def test_full_disk(small_disk: Path, outlets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = Command(small_disk / "workspace", capsys)
    assert command("load", outlets).code == 0
    before = content(command.workspace)
    rows = "".join(
        f"91350100M000100Y43001P,甲厂,DA{i:06d},名称{i * 7919},117.1,36.7,{i % 97},1\n" for i in range(400_000)
    )
    big = outlets.with_name("big.csv")
    big.write_text(OUTLETS + rows, encoding="utf-8")
    answer = command("load", big)
    assert answer.code == 4
    is_helpful(answer, "磁盘已满")
    assert content(command.workspace) == before


def test_interrupt_leaves_130_and_no_traceback(
    permit_audit: Command, outlets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("audit.load.load_exports", interrupted)
    answer = permit_audit("load", outlets)
    assert answer.code == 130
    is_helpful(answer, "中断")


def test_help_imports_no_engine() -> None:
    program = (
        "import sys; sys.argv = ['permit-audit', '--help']\n"
        "from audit.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "heavy = {'duckdb', 'polars', 'pandera', 'pandas', 'great_expectations', 'openpyxl', 'sqlglot', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.strip().endswith("[]")


def test_every_command_has_help_with_an_example_or_a_sentence(permit_audit: Command) -> None:
    for path in (["load"], ["inspect"], ["run"], ["findings", "list"], ["findings", "export"], ["rules", "show"]):
        answer = permit_audit(*path, "--help")
        assert answer.code == 0
        assert "例：" in answer.out, path


def test_a_cell_that_is_no_number_is_not_told_as_empty_too(permit_audit: Command, outlets: Path) -> None:
    permit_audit("load", outlets)
    run = permit_audit("run", "--rule", "G-333", "--rule", "C-001", "--no-ledgers", "--json").json
    by_rule = {entry["rule_id"]: (entry["violations"], entry["undecided"]) for entry in run["rules"]}
    assert by_rule["C-001"][0] == 1
    assert by_rule["G-333"] == (0, 1)
