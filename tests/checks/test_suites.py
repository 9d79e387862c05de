"""Great Expectations over an open DuckDB connection: real counts, errors told as errors, nothing left behind."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checks import catalogue as catalogues
from checks.model import AuditRule
from checks.suites.judge import batch_query, exception_in, run_suite, suite_of

DAY = dt.date(2026, 10, 31)
QUERY = "SELECT rid, subject FROM outlets WHERE height < 15"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE subjects AS SELECT unnest(range(1000)) AS subject")
        connection.execute(
            "CREATE TABLE outlets AS SELECT subject AS rid, subject, subject % 20 AS height FROM subjects"
        )
        yield connection


@cache
def _catalogue() -> catalogues.Catalogue:
    return catalogues.load()


def _rules(count: int) -> list[AuditRule]:
    return list(_catalogue().rules.values())[:count]


def _run(connection: duckdb.DuckDBPyConnection, queries: list[str], **more: Any) -> list[tuple[int | None, str]]:
    rules = _rules(len(queries))
    by_rule = {rule.id: query for rule, query in zip(rules, queries, strict=True)}
    verdicts = run_suite(
        "模块", rules, by_rule, connection, as_of=DAY, **{"drawn": "SELECT subject FROM subjects"} | more
    )
    assert [verdict.rule_id for verdict in verdicts] == [rule.id for rule in rules]
    return [(verdict.count, verdict.error) for verdict in verdicts]


def test_counts_are_true_above_the_cap_of_rows(connection: duckdb.DuckDBPyConnection) -> None:
    assert _run(connection, [QUERY, f"{QUERY} AND FALSE"]) == [(750, ""), (0, "")]


def test_only_the_drawn_subjects_count(connection: duckdb.DuckDBPyConnection) -> None:
    assert _run(connection, [QUERY], drawn="SELECT subject FROM subjects WHERE subject < 40") == [(30, "")]


def test_equal_queries_of_two_rules_both_stay(connection: duckdb.DuckDBPyConnection) -> None:
    assert _run(connection, [QUERY, QUERY]) == [(750, ""), (750, "")]


def test_an_exception_is_an_error_and_no_count(connection: duckdb.DuckDBPyConnection) -> None:
    (count, error), other = _run(connection, ["SELECT rid, subject FROM nowhere", QUERY])
    assert count is None
    assert "nowhere" in error
    assert other == (750, "")


def test_exceptions_are_seen_at_once_and_per_metric() -> None:
    told = {"raised_exception": True, "exception_message": "first\nsecond", "exception_traceback": ""}
    assert exception_in(told) == "first"
    assert exception_in({"('metric', 'id')": told}) == "first"
    assert exception_in({"raised_exception": False, "exception_message": None, "exception_traceback": None}) == ""


ODD_TEXTS = (
    "'x' = '{}'",
    "regexp_matches('1234', '^[0-9]{4}$')",
    "'12:30' <> ' :subject :x: \\:y' AND 1::INTEGER = 1",
    r"regexp_matches('a:b', '^a\:b$')",
    "regexp_matches('ab', '^(?:ab|c)$')",
    "[':a', '$b', '%s %% %(x)s'][1] = ':a'",
    "'50%' = '50' || chr(37)",
    "{'a':1}.a = 1",
    "'半；角：' <> ';'  -- {comment}: 'it''s'",
)


def test_a_query_reaches_duckdb_as_it_was_written(connection: duckdb.DuckDBPyConnection) -> None:
    queries = [f"SELECT rid, subject, '{{}}' AS text FROM outlets WHERE {test}" for test in ODD_TEXTS]
    wanted = [connection.execute(f"SELECT count(*) FROM ({query}\n)").fetchall()[0][0] for query in queries]
    assert sum(wanted) == 1000 * (len(ODD_TEXTS) - 1)
    assert _run(connection, queries) == [(count, "") for count in wanted]


def test_every_text_of_the_catalogue_survives_both_formatters() -> None:
    import sqlalchemy

    dialect = sqlalchemy.create_engine("duckdb:///:memory:").dialect
    for rule in _catalogue().rules.values():
        query = f"SELECT * FROM ({rule.relation}) WHERE ({rule.applies}) AND ({rule.expect})"
        filled = batch_query(query).format(batch="x")
        assert query in str(sqlalchemy.text(filled).compile(dialect=dialect)), rule.id


def test_expectations_carry_severity_and_what_they_rest_on() -> None:
    rules = list(_catalogue().rules.values())
    suite = suite_of("全部", rules, {rule.id: QUERY for rule in rules}, DAY)
    assert len(suite.expectations) == len(rules)
    for rule, expectation in zip(rules, suite.expectations, strict=True):
        assert expectation.severity == {"严重": "critical", "一般": "warning", "提示": "info"}[rule.severity]
        assert (expectation.meta["rule"], expectation.meta["version"]) == (rule.id, rule.version)
        assert expectation.meta["clauses"] == [str(basis) for basis in rule.basis if basis.is_valid(DAY)]


def test_docs_name_the_rules_and_nothing_else_is_left(
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("HOME", str(scratch))
    _run(connection, [QUERY], docs=tmp_path / "docs")
    (page,) = (tmp_path / "docs" / "validations").rglob("*.html")
    assert _rules(1)[0].title in page.read_text(encoding="utf-8")
    assert "750" in page.read_text(encoding="utf-8")
    assert (tmp_path / "docs" / "index.html").is_file()
    assert list(scratch.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_nothing_is_written_through_the_connection(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE subjects AS SELECT 1 AS subject")
        connection.execute("CREATE TABLE outlets AS SELECT 1 AS rid, 1 AS subject, 2 AS height")
    before = file.read_bytes()
    with duckdb.connect(str(file), read_only=True) as connection:
        assert _run(connection, [QUERY]) == [(1, "")]
        assert connection.execute("SELECT 1").fetchall() == [(1,)], "still open"
    assert file.read_bytes() == before


def test_great_expectations_still_needs_the_keeping_cursor(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duckdb_engine import ConnectionWrapper

    monkeypatch.setattr("checks.suites.cursor.KeepingConnection", ConnectionWrapper)
    (verdict,) = _run(connection, [QUERY])
    assert verdict[0] is None, "Great Expectations reads DuckDB's results in time: remove checks/suites/cursor.py"
    assert verdict[1]
