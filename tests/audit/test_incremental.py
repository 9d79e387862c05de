"""A run that judges again only what changed gives what a full run gives, whatever was loaded."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import incremental
from audit.run import RunOptions, RunSummary, run_in
from checks import catalogue as catalogues
from checks.engine import FINDING_COLUMNS
from checks.model import AuditRule
from checks.tables import TABLES
from loaders.warehouse import create_tables

AS_OF = dt.date(2026, 10, 31)
PERMITS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8")
CODES = (None, "DA001", "DA002", "DA003", "FQ1")
POLLUTANTS = (None, "颗粒物", "二氧化硫", "非甲烷总烃")
DETAIL = ("air_links", "air_outlets", "air_limits", "monitoring_plan")
Row = dict[str, Any]
Batch = tuple[tuple[str, list[Row]], ...]

_catalogue = catalogues.load()
_FILLED = {"permits", "air_links", "air_outlets", "air_limits", "monitoring_plan", "key_polluters"}
_ELIGIBLE = [rule for rule in _catalogue.rules.values() if {rule.table, *_catalogue.facts[rule.id].needs} <= _FILLED]
#: Rules of the tables that the batches fill: plain, joined, of the whole city, dependent on the day; few of industries.
RULES = tuple(
    rule.id
    for number, rule in enumerate(_ELIGIBLE)
    if (number % 10 == 0 if rule.industry else rule.id.startswith("G-"))
)


class City:
    """A warehouse in memory into which batches are written as a load would."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        create_tables(self.connection)
        self.rid = self.source = self.batch = 0

    def load(self, batch: Batch) -> None:
        self.batch += 1
        self.connection.execute("INSERT INTO batches VALUES (?, now(), '2026Q3', NULL)", [self.batch])
        for table, rows in batch:
            self.source += 1
            # every third export has only the columns that its rows fill, the others have all
            known = sorted({name for row in rows for name in row} if self.batch % 3 == 0 else TABLES[table].columns)
            self.connection.execute(
                "INSERT INTO sources VALUES (?, 1, ?, ?, ?, '导出', 'a.xlsx', 'Sheet1', ?, ?)",
                [self.source, self.batch, table, table, len(rows), known],
            )
            for number, row in enumerate(rows):
                self.rid += 1
                subject = row.get("permit_no") or row.get("unit_name")
                values = {"rid": self.rid, "batch_id": self.batch, "source_id": self.source, "source_row": number + 2}
                values |= {"subject": subject, **row}
                marks = ", ".join("?" * len(values))
                self.connection.execute(
                    f"INSERT INTO data.{table} ({', '.join(values)}) VALUES ({marks})", list(values.values())
                )
                self.connection.execute(
                    "INSERT INTO presence VALUES (?, ?, ?, ?, '导出', ?)",
                    [self.batch, self.source, table, table, subject],
                )

    def run(self, as_of: dt.date, *, full: bool) -> tuple[dict[str, tuple[Any, ...]], Counter[Row]]:
        """Everything that a run says, but its name and how long it took."""
        summary: RunSummary = run_in(self.connection, _catalogue, RunOptions(as_of, rules=RULES, full=full))
        columns = ", ".join(name for name in FINDING_COLUMNS if name != "run_id")
        found = self.connection.execute(f"SELECT {columns} FROM findings WHERE run_id = ?", [summary.run_id]).fetchall()
        results = {
            item.rule_id: (item.outcome, item.judged, item.violations, item.undecided, item.undecidable, item.is_mass)
            for item in summary.results
        }
        return results, Counter(found)


