"""``lake export``, and ``run --engine spark`` where there is no Spark."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
import pytest

from tests.audit.command import Command
from tests.audit.test_command_line import OUTLETS


@pytest.fixture
def loaded(permit_audit: Command, tmp_path: Path) -> Command:
    file = tmp_path / "大气排放口基本情况表.csv"
    file.write_text(OUTLETS, encoding="utf-8")
    answer = permit_audit("load", file, "--period", "2026Q3")
    assert answer.code == 0, answer.err
    return permit_audit


def test_lake_holds_the_state(loaded: Command, tmp_path: Path) -> None:
    lake = tmp_path / "湖"
    answer = loaded("lake", "export", "--to", lake, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["tables"]["air_outlets"]["rows"] == 2
    manifest = json.loads((lake / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["tables"]["permits"]["columns"]["valid_to"] == "DATE"
    assert [folder.name for folder in (lake / "air_outlets").iterdir()] == ["period=2026Q3"]
    files = [str(file) for file in (lake / "air_outlets").rglob("*.parquet")]
    assert duckdb.read_parquet(files, hive_partitioning=False).fetchall()
    assert loaded("lake", "export", "--to", lake).code == 0  # again, over its own


def test_foreign_folder_is_not_overwritten(loaded: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("x")
    answer = loaded("lake", "export", "--to", folder)
    assert answer.code == 2
    assert "不敢覆盖" in answer.err
    assert [file.name for file in folder.iterdir()] == ["letter.txt"]


def test_run_without_lake_says_how_to_make_one(loaded: Command) -> None:
    answer = loaded("run", "--engine", "spark")
    assert answer.code == 3
    assert "lake export" in answer.err


def test_run_without_pyspark_says_so(loaded: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded("lake", "export").code == 0
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    answer = loaded("run", "--engine", "spark")
    assert answer.code == 2
    assert "没有安装 pyspark" in answer.err
