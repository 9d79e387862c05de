"""Tools for those who write rules: a stub that can be filled in, a comparison of two sets, the hand-book."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest
import yaml

from audit.catalogue import list_modules, load_catalogue
from audit.handbook import write_handbook
from audit.load import load_exports
from audit.rule_tools import compare, write_stub
from audit.workspace import Workspace
from checks import catalogue as catalogues
from checks.errors import UserError
from tests.audit.command import Command
from tests.golden import AS_OF, SAMPLE

RULE = {
    "id": "JN-001",
    "name": "stack_below_limit",
    "title": "排气筒低于15米",
    "module": "废气排放口",
    "table": "air_outlets",
    "applies": "stack_height_m IS NOT NULL",
    "expect": "stack_height_m >= $low_m",
    "severity": "提示",
    "stage": "证中",
    "message": "排放口 {outlet_code} 排气筒高度 {stack_height_m} m",
    "advice": "核对排气筒高度",
    "basis": [{"doc": "本市要求", "clause": "一", "confidence": "B", "source": "本市文件"}],
    "params": {"low_m": {"value": 15, "source": "本市文件"}},
    "examples": {
        "bad": {"air_outlets": [{"outlet_code": "DA001", "stack_height_m": 8}]},
        "good": {"air_outlets": [{"outlet_code": "DA001", "stack_height_m": 20}]},
    },
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("tools") / "w")
    load_exports(workspace, [SAMPLE / "clean" / "2026Q2"])
    return workspace


def _file(folder: Path, name: str, low: float) -> Path:
    rule = RULE | {"params": {"low_m": {"value": low, "source": "本市文件"}}}
    file = folder / name
    file.write_text(yaml.safe_dump([rule], allow_unicode=True), encoding="utf-8")
    return file


def test_a_stub_is_a_rule_that_passes_lint_and_fires(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    file = write_stub(workspace, "JN-001", "air_outlets", "air-outlets")
    catalogue = load_catalogue(Workspace(workspace.folder))
    assert catalogue.rule("JN-001").module == "废气排放口"
    assert catalogue.rule("JN-001").file == str(file)
    with pytest.raises(UserError, match="已有"):
        write_stub(workspace, "JN-001", "air_outlets", "air-outlets")
    with pytest.raises(UserError, match="air_outlets"):
        write_stub(workspace, "JN-002", "air_outlet", "其他")


def test_the_difference_names_what_appears_and_what_disappears(workspace: Workspace, tmp_path: Path) -> None:
    low, high = _file(tmp_path, "old.yaml", 16), _file(tmp_path, "new.yaml", 40)
    more = compare(low, high, workspace, AS_OF)
    assert more.appeared
    assert not more.disappeared
    assert not more.crashed
    assert {row[0] for row in more.appeared} == {"JN-001"}
    back = compare(high, low, workspace, AS_OF)
    assert back.disappeared == more.appeared
    assert back.by_rule() == [("JN-001", 0, len(more.appeared))]
    assert compare(high, high, workspace, AS_OF).appeared == ()


def test_the_hand_book_shows_every_rule_and_the_bureaus_changes(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    write_stub(workspace, "JN-001", "air_outlets", "air-outlets")
    override = {"rule": "G-066", "severity": "提示", "reason": "本市核对中", "until": dt.date(2099, 1, 1)}
    rules = workspace.folder / "rules" / "overrides.yaml"
    rules.write_text(yaml.safe_dump({"overrides": [override]}, allow_unicode=True), encoding="utf-8")
    catalogue = load_catalogue(Workspace(workspace.folder))
    page, book = write_handbook(catalogue, tmp_path / "out", dt.date(2026, 1, 1))
    text = page.read_text(encoding="utf-8")
    assert all(f'<details id="{rule_id}">' in text for rule_id in catalogue.rules)
    assert "本市核对中" in text
    assert "http" not in text.replace("http://www.w3.org", "")
    sheet = openpyxl.load_workbook(book)["规则"]
    assert [sheet.cell(row, 1).value for row in range(2, sheet.max_row + 1)] == [rule.id for rule in catalogue.select()]
    first = book.read_bytes()
    write_handbook(catalogue, tmp_path / "out", dt.date(2026, 1, 1))
    assert book.read_bytes() == first
    assert zipfile.is_zipfile(book)


def test_modules_have_names_aliases_and_groups() -> None:
    catalogue = catalogues.load()
    listed = {entry["name"]: entry for entry in list_modules(catalogue)}
    assert listed["固体废物"]["rules"] == len(catalogue.select(["solid-waste"])) > 0
    both = catalogue.select(["outlets"])
    assert {rule.module for rule in both} == {"废气排放口", "废水排放口", "雨水"}
    assert len(both) == listed["排放口"]["rules"]
    assert sum(len(catalogue.select([name])) for name in ("有效期", "管理类别")) > 5


def test_a_module_audit_judges_the_rules_of_the_module_only(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    command = Command(workspace.folder, capsys)
    done = command("module", "noise", "--as-of", AS_OF, "--no-ledgers", "--json")
    rules = {entry["rule_id"] for entry in done.json["rules"]}
    assert rules == {rule.id for rule in catalogues.load().select(["噪声"])}
    wrong = command("module", "noice")
    assert wrong.code == 2
    assert "noise" in wrong.err
