"""Limits of the cited standards: which row is taken, and when nothing can be said."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from checks.catalogue import Catalogue, load
from checks.engine.examples import Bench, complete
from checks.references import reference_names, reference_rows

DAY = date(2026, 10, 31)
PAINT = "涂料、油墨及胶粘剂工业大气污染物排放标准GB37824-2019"
GENERAL = "大气污染物综合排放标准GB16297-1996"
BOILER = "锅炉大气污染物排放标准GB13271-2014"
CEMENT = "水泥工业大气污染物排放标准GB4915-2013"
BATTERY = "电池工业污染物排放标准GB30484-2013"


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="module")
def builtin() -> Catalogue:
    return load()


def counts(bench: Bench, builtin: Catalogue, rule_id: str, example: dict[str, Any], day: date = DAY) -> tuple[int, int]:
    """How many findings and undecided rows the rule gives."""
    result, _ = bench.run(builtin, builtin.rule(rule_id), complete(example), day)
    return result.violations, result.undecided


def air(limit: float, standards: list[str], pollutant: str = "颗粒物", **more: Any) -> dict[str, Any]:
    """One outlet with one permitted limit, whose own table of standards says the same."""
    row = {"outlet_code": "DA001", "pollutant": pollutant, "conc_limit": limit, "conc_limit_text": f"{limit:g}"}
    unit = {"conc_limit_unit": more["unit"]} if "unit" in more else {}
    return {
        "permits": [{"start_date": date(2010, 1, 1), "decision_date": more.get("decided", date(2024, 5, 1))}],
        "air_limits": [{**row, **unit}],
        "air_standards": [{**row, **unit, "standards": standards, "remarks": more.get("remarks")}],
    }


def test_the_loosest_row_of_all_cited_standards_is_taken(bench: Bench, builtin: Catalogue) -> None:
    assert counts(bench, builtin, "G-417", air(100, [PAINT, GENERAL])) == (0, 0)
    assert counts(bench, builtin, "G-417", air(121, [PAINT, GENERAL])) == (1, 0)
    assert counts(bench, builtin, "G-417", air(100, [PAINT])) == (1, 0)


def test_a_unit_that_cannot_be_compared_is_undecided(bench: Bench, builtin: Catalogue) -> None:
    assert counts(bench, builtin, "G-417", air(100, [PAINT], unit="g/m3")) == (0, 1)
    assert counts(bench, builtin, "G-417", air(100, [PAINT], unit="mg/Nm3")) == (1, 0)


def test_another_reference_oxygen_is_undecided(bench: Bench, builtin: Catalogue) -> None:
    assert counts(bench, builtin, "G-417", air(130, [BOILER], remarks="基准氧含量6%")) == (0, 1)
    assert counts(bench, builtin, "G-417", air(130, [BOILER], remarks="基准氧含量9%")) == (1, 0)


def test_a_standard_that_is_not_collected_keeps_the_row_from_being_judged(bench: Bench, builtin: Catalogue) -> None:
    example = air(130, [PAINT, "橡胶制品工业污染物排放标准GB27632-2011"])
    result, _ = bench.run(builtin, builtin.rule("G-417"), complete(example), DAY)
    assert (result.judged, result.violations) == (0, 0)


def test_a_superseded_row_is_judged_by_the_day_of_the_decision(bench: Bench, builtin: Catalogue) -> None:
    """The cement standard's loose value for driers ended with the amendment of April 2026."""
    before = air(500, [CEMENT], pollutant="二氧化硫", decided=date(2026, 3, 31))
    after = air(500, [CEMENT], pollutant="二氧化硫", decided=date(2026, 4, 1))
    assert counts(bench, builtin, "G-419", before) == (0, 0)
    assert counts(bench, builtin, "G-419", after) == (1, 0)


def test_a_standard_not_yet_binding_on_existing_units_is_not_held_against_them(
    bench: Bench, builtin: Catalogue
) -> None:
    foundry = ["铸造工业大气污染物排放标准GB39726-2020"]
    assert counts(bench, builtin, "G-417", air(120, foundry, decided=date(2023, 6, 30))) == (0, 0)
    assert counts(bench, builtin, "G-417", air(120, foundry, decided=date(2023, 7, 1))) == (1, 0)


@pytest.mark.parametrize(("outlets", "found"), [("water_direct_outlets", 1), ("water_indirect_outlets", 0), ("", 0)])
def test_direct_and_indirect_outlets_have_their_own_rows(
    bench: Bench, builtin: Catalogue, outlets: str, found: int
) -> None:
    row = {"outlet_code": "DW001", "pollutant": "化学需氧量", "conc_limit": 100, "conc_limit_text": "100"}
    example: dict[str, Any] = {
        "permits": [{"start_date": date(2015, 1, 1), "decision_date": date(2024, 5, 1)}],
        "water_limits": [row],
        "water_standards": [{**row, "standards": [BATTERY]}],
    }
    if outlets:
        example[outlets] = [{"outlet_code": "DW001"}]
    assert counts(bench, builtin, "G-431", example) == (found, 0)


def test_the_law_of_the_day_is_cited(builtin: Catalogue) -> None:
    """The Code repeals the solid-waste law on 2026-08-15."""
    rules = [rule for rule in builtin.rules.values() if any("固体废物污染环境防治法" in b.doc for b in rule.basis)]
    assert rules
    for rule in rules:
        before = {basis.doc for basis in rule.basis if basis.is_valid(date(2026, 8, 14))}
        after = {basis.doc for basis in rule.basis if basis.is_valid(date(2026, 8, 16))}
        assert "《固体废物污染环境防治法》" in before
        assert "《生态环境法典》" not in before
        assert "《固体废物污染环境防治法》" not in after
        assert "《生态环境法典》" in after


def test_reference_tables_name_documents_not_places_on_a_machine() -> None:
    for name in reference_names():
        for row in reference_rows(name):
            assert not any(cell and ("/work/" in cell or "/tmp/" in cell or ".vuepress" in cell) for cell in row), name