def _export(permit: str, draw: st.DrawFn) -> Iterator[tuple[str, Row]]:
    key = {"permit_no": permit, "unit_name": f"厂{permit}"}
    record = {
        "management_class": draw(st.sampled_from([None, "重点管理", "简化管理"])),
        "industry_name": draw(st.sampled_from([None, "火力发电", "家具制造"])),
        "credit_code": draw(st.sampled_from([None, "91370100MA3C000001", "91370100MA3C000002"])),
        "valid_from": draw(st.sampled_from([None, dt.date(2021, 1, 1), dt.date(2025, 6, 1)])),
        "valid_to": draw(st.sampled_from([None, dt.date(2026, 11, 15), dt.date(2030, 5, 31)])),
        "district": draw(st.sampled_from([None, "东区"])),
    }
    yield "permit_records", key | record
    for table in DETAIL:
        for _ in range(draw(st.integers(0, 2))):
            row = key | {"outlet_code": draw(st.sampled_from(CODES))}
            if table == "air_links":
                row |= {"facility_code": draw(st.sampled_from([None, "MF0001"])), "discharge_form": "有组织"}
                row |= {"treatment_process": draw(st.sampled_from([None, "袋式除尘", "UV光氧化"]))}
                row |= {"pollutant": draw(st.sampled_from(POLLUTANTS)), "outlet_class": "一般排放口"}
            elif table == "air_outlets":
                row |= {"longitude_deg": draw(st.sampled_from([None, 117.1, 36.5]))}
                row |= {"latitude_deg": draw(st.sampled_from([None, 36.7, 117.0]))}
                row |= {"stack_height_m": draw(st.sampled_from([None, 0.0, 15.0, 200.0]))}
            else:
                row |= {"pollutant": draw(st.sampled_from(POLLUTANTS))}
            if table == "air_limits":
                row |= {"conc_limit": draw(st.sampled_from([None, 10.0, 80.0])), "outlet_class": "主要排放口"}
            if table == "monitoring_plan":
                row |= {"source_kind": "废气", "method": draw(st.sampled_from([None, "手工", "自动"]))}
                row |= {"frequency": draw(st.sampled_from([None, "1次/季", "1次/5年"]))}
            yield table, row


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """A small export: some permits whole or in part, now and then a list."""
    parts: dict[str, list[Row]] = {}
    for permit in draw(st.lists(st.sampled_from(PERMITS), min_size=1, max_size=2, unique=True)):
        for table, row in _export(permit, draw):
            parts.setdefault(table, []).append(row)
    for name in draw(st.lists(st.sampled_from(sorted(parts)), max_size=1)):
        del parts[name]
    if draw(st.integers(0, 7)) == 0:
        parts["key_polluters"] = [{"unit_name": f"厂{draw(st.sampled_from(PERMITS))}"}]
    return tuple(parts.items())


def _first() -> Batch:
    """Everybody once, so that a small batch is small."""
    parts: dict[str, list[Row]] = {}
    for permit in (*PERMITS, *(f"Q{number}" for number in range(12))):
        key = {"permit_no": permit, "unit_name": f"厂{permit}"}
        parts.setdefault("permit_records", []).append(key | {"management_class": "重点管理", "credit_code": None})
        for table in DETAIL:
            parts.setdefault(table, []).append(key | {"outlet_code": "DA001"})
    return tuple(parts.items())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(loads=st.lists(batches(), min_size=5, max_size=5), days=st.lists(st.integers(0, 20), min_size=5, max_size=5))
def test_the_findings_are_those_of_a_full_run(loads: list[Batch], days: list[int]) -> None:
    """40 examples of 5 batches: 200 batches."""
    city = City()
    city.load(_first())
    city.run(AS_OF, full=True)
    for batch, later in zip(loads, days, strict=True):
        city.load(batch)
        day = AS_OF + dt.timedelta(later if later > 15 else 0)
        changed = city.run(day, full=False)
        assert changed == city.run(day, full=True)


def test_only_the_changed_permits_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    city = City()
    city.load(_first())
    city.run(AS_OF, full=True)
    city.load((("air_outlets", [{"permit_no": "P1", "unit_name": "厂P1", "outlet_code": "DA007"}]),))
    judged: list[tuple[int, int]] = []
    plain = incremental.judge_changed

    def spy(connection: Any, reuse: incremental.Reuse, *rest: Any) -> tuple[list[Any], list[AuditRule]]:
        judged.append((reuse.changed, len(reuse.rules)))
        return plain(connection, reuse, *rest)

    monkeypatch.setattr(incremental, "judge_changed", spy)
    results, _ = city.run(AS_OF, full=False)
    ((changed, rules),) = judged
    assert changed == 1
    local = sum(_catalogue.facts[name].is_local for name in RULES)
    assert 0 < rules <= local < len(RULES)
    assert results["G-072"][1] == 20  # every outlet counts, also those that were not judged again


def test_a_rule_whose_facts_changed_is_judged_anew() -> None:
    city = City()
    city.load(_first())
    city.run(AS_OF, full=True)
    fired = city.connection.execute("SELECT DISTINCT rule_id FROM findings ORDER BY 1").fetchall()
    name = next(rule_id for (rule_id,) in fired if _catalogue.facts[rule_id].is_local)
    moved = replace(_catalogue, rules=_catalogue.rules | {name: replace(_catalogue.rules[name], module="其他")})
    summary = run_in(city.connection, moved, RunOptions(AS_OF, rules=RULES))
    modules = city.connection.execute(
        "SELECT DISTINCT module FROM findings WHERE run_id = ? AND rule_id = ?", [summary.run_id, name]
    ).fetchall()
    assert modules == [("其他",)]


def test_the_tables_of_the_rules_are_covered() -> None:
    assert len(RULES) > 25
    assert {"permits", "air_outlets"} <= {_catalogue.rules[name].table for name in RULES} <= set(TABLES)
    assert any(_catalogue.facts[name].uses_as_of for name in RULES)
    assert any(not _catalogue.facts[name].is_local for name in RULES)
