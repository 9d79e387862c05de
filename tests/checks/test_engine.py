"""The engine: outcomes and denominators, what cannot be decided, findings and their ids, safety."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.catalogue import Catalogue
from checks.engine import FINDING_COLUMNS, scans
from checks.engine.examples import Bench
from checks.engine.run import judge
from checks.model import Outcome, RuleResult
from checks.tables import TABLES
from tests.checks.rule_texts import JOINED, catalogue, rule

DAY = date(2026, 6, 1)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def _bench() -> Bench:
    return Bench()


@pytest.fixture
def bench(_bench: Bench) -> Bench:
    """An empty warehouse in which everything is provided and covered."""
    _bench.fill({})
    _bench.connection.execute("DELETE FROM findings")
    return _bench


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Catalogue]:
    """A catalogue of some rules."""
    return lambda *rules, **options: catalogue(tmp_path, *rules, relations=options.pop("relations", {}))


def outlet(subject: str, code: str | None, **values: Any) -> Row:
    return {"subject": subject, "permit_no": subject, "outlet_code": code, **values}


def permit(subject: str, **values: Any) -> Row:
    return {"subject": subject, "permit_no": subject, "unit_name": f"厂{subject}", "district": "东区", **values}


def run(bench: Bench, found: Catalogue, **options: Any) -> list[RuleResult]:
    bench.connection.execute("DELETE FROM findings")
    rules = list(found.rules.values())
    return judge(bench.connection, found, rules, **{"as_of": DAY, "run_id": "R1", **options})


def findings(bench: Bench, *columns: str) -> list[tuple[Any, ...]]:
    return bench.connection.execute(f"SELECT {', '.join(columns)} FROM findings ORDER BY ALL").fetchall()


def provide(bench: Bench, table: str, *sources: set[str], coverage: list[str] | None = None) -> None:
    """Say which columns each source of a table provides (source ids from 1), and whom the table covers."""
    connection = bench.connection
    connection.execute("CREATE OR REPLACE TEMP TABLE sources AS SELECT * FROM cur.sources")
    connection.execute("DELETE FROM temp.sources WHERE table_name = ?", [table])
    for number, columns in enumerate(sources, start=1):
        row = [1000 + number, table, f"{number}.xlsx", "表", sorted(columns)]
        connection.execute("INSERT INTO temp.sources VALUES (?, ?, ?, ?, ?)", row)
    if coverage is not None:
        connection.execute("CREATE OR REPLACE TEMP TABLE coverage AS SELECT * FROM cur.coverage")
        connection.execute("DELETE FROM temp.coverage WHERE table_name = ?", [table])
        for subject in coverage:
            connection.execute("INSERT INTO temp.coverage VALUES (?, ?)", [subject, table])


@pytest.fixture
def loaded(bench: Bench):
    """``provide``, undone after the test."""
    yield lambda *arguments, **options: provide(bench, *arguments, **options)
    bench.connection.execute("DROP TABLE IF EXISTS temp.sources")
    bench.connection.execute("DROP TABLE IF EXISTS temp.coverage")


ALL = set(TABLES["air_outlets"].columns)


def test_a_finding_says_who_what_where_and_why(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001", pollutants=["颗粒物", "汞"])]})
    (result,) = run(bench, make(rule(message="{outlet_code} 的 {pollutants} 无高度 {stack_height_m}")))
    assert (result.outcome, result.judged, result.violations, result.undecided) == (Outcome.FAILED, 1, 1, 0)
    row = dict(zip(FINDING_COLUMNS, bench.connection.execute("SELECT * FROM findings").fetchall()[0], strict=True))
    assert row["message"] == "DA001 的 颗粒物、汞 无高度 （空）"
    assert row["record"] == "排放口编号=DA001"
    assert json.loads(row["evidence"]) == {
        "outlet_code": "DA001",
        "pollutants": ["颗粒物", "汞"],
        "stack_height_m": None,
    }
    assert [row[name] for name in ("run_id", "rule_id", "subject", "permit_no", "unit_name", "district")] == [
        "R1", "T-001", "A", "A", "厂A", "东区",
    ]  # fmt: skip
    assert (row["module"], row["severity"], row["table_name"]) == ("废气排放口", "严重", "air_outlets")
    assert (row["source_file"], row["source_sheet"], row["source_row"]) == ("example.xlsx", "大气排放口基本情况表", 2)
    assert len(row["finding_id"]) == 16


def test_values_are_shown_as_people_read_them(bench: Bench, make: Any) -> None:
    sql = (
        "SELECT rid, stack_height_m + 0.2 AS sum, stack_height_m > 1 AS tall, DATE '2026-05-01' AS day FROM air_outlets"
    )
    text = rule(**{"from": sql}, expect="outlet_code <> 'DA001'", message="{stack_height_m}|{sum}|{tall}|{day}")
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001", stack_height_m=0.1)]})
    run(bench, make(text))
    assert findings(bench, "message") == [("0.1|0.3|否|2026-05-01",)]
    evidence = json.loads(findings(bench, "evidence")[0][0])
    assert evidence == {"outlet_code": "DA001", "stack_height_m": 0.1, "sum": 0.3, "tall": False, "day": "2026-05-01"}


def test_outcomes_in_their_order(bench: Bench, make: Any, loaded: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001", stack_height_m=10)]})
    loaded("monitoring_plan")
    found = make(
        rule(JOINED),
        rule(id="T-003", expect="CAST(CAST(stack_height_m AS VARCHAR) || 'x' AS DOUBLE) > 1"),
        rule(id="T-004", applies="outlet_code = 'DA002'"),
        rule(id="T-005", expect="stack_height_m >= 15"),
        rule(id="T-006"),
        rule(id="T-007", expect="stack_diameter_m > 1"),
        rule(id="T-008", basis=[{"doc": "旧法", "confidence": "A", "to": "2026-05-31"}]),
        rule(id="T-009", basis=[{"doc": "新法", "confidence": "A", "from": "2026-08-15"}]),
    )
    results = {result.rule_id: result for result in run(bench, found)}
    assert {number: result.outcome.value for number, result in results.items()} == {
        "T-002": "未运行",
        "T-003": "出错",
        "T-004": "不适用",
        "T-005": "有问题",
        "T-006": "通过",
        "T-007": "不适用",
        "T-008": "未运行",
        "T-009": "未运行",
    }
    assert results["T-002"].reason == "未导入《自行监测及记录信息表》"
    assert "Conversion" in results["T-003"].reason
    assert (results["T-007"].judged, results["T-007"].undecided) == (1, 1)
    assert results["T-008"].reason == "依据已失效：旧法"
    assert results["T-009"].reason == "依据尚未施行：新法"
    assert findings(bench, "rule_id") == [("T-005",)]


def test_bases_are_judged_as_of_the_day(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001")]})
    old = {"doc": "旧", "confidence": "A", "to": "2026-08-14"}
    new = {"doc": "新", "confidence": "A", "from": "2026-08-15"}
    for day in (date(2026, 8, 14), date(2026, 8, 15)):
        assert run(bench, make(rule(basis=[old, new])), as_of=day)[0].outcome == Outcome.FAILED
    assert run(bench, make(rule(basis=[old])), as_of=date(2026, 8, 14))[0].outcome == Outcome.FAILED
    assert run(bench, make(rule(basis=[old])), as_of=date(2026, 8, 15))[0].outcome == Outcome.NOT_RUN


def test_as_of_and_parameters_are_put_in_but_not_inside_texts(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A", valid_to=date(2026, 5, 31)), permit("B", valid_to=DAY)]})
    text = rule(
        table="permits",
        module="基本信息",
        applies="unit_name <> '$as_of' AND list_contains($codes, permit_no)  -- not $this one",
        expect="valid_to >= $as_of",
        message="{permit_no} 已过期",
        params={"codes": {"value": ["A", "B", "it's"], "source": "x"}},
        examples={"bad": {"permits": [{}]}, "good": {"permits": [{}]}},
    )
    (result,) = run(bench, make(text))
    assert (result.judged, findings(bench, "message")) == (2, [("A 已过期",)])


def test_null_is_undecided_and_never_a_finding(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "1", stack_height_m=20), outlet("A", "2")]})
    (result,) = run(bench, make(rule(expect="stack_height_m >= 15")))
    assert (result.outcome, result.judged, result.violations, result.undecided) == (Outcome.PASSED, 2, 0, 1)
    assert result.reason == "1 行无法判断"


def test_a_source_without_the_column_is_not_accused(bench: Bench, make: Any, loaded: Any) -> None:
    loaded("air_outlets", ALL, ALL - {"stack_height_m"})
    rows = [outlet("A", "1", source_id=1001), outlet("A", "2", source_id=1002), outlet("A", None, source_id=1002)]
    bench.fill({"permits": [permit("A")], "air_outlets": rows})
    (result,) = run(bench, make(rule()))
    # the third row does not fall under the rule whatever its height
    assert (result.judged, result.violations, result.undecided) == (1, 1, 1)
    assert findings(bench, "record", "source_file") == [("排放口编号=1", "1.xlsx")]


def test_a_column_that_no_source_provides_stops_the_rule(bench: Bench, make: Any, loaded: Any) -> None:
    loaded("air_outlets", ALL - {"stack_height_m"}, ALL - {"stack_height_m", "remarks"})
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "1", source_id=1001)]})
    (result,) = run(bench, make(rule()))
    assert (result.outcome, result.judged) == (Outcome.NOT_RUN, 0)
    assert result.reason == "已导入的《大气排放口基本情况表》都没有“排气筒高度（m）”列"


def test_rows_that_can_all_not_be_decided_are_not_run(bench: Bench, make: Any, loaded: Any) -> None:
    loaded("air_outlets", ALL, ALL - {"stack_height_m"})
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "1", source_id=1002)]})
    (result,) = run(bench, make(rule()))
    assert (result.outcome, result.undecided) == (Outcome.NOT_RUN, 1)
    assert result.reason == "1 行的来源缺少所需的列或表，均无法判断"


def test_a_permit_that_the_other_table_does_not_cover_is_undecided(bench: Bench, make: Any, loaded: Any) -> None:
    bench.fill({"permits": [permit("A"), permit("B")], "air_outlets": [outlet("A", "1"), outlet("B", "1")]})
    loaded("monitoring_plan", set(TABLES["monitoring_plan"].columns), coverage=["A"])
    (result,) = run(bench, make(rule(JOINED)))
    assert (result.judged, result.violations, result.undecided) == (1, 1, 1)
    assert findings(bench, "subject", "message") == [("A", "排放口 1 没有自行监测，现有 0 条")]


def test_a_permit_whose_joined_rows_lack_a_column_is_undecided(bench: Bench, make: Any, loaded: Any) -> None:
    columns = set(TABLES["monitoring_plan"].columns)
    loaded("monitoring_plan", columns, columns - {"outlet_code"})
    bench.fill(
        {
            "permits": [permit("A"), permit("B")],
            "air_outlets": [outlet("A", "1"), outlet("B", "1")],
            "monitoring_plan": [{"subject": "B", "source_id": 1002, "pollutant": "颗粒物"}],
        }
    )
    (result,) = run(bench, make(rule(JOINED)))
    assert (result.judged, result.violations, result.undecided) == (1, 1, 1)
    assert findings(bench, "subject") == [("A",)]


def test_a_crash_while_running_spares_the_other_rules(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001", outlet_name="x")]})
    crash = "CAST(outlet_name AS DOUBLE) > 1"
    rules = [rule(id=f"T-{number:03}") for number in range(1, 5)]
    results = run(bench, make(*rules, rule(id="T-009", expect=crash), rule({**JOINED, "id": "T-010"}, applies=crash)))
    assert [result.outcome for result in results] == [Outcome.FAILED] * 4 + [Outcome.ERROR] * 2
    assert findings(bench, "rule_id") == [(f"T-{number:03}",) for number in range(1, 5)]


def test_a_rule_that_cannot_be_bound_is_an_error_and_the_others_share_a_scan(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001")]})
    wrong = rule(id="T-002", expect="length(stack_height_m) > 1")
    results = run(bench, make(rule(), wrong, rule(id="T-003", expect="list_contains(outlet_code, 1)")))
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.ERROR, Outcome.ERROR]


def test_from_with_two_rows_per_rid_is_an_error(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "1")]})
    for plans in (0, 1):
        one = f"SELECT rid, {plans} AS plans FROM air_outlets"
        (result,) = run(bench, make(rule({**JOINED, "from": f"{one} UNION ALL {one}"})))
        assert (result.outcome, result.reason) == (Outcome.ERROR, "from 对同一 rid 给出了多行，应每个 rid 一行")
        assert findings(bench, "rid") == []


def test_a_faulty_shared_relation_is_an_error_of_its_rules_only(bench: Bench, make: Any) -> None:
    relations = {
        "heights": {"sql": "SELECT rid, length(stack_height_m) AS h FROM air_outlets", "description": "坏"},
        "tall": {"sql": "SELECT rid, h FROM heights WHERE h > 1", "description": "靠它"},
    }
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "1")]})
    use = {**JOINED, "from": "SELECT rid, h AS plans FROM tall"}
    results = run(bench, make(rule(), rule(use), relations=relations))
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.ERROR]
    assert results[1].reason.startswith("共用关系 heights：")


def test_a_shared_relation_serves_several_rules_and_is_taken_away(bench: Bench, make: Any) -> None:
    sql = "SELECT subject, count(*) AS n FROM air_outlets GROUP BY subject"
    shared = {"outlet_counts": {"sql": sql, "description": "各证排放口数"}}
    use = "SELECT o.rid AS rid, c.n AS plans FROM air_outlets AS o JOIN outlet_counts AS c USING (subject)"
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "1"), outlet("A", "2")]})
    rules = [rule({**JOINED, "id": f"T-{number}", "from": use}, expect="plans < 2") for number in range(2)]
    results = run(bench, make(*rules, relations=shared))
    assert [result.violations for result in results] == [2, 2]
    left = "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'temp'"
    assert bench.connection.execute(left).fetchall() == []


def test_reference_tables_are_there_as_text(bench: Bench, make: Any) -> None:
    known = "district IN (SELECT name FROM ref_divisions WHERE level = 'district')"
    text = rule(table="permits", module="基本信息", applies="TRUE", expect=known, message="{district} 不是区县")
    text["examples"] = {"bad": {"permits": [{}]}, "good": {"permits": [{}]}}
    bench.fill({"permits": [permit("A", district="东城区"), permit("B", district="东东区")]})
    run(bench, make(text))
    assert findings(bench, "message") == [("东东区 不是区县",)]


def test_an_industry_rule_is_for_its_industries(bench: Bench, tmp_path: Path) -> None:
    permits = [
        permit("A", industry_name="火力发电"),
        permit("B", industry_name="水泥制造"),
        permit("C", industry_name="C3011水泥制造"),
        permit("D", industry_name="火力发电", other_industries=["水泥制造"]),
        permit("E"),
    ]
    bench.fill({"permits": permits, "air_outlets": [outlet(row["subject"], "1") for row in permits]})
    (result,) = run(bench, catalogue(tmp_path, rule(industry=["301"])))
    assert (result.judged, [row[0] for row in findings(bench, "subject")]) == (3, ["B", "C", "D"])


def test_mass_findings_are_marked(bench: Bench, make: Any) -> None:
    def outcome(bad: int, good: int) -> bool:
        heights: list[float | None] = [None] * bad + [20.0] * good
        rows = [outlet("A", str(number), stack_height_m=height) for number, height in enumerate(heights)]
        bench.fill({"permits": [permit("A")], "air_outlets": rows})
        return run(bench, make(rule()))[0].is_mass

    assert [outcome(19, 0), outcome(12, 8), outcome(13, 7)] == [False, False, True]


def test_a_district_is_judged_alone_but_compared_with_all(bench: Bench, make: Any) -> None:
    twins = (
        "SELECT a.rid AS rid, count(b.rid) AS plans FROM air_outlets AS a "
        "LEFT JOIN air_outlets AS b ON b.outlet_code = a.outlet_code AND b.subject <> a.subject GROUP BY a.rid"
    )
    bench.fill(
        {
            "permits": [permit("A"), permit("B", district="西区"), permit("C", district="南区")],
            "air_outlets": [outlet("A", "1"), outlet("B", "1"), outlet("C", "2")],
        }
    )
    found = make(rule({**JOINED, "from": twins}, expect="plans = 0"), rule())
    joined, plain = run(bench, found, district=["东区", "南区"])
    assert (joined.judged, joined.violations, plain.judged) == (2, 1, 2)
    assert findings(bench, "rule_id", "subject") == [("T-001", "A"), ("T-001", "C"), ("T-002", "A")]
    assert run(bench, found, subjects_sql="SELECT 'B'")[1].judged == 1


def test_every_violating_row_is_stored(bench: Bench, make: Any) -> None:
    bench.fill({"permits": [permit("A")]})
    columns = "rid, source_id, source_row, subject, outlet_code"
    many = f"INSERT INTO cur.air_outlets ({columns}) SELECT range, 1, range, 'A', 'DA' || range FROM range(30000)"
    bench.connection.execute(many)
    try:
        (result,) = run(bench, make(rule()))
        stored = "SELECT count(*), count(DISTINCT finding_id) FROM findings"
        assert bench.connection.execute(stored).fetchall() == [(30000, 30000)]
        assert result.violations == 30000
    finally:
        bench.connection.execute("DELETE FROM cur.air_outlets")


def ids(bench: Bench, found: Catalogue, rows: list[Row]) -> list[tuple[str, str]]:
    bench.fill({"permits": [permit("A"), permit("B")], "air_outlets": rows})
    run(bench, found)
    return findings(bench, "finding_id", "message")


def test_ids_do_not_depend_on_the_order_of_rows(bench: Bench, make: Any) -> None:
    found = make(rule(message="排放口 {outlet_code}（{outlet_name}）无高度"))
    rows = [outlet("A", "1", outlet_name="甲"), outlet("A", "1", outlet_name="乙"), outlet("A", "1", outlet_name="乙")]
    rows += [outlet("B", "1", outlet_name="丙"), outlet("A", None, outlet_name="丁")]
    one = ids(bench, found, rows)
    assert len({number for number, _ in one}) == 4
    assert ids(bench, found, rows[::-1]) == ids(bench, found, rows[2:] + rows[:2]) == one
    alone = ids(bench, found, rows[1:2])
    assert alone[0] in one, "the first of repeated records keeps the id that it has alone"


def test_progress_ends_at_the_number_of_rules(bench: Bench, make: Any) -> None:
    told: list[tuple[int, int]] = []
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "1")]})
    run(bench, make(rule(), rule(JOINED)), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2)
    assert told == sorted(told)


PREDICATES = (
    "stack_height_m >= 15",
    "stack_height_m IS NOT NULL",
    "stack_height_m > stack_diameter_m",
    "stack_height_m / nullif(stack_diameter_m, 0) > 2",
    "outlet_code IN ('1', '2')",
    "NOT list_contains(pollutants, '汞')",
    "coalesce(stack_diameter_m, 0) > 1",
)
_numbers = st.one_of(st.none(), st.sampled_from([0.0, 1.0, 15.0, 30.0]))
_rows = st.lists(
    st.builds(
        lambda subject, code, height, width, kinds, source: outlet(
            subject, code, stack_height_m=height, stack_diameter_m=width, pollutants=kinds, source_id=source
        ),
        st.sampled_from("AB"),
        st.sampled_from([None, "1", "2", "3"]),
        _numbers,
        _numbers,
        st.sampled_from([None, ["汞"], ["颗粒物", "汞"], ["颗粒物"]]),
        st.sampled_from([1001, 1002]),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_rows)
def test_one_scan_finds_what_one_query_per_rule_finds(
    rows: list[Row], bench: Bench, make: Any, loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded("air_outlets", ALL, ALL - {"stack_diameter_m"})
    bench.fill({"permits": [permit("A"), permit("B")], "air_outlets": rows})
    found = make(*(rule(id=f"T-{number}", expect=text) for number, text in enumerate(PREDICATES)))

    def outcome() -> tuple[Any, ...]:
        results = [(item.outcome, item.judged, item.violations, item.undecided) for item in run(bench, found)]
        return results, findings(bench, *FINDING_COLUMNS)

    together = outcome()
    with monkeypatch.context() as patch:
        patch.setattr(scans, "RULES", 1)
        assert outcome() == together
    expected = sum(item[2] for item in together[0])
    assert len(together[1]) == expected


def test_the_example_database_reads_no_files(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("a\n1\n")
    for sql in (f"SELECT * FROM read_csv('{file}')", f"COPY permits TO '{file}'", f"ATTACH '{tmp_path / 'x.db'}' AS x"):
        with pytest.raises(duckdb.PermissionException):
            bench.connection.execute(sql)


@pytest.fixture
def unsure(bench: Bench):
    """Rows for the relations ``unreadable`` and ``behind``, taken away after the test."""
    yield lambda relation, *rows: [
        bench.connection.execute(f"INSERT INTO cur.{relation} VALUES ({', '.join('?' * len(row))})", row)
        for row in rows
    ]
    bench.connection.execute("DELETE FROM cur.unreadable")
    bench.connection.execute("DELETE FROM cur.behind")


def test_a_cell_that_could_not_be_read_is_not_taken_for_an_empty_one(bench: Bench, make: Any, unsure: Any) -> None:
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001"), outlet("A", "DA002")]})
    (rid,) = bench.connection.execute("SELECT rid FROM cur.air_outlets WHERE outlet_code = 'DA002'").fetchall()[0]
    unsure("unreadable", ["air_outlets", rid, "A", "stack_height_m"])
    (result,) = run(bench, make(rule(expect="stack_height_m IS NOT NULL")))
    assert (result.judged, result.violations, result.undecided) == (1, 1, 1)
    assert findings(bench, "record") == [("排放口编号=DA001",)]


def test_joined_rows_with_unreadable_cells_leave_their_permit_undecided(bench: Bench, make: Any, unsure: Any) -> None:
    bench.fill({"permits": [permit("A"), permit("B")], "air_outlets": [outlet("A", "1"), outlet("B", "1")]})
    unsure("unreadable", ["monitoring_plan", 7, "B", "outlet_code"])
    (result,) = run(bench, make(rule(JOINED)))
    assert (result.judged, result.violations, result.undecided) == (1, 1, 1)
    assert findings(bench, "subject") == [("A",)]


def test_an_older_export_of_the_joined_table_leaves_the_permit_undecided(bench: Bench, make: Any, unsure: Any) -> None:
    bench.fill({"permits": [permit("A"), permit("B")], "air_outlets": [outlet("A", "1"), outlet("B", "1")]})
    unsure("behind", ["B", "monitoring_plan", "air_outlets"], ["A", "monitoring_plan", "air_limits"])
    (result,) = run(bench, make(rule(JOINED)))
    assert (result.judged, result.violations, result.undecided) == (1, 1, 1)
    assert findings(bench, "subject") == [("A",)]


def test_an_optional_column_may_be_absent_from_the_export(bench: Bench, make: Any, loaded: Any) -> None:
    loaded("air_outlets", ALL - {"outlet_name"})
    bench.fill({"permits": [permit("A")], "air_outlets": [outlet("A", "DA001")]})
    expect = "coalesce(outlet_name, '') = '火炬' OR stack_height_m IS NOT NULL"
    (result,) = run(bench, make(rule(expect=expect)))
    assert result.outcome == Outcome.NOT_RUN
    (result,) = run(bench, make(rule(optional=["outlet_name"], expect=expect)))
    assert (result.outcome, result.violations) == (Outcome.FAILED, 1)
