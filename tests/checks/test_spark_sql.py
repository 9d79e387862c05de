"""Rules' SQL put for Spark, as text; what both engines answer is asked in tests/spark."""

from __future__ import annotations

import subprocess
import sys

import pytest

from checks.catalogue import load
from checks.engine.re2_java import PatternError, java_pattern, java_replacement
from checks.engine.spark_sql import Unsupported, to_spark
from checks.engine.spark_words import WORDS
from checks.sql import SqlError, read_select


@pytest.mark.parametrize(
    ("pattern", "java"),
    [
        ("^[0-9]+$", r"(?d)^[0-9]+\z"),
        ("[[(]x", r"(?d)[\[(]x"),
        ("[a&&b]", r"(?d)[a\&\&b]"),
        (r"\d{2}{", r"(?d)\d{2}\{"),
        (r"[\s、]", r"(?d)[ \t\n\f\r、]"),
        ("[[:digit:]]", r"(?d)[\p{Digit}]"),
        (r"\$", r"(?d)\$"),
    ],
)
def test_pattern_is_put_for_java(pattern: str, java: str) -> None:
    assert java_pattern(pattern) == java


@pytest.mark.parametrize("pattern", [r"\p{Han}", r"\pN", "(?U)a", "[abc"])
def test_pattern_without_equal_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        java_pattern(pattern)


def test_replacement_keeps_dollars_and_groups() -> None:
    assert java_replacement(r"\2-$1\\", 0) == r"$2-\$1\\"
    assert java_replacement(r"\10", 2) == r"$3\0"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT (a, b) IN (SELECT a, b FROM t) AS v FROM t",
        "SELECT strftime(d, '%U') AS v FROM t",
        "SELECT regexp_matches(a, b) AS v FROM t",
        "SELECT round(x, n) AS v FROM t",
        "SELECT unnest(l) AS v, unnest(m) AS w FROM t",
        "SELECT regexp_replace(a, 'x*', '', 'g') AS v FROM t",
    ],
)
def test_what_spark_takes_otherwise_is_refused(sql: str) -> None:
    with pytest.raises(Unsupported):
        to_spark(sql)


@pytest.mark.parametrize(
    ("sql", "instead"),
    [
        ("SELECT rid, string_agg(pollutant, '、') AS v FROM air_links GROUP BY rid", "ORDER BY"),
        ("SELECT rid, any_value(pollutant) AS v FROM air_links GROUP BY rid", "min"),
        ("SELECT rid, regexp_matches(pollutant, pollutant) AS v FROM air_links", "直接写成文字"),
    ],
)
def test_lint_names_what_to_write_instead(sql: str, instead: str) -> None:
    with pytest.raises(SqlError, match=instead):
        read_select(sql, lambda name: {"rid": "BIGINT", "pollutant": "VARCHAR"} if name == "air_links" else None)


def test_every_rule_can_be_put() -> None:
    catalogue = load()
    values = {name: "1" for rule in catalogue.rules.values() for name in (item.name for item in rule.params)}
    assert values
    for relation in catalogue.relations.values():
        assert to_spark(relation.sql.replace("$as_of", "DATE '2026-10-31'"))


def test_words_have_a_reason_and_a_way() -> None:
    assert [word.duckdb for word in WORDS.values() if not word.reason or not (word.template or word.how)] == []


def test_no_command_imports_spark() -> None:
    code = "import sys, audit.run, audit.cli.run, audit.lake, checks.engine.run; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
