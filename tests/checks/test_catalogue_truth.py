"""What the whole catalogue promises: distinct conditions, industries that gate, bases that bear the severity."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest
from sqlglot import parse_one

from checks import catalogue as catalogues
from checks.engine.examples import EXAMPLE_DATE, Bench, Rows, complete
from checks.model import AuditRule, Severity

CATALOGUE = catalogues.load()
RULES = list(CATALOGUE.rules.values())
INDUSTRY = [rule for rule in RULES if rule.industry]
#: An industry that no industry rule is about.
FOREIGN = "其他未列明服务业"


def _normal(sql: str) -> str:
    """The SQL without its layout and parameter names, so that two spellings of one condition are equal."""
    return parse_one(re.sub(r"\$([A-Za-z_0-9]+)", r"'\1'", sql), read="duckdb").sql(
        "duckdb", normalize=True, comments=False
    )


def test_no_two_rules_have_the_same_condition() -> None:
    same: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for rule in RULES:
        numbers = tuple(sorted(str(item.value) for item in rule.params))
        relation = _normal(rule.relation) if rule.relation else ""
        same[rule.table, _normal(rule.applies), _normal(rule.expect), relation, numbers, rule.industry].append(rule.id)
    assert [ids for ids in same.values() if len(ids) > 1] == []


def test_names_are_used_once() -> None:
    names: dict[str, list[str]] = defaultdict(list)
    for rule in RULES:
        names[rule.name].append(rule.id)
    assert {name: ids for name, ids in names.items() if len(ids) > 1} == {}


def test_the_catalogue_has_the_promised_size_and_sureness() -> None:
    best = [min(clause.confidence for clause in rule.basis) for rule in RULES]
    assert sum(level in "AB" for level in best) >= 0.6 * len(RULES)
    for rule, level in zip(RULES, best, strict=True):
        if level == "C":
            assert rule.severity == Severity.HINT, rule.id
        assert all(clause.clause or clause.doc for clause in rule.basis), rule.id
        assert rule.advice, rule.id
        assert rule.examples["bad"], rule.id
        assert rule.examples["good"], rule.id


def test_rules_on_provincial_numbers_are_hints() -> None:
    for rule in RULES:
        if rule.basis[0].doc.startswith("DB37") and rule.basis[0].confidence != "A":
            assert rule.severity == Severity.HINT, rule.id


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def _moved(example: dict[str, Any]) -> Rows:
    """An example in an enterprise of another industry."""
    rows = complete(example)
    for entry in (*rows["permits"], *rows.get("permit_records", ())):
        entry |= {"industry_name": FOREIGN, "other_industries": None}
    return rows


@pytest.mark.parametrize("rule", INDUSTRY, ids=lambda rule: str(rule.id))
def test_an_industry_rule_never_fires_outside_its_codes(rule: AuditRule, bench: Bench) -> None:
    for example in rule.examples["bad"]:
        result, messages = bench.run(CATALOGUE, rule, _moved(example), example.get("as_of", EXAMPLE_DATE))
        assert messages == []
        assert result.judged == 0
