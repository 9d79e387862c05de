"""The catalogue: what is refused and how it is told, overrides, versions, the cache."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checks.catalogue import load
from checks.catalogue_form import rule_schema
from checks.errors import ExitCode, UserError
from checks.model import Severity
from tests.checks.rule_texts import JOINED, SOUND, catalogue, rule, write


def fault(folder: Path, *rules: dict[str, Any], relations: dict[str, Any] | None = None) -> str:
    """What the user is told of a wrong rule."""
    with pytest.raises(UserError) as caught:
        catalogue(folder, *rules, relations=relations or {})
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value.message


def basis(confidence: str) -> list[dict[str, str]]:
    return [{"doc": "某文", "confidence": confidence}]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": "g-1"}, "id 应符合"),
        ({"name": "Bad Name"}, "name 应符合"),
        ({"module": "废气排放"}, "没有模块 废气排放，是不是 废气排放口"),
        ({"table": "air_outlet"}, "没有表 air_outlet，是不是 air_outlets"),
        ({"severity": "严 重"}, "severity 应是 '严重', '一般' or '提示'，现为 '严 重'"),
        ({"stage": "证前后"}, "stage 应是"),
        ({"message": "排放口 {outlet_cod} 错"}, "message：air_outlets 没有列 {outlet_cod}，是不是 {outlet_code}"),
        ({"advice": None}, "缺少 advice"),
        ({"advice": ""}, "advice 不能为空"),
        ({"basis": None}, "缺少 basis"),
        ({"basis": []}, "basis 不能为空"),
        ({"examples": None}, "缺少 examples"),
        ({"examples": {"bad": {}}}, "缺少 examples.good"),
        ({"basis": [{"doc": "某文", "clause": 4.5, "confidence": "A"}]}, "basis.0.clause 应是文字，请加引号，现为 4.5"),
        ({"basis": basis("D")}, "basis.0.confidence 应是"),
        ({"basis": basis("C")}, "severity：依据的可信度都是 C（仅凭记忆），只能是 提示，现为 严重"),
        ({"titel": "x"}, "不认识的键 titel，是不是 title"),
        ({"expect": "stack_heigth_m > 1"}, "expect：表 air_outlets 没有列 stack_heigth_m，是不是 stack_height_m"),
        ({"applies": "other.outlet_code = 'a'"}, "applies：不认识 other.outlet_code"),
        ({"expect": "stack_height_m > $asof"}, "params：没有参数 $asof，是不是 $as_of"),
        ({"params": {"least": {"value": 1, "source": "x"}}}, "参数 least 没有用到"),
        ({"params": {"as_of": {"value": 1, "source": "x"}}}, "as_of 是审核基准日"),
        ({"expect": "stack_height_m > $least", "params": {"least": {"value": 1}}}, "缺少 params.least.source"),
        ({"industry": ["水泥"]}, "industry.0 应符合"),
        ({"examples": {**SOUND["examples"], "bad": {"air_outlet": []}}}, "examples.bad：没有表 air_outlet，是不是"),
        ({"examples": {**SOUND["examples"], "good": {"air_outlets": [{"height": 1}]}}}, "表 air_outlets 没有列 height"),
        ({"examples": {**SOUND["examples"], "good": {"air_outlets": {"a": 1}}}}, "air_outlets 应是行的列表"),
        ({"from": "SELECT outlet_code AS code FROM air_outlets"}, "from：应有输出列 rid"),
        ({"from": "SELECT rid, outlet_code FROM air_outlets"}, "from：输出列 outlet_code 与表 air_outlets 的列重名"),
        ({"from": "SELECT rid, count(*) FROM air_outlets GROUP BY rid"}, "from：每个输出列都要用 AS 取名"),
        ({"from": "SELECT rid, 1 AS a, 2 AS a FROM air_outlets"}, "from：输出列重名：a"),
        ({"from": "SELECT rid FROM air_outlts"}, "from：没有表 air_outlts，是不是 air_outlets"),
        ({"from": "SELECT o.rid AS rid, o.heigth AS h FROM air_outlets o"}, "from：o 没有列 heigth"),
        ({"from": "SELECT rid, x FROM air_outlets"}, "from：没有列 x"),
        (
            {"from": "SELECT rid FROM air_outlets WHERE EXISTS (SELECT 1 FROM (SELECT q.nil FROM permits q) z)"},
            "没有列 nil",
        ),
        (
            {"from": "SELECT r.rid AS rid FROM air_outlets r JOIN ref_division d ON d.code = r.outlet_code"},
            "ref_divisions",
        ),
        ({"from": "SELECT a.rid AS rid FROM air_outlets a JOIN permits p USING (outlet_code)"}, "USING (outlet_code)"),
    ],
)
def test_a_wrong_rule_is_told_with_file_rule_key_and_nearest_name(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    message = fault(tmp_path, rule(**changes))
    assert told in message
    assert message.startswith(f"{tmp_path / 'rules.yaml'}：规则 {changes.get('id', 'T-001')}")


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("stack_height_m > 1; DROP TABLE air_outlets", "不能有分号"),
        ("SELECT 1", "应是一个表达式"),
        ("outlet_code AS code", "应是一个表达式"),
        ("COPY air_outlets TO 'x'", "应是一个表达式"),
        ("ATTACH 'x.db' AS x", "应是一个表达式"),
        ("INSTALL httpfs", "应是一个表达式"),
        ("outlet_code IN (SELECT a FROM read_csv('x.csv'))", "不能用函数 read_csv：规则不得读文件"),
        ("outlet_code IN (SELECT a FROM 'x.csv')", "没有表 x.csv"),
        ("outlet_code IN (SELECT outlet_code FROM main.air_outlets)", "不能带库名或模式名"),
        ("outlet_code IN (FROM air_limits)", "不能用 *"),
        ("'x'.read_text() IS NULL", "不能用函数 read_text：规则不得读文件"),
        ("getenv('HOME') IS NULL", "不能用函数 getenv：规则不得读文件"),
        ("outlet_code = e'\\x41'", "文字只能写成单引号字符串"),
        ("outlet_code = $$DA001$$", "文字只能写成单引号字符串"),
        ("outlet_code = $1", "参数要写成 $名字"),
        ("outlet_code = (", "SQL 读不懂"),
        ("outlet_code = 'a' /* open", "SQL 读不懂"),
        ("lenth(outlet_code) > 1", "函数 lenth，是不是 length"),
        ("strlen(outlet_code) > 1", "请用 length（字数）"),
        ("len(pollutants) > 1", "array_length"),
        ("regexp_full_match(outlet_code, 'DA')", "请用 regexp_matches"),
        ("outlet_code ~ 'DA'", "不能用 ~：请用 regexp_matches"),
        ("outlet_code SIMILAR TO 'DA'", "不能用 SIMILAR TO"),
        ("outlet_code GLOB 'DA*'", "不能用 GLOB"),
        ("outlet_code[1:2] = 'DA'", "请用 substr"),
        ("regexp_matches(outlet_code, '\\p{Han}')", "汉字请写 [一-龥]"),
        ("stack_height_m / stack_diameter_m > 1", "请写 nullif(stack_diameter_m, 0)"),
        ("stack_height_m % stack_diameter_m > 1", "请写 nullif(stack_diameter_m, 0)"),
        ("stack_height_m // 2 > 1", "不能用 //"),
        ("CAST(stack_height_m AS INTEGER) > 1", "请先 round 或 floor"),
        ("TRY_CAST(outlet_code AS INTEGER) > 1", "TRY_CAST(… AS DOUBLE)"),
        ("date_part('dow', $as_of) = 1", "日期的 dow 各引擎不同"),
        ("extract(week FROM $as_of) = 1", "各引擎不同"),
        ("date_diff('year', $as_of, $as_of) > 1", "date_diff 只能用 'day'"),
        ("current_date > $as_of", "请用 $as_of"),
        ("now() > $as_of", "请用 $as_of"),
        ("random() > 0.5", "不能用随机数"),
        ("count_if(stack_height_m > 1) > 0", "count(*) FILTER"),
    ],
)
def test_sql_that_is_unsafe_or_not_portable_is_refused(tmp_path: Path, sql: str, told: str) -> None:
    assert told in fault(tmp_path, rule(expect=sql))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT rid FROM air_outlets; SELECT 1",
        "COPY air_outlets TO 'x'",
        "ATTACH 'x'",
        "SET threads = 1",
        "PRAGMA version",
        "DELETE FROM air_outlets",
        "WITH gone AS (DELETE FROM air_outlets RETURNING rid) SELECT rid FROM gone",
        "SELECT rid FROM glob('*')",
        "SELECT rid FROM duckdb_settings()",
        "SELECT o.rid FROM air_outlets o NATURAL JOIN permits",
    ],
)
def test_from_takes_one_select_over_known_tables_only(tmp_path: Path, sql: str) -> None:
    assert "规则 T-001 的 from：" in fault(tmp_path, rule(**{"from": sql}))


def test_dates_are_not_subtracted(tmp_path: Path) -> None:
    wrong = rule(table="permits", applies="TRUE", expect="valid_to - valid_from > 3", message="错", module="基本信息")
    assert "请用 date_diff('day', 早, 晚)" in fault(tmp_path, {**wrong, "examples": {"bad": {}, "good": {}}})


def test_files_that_are_no_rules_are_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("- id: T-001\n  title: [\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"broken.yaml 第 3 行：不是正确的 YAML"):
        load([broken])
    with pytest.raises(UserError, match="应是规则列表"):
        load([write(tmp_path / "other.yaml", {"rules": []})])
    with pytest.raises(UserError, match="不存在"):
        load([tmp_path / "absent.yaml"])
    with pytest.raises(UserError, match="规则 第 1 条：缺少 id"):
        load([write(tmp_path / "nameless.yaml", [rule(id=None)])])


def test_a_duplicate_id_names_the_other_file(tmp_path: Path) -> None:
    assert "规则 T-001 的 id：编号重复，已在 rules.yaml 中用过" in fault(tmp_path, rule(), rule())


def test_shared_relations_are_checked_like_rules(tmp_path: Path) -> None:
    def relation(sql: str) -> dict[str, str]:
        return {"sql": sql, "description": "试"}

    told = {
        "共用关系 a 的 sql：没有表 air_outlet，是不是 air_outlets": {"a": relation("SELECT rid FROM air_outlet")},
        "互相引用 a → b → a": {"a": relation("SELECT rid FROM b"), "b": relation("SELECT rid FROM a")},
        "共用关系 permits 与表重名": {"permits": relation("SELECT rid FROM air_outlets")},
        "只能用 $as_of，不能用 $least": {"a": relation("SELECT rid FROM air_outlets WHERE rid > $least")},
        "缺少 description": {"a": {"sql": "SELECT rid FROM air_outlets"}},
    }
    for sentence, relations in told.items():
        assert sentence in fault(tmp_path, rule(), relations=relations)


def test_facts_follow_shared_relations_to_the_stored_columns(tmp_path: Path) -> None:
    relations = {
        "plans": {
            "sql": "SELECT subject, outlet_code FROM monitoring_plan WHERE method IS NOT NULL",
            "description": "a",
        },
        "counts": {"sql": "SELECT subject, count(*) AS n FROM plans GROUP BY subject", "description": "b"},
    }
    sql = "SELECT o.rid AS rid, c.n AS plans FROM air_outlets AS o LEFT JOIN counts AS c USING (subject)"
    found = catalogue(tmp_path, rule(**{**JOINED, "from": sql}), relations=relations)
    facts = found.facts["T-002"]
    assert facts.needs == {
        "air_outlets": frozenset(),
        "monitoring_plan": frozenset({"outlet_code", "method"}),
    }
    assert facts.relations == ("plans", "counts")
    assert (facts.row_columns, facts.extra, facts.has_query) == (frozenset({"outlet_code"}), ("plans",), False)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT o.rid AS rid, u.p AS kind FROM air_outlets AS o, unnest(o.pollutants) AS u(p)",
        "SELECT o.rid AS rid, v.t AS kind FROM air_outlets AS o JOIN (VALUES ('a')) AS v(t) ON v.t = o.outlet_code",
        "WITH a AS (SELECT subject, count(*) AS n FROM air_limits GROUP BY subject), "
        "b AS (SELECT subject, n FROM a UNION ALL SELECT subject, 1 AS n FROM water_limits) "
        "SELECT o.rid AS rid, sum(b.n) AS total FROM air_outlets AS o LEFT JOIN b USING (subject) "
        "GROUP BY o.rid HAVING total > 1 ORDER BY total",
        "SELECT rid, row_number() OVER (PARTITION BY subject ORDER BY rid) AS place FROM air_outlets QUALIFY place > 1",
        "SELECT o.rid AS rid, (SELECT max(l.conc_limit) FROM air_limits AS l WHERE l.subject = o.subject "
        "AND o.stack_height_m > 3) AS top FROM air_outlets AS o",
    ],
)
def test_ordinary_selects_are_understood(tmp_path: Path, sql: str) -> None:
    assert catalogue(tmp_path, rule(**{"from": sql})).facts["T-001"].extra


def test_the_version_changes_with_what_decides_the_findings(tmp_path: Path) -> None:
    def version(relations: dict[str, Any], **changes: Any) -> str:
        return catalogue(tmp_path, rule(**changes), relations=relations).rules["T-001"].version

    sql = "SELECT o.rid AS rid, a.n AS n FROM air_outlets AS o LEFT JOIN a USING (subject)"
    one = {"a": {"sql": "SELECT subject, 1 AS n FROM permits", "description": "x"}}
    two = {"a": {"sql": "SELECT subject, 2 AS n FROM permits", "description": "x"}}
    params = {"expect": "stack_height_m > $least"}
    versions = [
        version({}),
        version({}, expect="stack_height_m > 0"),
        version({}, applies="TRUE"),
        version({}, message="错"),
        version({}, **params, params={"least": {"value": 1, "source": "x"}}),
        version({}, **params, params={"least": {"value": 2, "source": "x"}}),
        version(one, **{"from": sql}),
        version(two, **{"from": sql}),
    ]
    assert len(set(versions)) == len(versions)
    assert version({}) == version({}, advice="另一句", note="x", title="另一题") == versions[0]


def overridden(folder: Path, *entries: dict[str, Any], as_of: date = date(2026, 6, 1)) -> Any:
    least = {"least": {"value": 15, "source": "GB"}}
    rules = write(folder / "rules.yaml", [rule(expect="stack_height_m >= $least", params=least)])
    return load([rules, write(folder / "own.yaml", {"overrides": list(entries)})], as_of=as_of, is_builtin=False)


UNTIL = {"rule": "T-001", "reason": "市局会议纪要", "until": date(2026, 12, 31)}


def test_an_override_changes_severity_and_numbers_until_its_day(tmp_path: Path) -> None:
    plain = overridden(tmp_path).rules["T-001"]
    changed = overridden(tmp_path, {**UNTIL, "severity": "一般", "params": {"least": 20}})
    assert changed.rules["T-001"].severity == Severity.GENERAL
    assert changed.rules["T-001"].params[0].value == 20
    assert changed.rules["T-001"].version != plain.version
    ended = overridden(tmp_path, {**UNTIL, "severity": "一般"}, as_of=date(2027, 1, 1))
    assert ended.rules["T-001"] == plain
    assert "已于 2026-12-31 到期，不再生效（市局会议纪要）" in ended.notices[0]
    assert list(overridden(tmp_path, {**UNTIL, "off": True}).off) == ["T-001"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"rule": "T-001", "off": True, "until": date(2026, 12, 31)}, "缺少 overrides.0.reason"),
        ({"rule": "T-001", "off": True, "reason": "x"}, "缺少 overrides.0.until"),
        ({**UNTIL, "rule": "T-002", "off": True}, "没有这条规则，是不是 T-001"),
        ({**UNTIL, "params": {"leest": 3}}, "没有参数 leest，是不是 least"),
        ({**UNTIL, "params": {"least": "二十"}}, "参数 least 应与原值 15 同类，现为 '二十'"),
        (UNTIL, "severity、params、off 至少写一个"),
    ],
)
def test_a_wrong_override_is_told(tmp_path: Path, entry: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=r".") as caught:
        overridden(tmp_path, entry)
    assert told in caught.value.message


def test_two_overrides_of_one_rule_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="只能有一条有效的调整"):
        overridden(tmp_path, {**UNTIL, "off": True}, {**UNTIL, "severity": "一般"})


def test_an_override_cannot_raise_what_rests_on_memory(tmp_path: Path) -> None:
    rules = write(tmp_path / "rules.yaml", [rule(severity="提示", basis=basis("C"))])
    own = write(tmp_path / "own.yaml", {"overrides": [{**UNTIL, "severity": "严重"}]})
    with pytest.raises(UserError, match="只能是 提示"):
        load([rules, own], as_of=date(2026, 6, 1), is_builtin=False)


def test_rules_and_modules_are_found_by_name_alias_and_near_name(tmp_path: Path) -> None:
    found = catalogue(tmp_path, rule(), rule(**{**JOINED, "module": "自行监测"}), relations={})
    assert [item.id for item in found.select(["monitoring"], ["T-001"])] == ["T-001", "T-002"]
    assert [item.id for item in found.select(["废气排放口"])] == ["T-001"]
    assert found.rule("t-001").id == "T-001"
    with pytest.raises(UserError, match="没有规则 T-003，是不是 T-00"):
        found.rule("T-003")
    with pytest.raises(UserError, match="没有模块 固体废弃物，是不是 固体废物"):
        found.module("固体废弃物")


def test_the_cache_gives_the_same_catalogue_and_notices_a_change(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    own = {"overrides": [{**UNTIL, "severity": "一般"}]}
    dated = {"as_of": date(2026, 1, 1), **SOUND["examples"]["bad"]}
    files = [
        write(tmp_path / "rules.yaml", [rule(examples={**SOUND["examples"], "bad": [dated]}), rule(**JOINED)]),
        write(tmp_path / "own.yaml", own),
    ]
    day = date(2026, 6, 1)
    fresh = load(files, as_of=day, is_builtin=False)
    assert load(files, as_of=day, is_builtin=False, cache=cache) == fresh
    kept = (cache / "catalogue.json").read_bytes()
    assert load(files, as_of=day, is_builtin=False, cache=cache) == fresh
    assert (cache / "catalogue.json").read_bytes() == kept
    write(files[0], [rule(title="另一题")])
    assert load(files, as_of=day, is_builtin=False, cache=cache).rules["T-001"].title == "另一题"
    (cache / "catalogue.json").write_text("{")
    assert load(files, as_of=day, is_builtin=False, cache=cache).rules["T-001"].title == "另一题"
    blocked = write(tmp_path / "file", "")
    assert load(files, as_of=day, is_builtin=False, cache=blocked).rules["T-001"].title == "另一题"


def test_the_builtin_catalogue_is_sound() -> None:
    found = load()
    assert len(found.rules) >= 60
    assert all(item.version for item in found.rules.values())
    used = {item.module for item in found.rules.values()}
    assert {"基本信息", "废气排放口", "固体废物", "自行监测", "环境管理台账", "执行报告"} <= used


def test_the_schema_tells_every_key_of_a_rule() -> None:
    schema = rule_schema()
    form = schema["$defs"]["RuleForm"]
    assert set(SOUND) | {"from", "params", "industry", "optional", "note"} == set(form["properties"])
    assert form["additionalProperties"] is False
    assert {"basis", "advice", "examples", "expect"} <= set(form["required"])
