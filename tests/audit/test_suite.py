"""``permit-audit suite``: two judges that agree on every rule, and a warehouse that stays as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from audit import suite as suites
from audit.load import load_exports, warehouse_of
from audit.run import RunOptions, run_audit
from audit.suite import SuiteOptions, run_module_suite
from audit.workspace import Workspace
from checks import catalogue as catalogues
from checks.model import Outcome, RuleResult
from tests.audit.command import Command
from tests.golden import AS_OF, SAMPLE

MODULE = "管理类别"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("suites") / "w")
    load_exports(workspace, [SAMPLE / "planted"])
    return workspace


@pytest.fixture(scope="module")
def engine(workspace: Workspace) -> dict[str, RuleResult]:
    return {result.rule_id: result for result in run_audit(workspace, RunOptions(AS_OF)).results}


@pytest.fixture
def call(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(workspace.folder, capsys)


def test_counts_equal_those_of_the_run_for_every_rule_of_every_module(
    workspace: Workspace, engine: dict[str, RuleResult]
) -> None:
    catalogue = catalogues.load(cache=workspace.cache)
    names = dict.fromkeys(rule.module for rule in catalogue.select())
    lines = [line for name in names for line in run_module_suite(workspace, SuiteOptions(name, AS_OF)).lines]
    assert {line.rule.id for line in lines} == set(catalogue.rules)
    assert [(line.rule.id, line.fault) for line in lines if line.fault] == []
    assert {line.rule.id: line.count for line in lines} == {
        rule: engine[rule].violations if engine[rule].outcome != Outcome.NOT_RUN else None for rule in catalogue.rules
    }
    assert sum(line.count or 0 for line in lines) > 3000


def test_permits_and_districts_cut_down_both_judges(workspace: Workspace) -> None:
    whole = run_module_suite(workspace, SuiteOptions(MODULE, AS_OF))
    with warehouse_of(workspace).reader() as connection:
        permits = [
            row[0]
            for row in connection.execute(
                "SELECT permit_no FROM cur.subjects WHERE permit_no IS NOT NULL ORDER BY 1 LIMIT 100"
            ).fetchall()
        ]
    for options in (
        SuiteOptions(MODULE, AS_OF, permits=permits),
        SuiteOptions(MODULE, AS_OF, districts=["历城区", "章丘区"]),
    ):
        part = run_module_suite(workspace, options)
        assert part.faults == []
        assert 0 < part.units < whole.units
        assert 0 < sum(line.count or 0 for line in part.lines) < sum(line.count or 0 for line in whole.lines)


def test_the_warehouse_stays_as_it_was_and_docs_are_written(
    call: Command, workspace: Workspace, tmp_path: Path
) -> None:
    before = workspace.warehouse_file.read_bytes()
    answer = call("suite", "management-class", "--as-of", AS_OF, "--docs", tmp_path / "docs", "--json")
    assert answer.code == 0, answer.err
    assert workspace.warehouse_file.read_bytes() == before
    assert answer.err == ""
    rules = answer.json["rules"]
    assert all(rule["observed_value"] == rule["violations"] for rule in rules)
    (page,) = (tmp_path / "docs" / "validations").rglob("*.html")
    shown = page.read_text(encoding="utf-8")
    assert all(rule["rule_id"] in shown and rule["title"] in shown for rule in rules)
    again = call("suite", MODULE, "--docs", tmp_path / "docs")
    assert again.code == 2
    assert "不是空的" in again.err
    assert page.is_file()


def test_the_table_names_rule_and_counts(call: Command) -> None:
    answer = call("suite", MODULE, "--as-of", AS_OF)
    assert answer.code == 0
    assert "G-022" in answer.out
    assert "GX 计数" in answer.out
    assert "7 条规则" in answer.err


def test_rules_that_the_engine_did_not_run_are_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file,) = (SAMPLE / "planted" / "2026Q3").glob("*自行贮存*.xlsx")
    call = Command(tmp_path / "w", capsys)
    assert call("load", file, "--period", "2026Q3").code == 0
    answer = call("suite", "固体废物", "--as-of", AS_OF)
    assert answer.code == 0, answer.err
    assert "未运行 G-130" in answer.err
    assert "G-130" not in answer.out


def test_a_count_that_differs_and_an_exception_are_errors(call: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = suites._second_counts

    def other(*arguments: object) -> dict[str, tuple[int | None, str]]:
        found = counts(*arguments)  # type: ignore[arg-type]
        first, second = list(found)[:2]
        return found | {first: ((found[first][0] or 0) + 1, ""), second: (None, "boom")}

    monkeypatch.setattr(suites, "_second_counts", other)
    answer = call("suite", MODULE, "--as-of", AS_OF, "--json")
    assert answer.code == 4
    assert answer.json["ok"] is False
    assert [rule["fault"] for rule in answer.json["rules"]][:2] == [
        f"两次计数不同：引擎 {answer.json['rules'][0]['violations']}",
        "boom",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("固体费物",), 2, "固体废物"),
        (("火电",), 2, "还没有规则"),
        ((MODULE, "--permit", "X", "--district", "历城区"), 2, "只能用一个"),
        ((MODULE, "--permit", "X"), 3, "没有许可证 X"),
        ((MODULE, "--district", "X"), 3, "没有区县 X"),
    ],
)
def test_wrong_calls_are_told(call: Command, arguments: tuple[str, ...], code: int, words: str) -> None:
    answer = call("suite", *arguments)
    assert answer.code == code
    assert words in answer.err


def test_a_state_of_an_older_version_is_renewed_first(workspace: Workspace, tmp_path: Path) -> None:
    older = Workspace(tmp_path / "older")
    shutil.copytree(workspace.folder, older.folder)
    with warehouse_of(older).writer("test") as connection:
        connection.execute("UPDATE cur.built SET stamp = 'older'")
    assert run_module_suite(older, SuiteOptions(MODULE, AS_OF)).faults == []


def test_only_the_suite_itself_imports_great_expectations() -> None:
    script = (
        "import importlib, sys\n"
        "from audit.cli.main import COMMANDS\n"
        "for where, _ in COMMANDS.values():\n"
        "    importlib.import_module(where.split(':')[0])\n"
        "import audit.ledgers, audit.load, audit.rule_tools, audit.run, audit.suite\n"
        "import checks.contracts, checks.suites.judge, loaders.pipeline\n"
        "print(sorted({'great_expectations', 'duckdb_engine', 'sqlalchemy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
