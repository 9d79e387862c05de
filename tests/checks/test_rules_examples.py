"""Every rule of the catalogue against its own examples, and the bench that runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.catalogue import RULES, load
from checks.engine.examples import Bench, check, complete, main
from tests.checks.rule_texts import SOUND, catalogue, rule, write

FILES = sorted(file for file in RULES.rglob("*.yaml") if not file.name.startswith("relations"))


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="module")
def builtin() -> Any:
    return load()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_examples_of_the_catalogue(file: Path, builtin: Any, bench: Bench) -> None:
    rules = [item for item in builtin.rules.values() if Path(item.file) == file]
    assert rules
    assert [str(failure) for failure in check(builtin, rules, bench)] == []


def told(folder: Path, bench: Bench, **changes: Any) -> list[str]:
    found = catalogue(folder, rule(**changes), relations={})
    return [str(failure) for failure in check(found, list(found.rules.values()), bench)]


def examples(bad: Any, good: Any) -> dict[str, Any]:
    return {"bad": bad, "good": good}


TALL = {"air_outlets": [{"outlet_code": "1", "stack_height_m": 30}]}
LOW = {"air_outlets": [{"outlet_code": "1", "stack_height_m": 3}]}


def test_a_sound_rule_has_no_failures(tmp_path: Path, bench: Bench) -> None:
    assert told(tmp_path, bench) == []
    assert told(tmp_path, bench, expect="stack_height_m >= 15", examples=examples(LOW, TALL)) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"examples": examples(TALL, TALL)}, "T-001 bad：应有 1 个发现，实通过"),
        (
            {"examples": examples({**SOUND["examples"]["bad"], "findings": 2}, TALL)},
            "T-001 bad：应有 2 个发现，实有 1 个发现",
        ),
        (
            {"examples": examples(SOUND["examples"]["bad"], [TALL, SOUND["examples"]["bad"]])},
            "T-001 good 2：应没有发现",
        ),
        ({"examples": examples(SOUND["examples"]["bad"], {"permits": [{}]})}, "T-001 good：应通过"),
        ({"expect": "length(stack_height_m) > 1"}, "实出错（Binder Error"),
        (
            {"expect": "CASE WHEN stack_height_m >= 15 THEN TRUE ELSE FALSE END", "examples": examples(LOW, TALL)},
            "T-001 good，air_outlets.stack_height_m 为空：应没有发现，实有 1 个发现",
        ),
        ({"table": "permits", "applies": "TRUE", "expect": "FALSE", "message": "错"}, "T-001 good：应通过"),
        (
            {"from": "SELECT max(o.rid) AS rid, 1 AS n FROM air_outlets AS o", "expect": "n = 2", "applies": "TRUE"},
            "T-001 good：应通过",
        ),
    ],
)
def test_what_does_not_come_out_is_told(tmp_path: Path, bench: Bench, changes: dict[str, Any], sentence: str) -> None:
    assert any(sentence in line for line in told(tmp_path, bench, **changes))


def test_examples_need_only_the_columns_that_matter() -> None:
    rows = complete({"as_of": "x", "findings": 1, "air_limits": [{"pollutant": "汞", "conc_limit": 5}]})
    (limit,), (permit,) = rows["air_limits"], rows["permits"]
    assert limit["pollutant_text"] == "汞"
    assert limit["conc_limit_text"] == "5"
    assert limit["subject"] == permit["subject"] == permit["permit_no"]
    assert permit["credit_code"] == permit["permit_no"][:18]
    assert permit["valid_to"] > permit["valid_from"]
    other = complete({"air_outlets": [{"permit_no": "X"}, {"permit_no": "Y"}], "permits": [{"permit_no": "X"}]})
    assert sorted(row["permit_no"] for row in other["permits"]) == ["X", "Y"]


def test_the_command_prints_a_line_per_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path / "good.yaml", [rule()])
    assert main([str(good)]) == 0
    assert capsys.readouterr().out == "1 条规则，0 处不符\n"
    bad = write(tmp_path / "bad.yaml", [rule(id="T-002", examples=examples(TALL, TALL))])
    assert main([str(bad)]) == 1
    assert capsys.readouterr().out == "T-002 bad：应有 1 个发现，实通过\n1 条规则，1 处不符\n"
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert main(["T-999"]) == 2
    assert "没有规则 T-999" in capsys.readouterr().err
