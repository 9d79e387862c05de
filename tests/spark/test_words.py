"""Every function that rules may use, asked of DuckDB and of Spark over tricky values."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest

from checks.engine.spark_sql import Unsupported, to_spark
from checks.sql_words import FUNCTIONS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

D = dt.date
COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "id": ("BIGINT", list(range(12))),
    "g": ("BIGINT", [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4]),
    "a": (
        "VARCHAR",
        [
            None,
            "",
            "　某市　",
            "DA001",
            "a.b$c",
            "line\n",
            "\t x ",
            "Ⅲ类ABCµé",
            "2026年3月",
            "(甲)、乙",
            "12.50",
            "\\d{2}",
        ],
    ),
    "b": ("VARCHAR", ["x", None, "某", "DA002", ".", "\n", "", "类", "年", "、", "2", "\\"]),
    "num": (
        "VARCHAR",
        ["1", "1.5", "1d", "1f", " 2 ", "", "1e5", "NaN", "inf", "0x10", "１２", "-.5"],
    ),
    "day": (
        "VARCHAR",
        [
            "2026",
            "2026-1",
            "2026-1-5",
            "2026/01/05",
            "2026-02-30",
            "",
            " 2026-03-04 ",
            "2026-03-04T10:00:00",
            "20260304",
            "2026-03-04 10:00:00",
            "2026-12-31",
            "0001-01-01",
        ],
    ),
    "x": ("DOUBLE", [None, 0.0, -0.5, 1.0, 2.5, -2.5, 1.005, 0.1, 1e7, 1.5e-5, 123456789.125, 1e20]),
    "y": ("DOUBLE", [1.0, None, 3.0, -1.0, 0.3, 2.675, 1e-4, 12345678.0, 1e16, 1.2e15, float("nan"), float("inf")]),
    "n": ("BIGINT", [None, 0, 1, -1, 7, -7, 10, 100, 12, 3, 2, 5]),
    "m": ("INTEGER", [1, 2, None, 3, 3, 4, 5, 6, 7, 8, 9, 10]),
    "d": (
        "DATE",
        [
            None,
            D(2024, 2, 29),
            D(2026, 1, 31),
            D(2026, 12, 31),
            D(1949, 10, 1),
            D(2026, 3, 1),
            D(2026, 3, 31),
            D(2025, 2, 28),
            D(2000, 1, 1),
            D(2026, 6, 30),
            D(1900, 1, 1),
            D(2026, 8, 15),
        ],
    ),
    "e": (
        "DATE",
        [
            D(2026, 1, 1),
            None,
            D(2026, 1, 1),
            D(2027, 1, 1),
            D(1949, 10, 1),
            D(2025, 3, 1),
            D(2026, 4, 30),
            D(2026, 2, 28),
            D(1999, 12, 31),
            D(2026, 7, 1),
            D(1900, 3, 1),
            D(2026, 8, 14),
        ],
    ),
    "l": (
        "VARCHAR[]",
        [
            None,
            [],
            ["a"],
            ["a", None],
            [None],
            ["b", "a", "b"],
            ["某", "　"],
            ["x", "y", "z"],
            ["1", "2"],
            [""],
            ["DA001", "DA002"],
            ["a", "", None, "a"],
        ],
    ),
    "f": ("BOOLEAN", [None, True, False, True, False, None, True, True, False, False, None, True]),
}

#: Expressions over one row.
ROW = r"""
abs(x); abs(n); ceil(x); ceiling(y); floor(x); floor(n); exp(n / 10); greatest(x, y); greatest(a, b); least(n, m); least(x, y, 0.5)
ln(abs(x) + 1); n % 3; x % 2.5; mod(n, 4); pow(m, 2); power(abs(y), 0.5); m ^ 2; m ** 2
round(x); round(x, 2); round(y, 2); round(n); round(CAST(2.675 AS DECIMAL(10, 3)), 2); round(x * 100 / 3, 4); round(1.005, 2); sign(x); sign(n); sqrt(abs(x))
x / nullif(n, 0); n / 2; n / nullif(m, 0); 1 / 3; 1.0 / 3.0; n * 1.1; x + 0.1; x * 1.1 > y; 0.1 + 0.2 = 0.3; x - n; -n; x = -0.0; y > 1e300; y = y; x IN (0.1, 2.5, NULL)
x BETWEEN 0.1 AND 2.5; x IS NOT DISTINCT FROM y; n IS DISTINCT FROM m; NOT f; f AND n > 0; f OR n > 0; f IS NOT TRUE; (f = TRUE) IS NOT FALSE; a IN (SELECT b FROM t); n NOT IN (SELECT o.m FROM t AS o WHERE o.m > 3); a IN (SELECT o.b FROM t AS o WHERE o.id < 0); NOT (b IN (SELECT o.a FROM t AS o WHERE o.a <> ''))
concat(a, b); concat(a, '-', n); concat(a, x); concat(f, d); concat(x, y, m); concat_ws('；', a, b); concat_ws('|', x, n, d); concat_ws('', a); a || b; a || '某' || x; CAST(x AS VARCHAR); CAST(y AS VARCHAR)
CAST(n AS VARCHAR) || '%'; CAST(d AS VARCHAR); CAST(f AS VARCHAR); CAST(x / 3 AS VARCHAR); CAST(floor(x) AS VARCHAR); CAST(n AS DOUBLE); CAST(f AS INTEGER); CAST(n AS DECIMAL(18, 2)); CAST(1.25 AS DECIMAL(4, 1))
CAST(round(least(x, 1000)) AS BIGINT); TRY_CAST(num AS DOUBLE); TRY_CAST(num AS DECIMAL(10, 2)); TRY_CAST(day AS DATE); TRY_CAST(a AS DOUBLE); CAST(nullif(day, '2026-02-30') AS VARCHAR)
contains(a, b); contains(a, ''); contains(a, '某'); starts_with(a, 'DA'); starts_with(a, b); ends_with(a, b); ends_with(a, '\n'); instr(a, b); strpos(a, '某'); strpos(a, ''); position('0' IN a); a LIKE 'D_0%'; a LIKE '\d%'; a ILIKE '%abcµ%'; a NOT LIKE '%年%'
left(a, 2); left(a, -1); left(a, n); right(a, 2); right(a, -1); right(a, n); length(a); length(b); levenshtein(a, b); levenshtein(a, '某是'); lower(a); upper(a); lpad(a, 4, '0'); rpad(a, 4, '某'); lpad(a, 0, 'x')
ltrim(a); rtrim(a); trim(a); trim('　 a b ​ '); trim(a, '　某'); ltrim(a, 'D'); rtrim(a, '1'); trim(' x ')
regexp_matches(a, '^[A-Z]{2}[0-9]+$'); regexp_matches(a, 'line$'); regexp_matches(a, '年'); regexp_matches(a, '\s$'); regexp_matches(a, 'b\$c'); regexp_matches(a, '[一-龥]'); regexp_matches(a, '[^ -~]'); regexp_matches(a, 'da', 'i'); regexp_matches(a, '(?i)DA0'); regexp_matches(a, 'e.'); regexp_matches(a, 'e\s?$')
regexp_matches(a, '[[(]'); regexp_matches(a, '[()（）、]'); regexp_matches(a, '\bx'); regexp_matches(a, '类\b'); regexp_matches(a, '\d\{'); regexp_matches(a, '[.$\\]'); regexp_matches(a, '\w+'); regexp_matches(a, '[[:alpha:]]'); regexp_matches(a, '^$'); regexp_matches(a, 'a|^某|\)'); regexp_matches(a, '^.*$'); regexp_matches(b, '^.$'); regexp_matches(a, '[a&&b]')
regexp_extract(a, '[0-9]+'); regexp_extract(a, '([0-9]+)年([0-9]+)月', 2); regexp_extract(a, '(x)?([0-9])', 1); regexp_extract(a, '^(.)', 1); regexp_extract(a, '.$')
regexp_replace(a, '[0-9]', '#'); regexp_replace(a, '[0-9]', '#', 'g'); regexp_replace(a, '^[A-T]', ''); regexp_replace(a, '([0-9])([0-9])', '\2-\1'); regexp_replace(a, '([0-9])', '<\1>', 'g'); regexp_replace(a, '[(（].*[)）]$', ''); regexp_replace(a, '\.', '$1'); regexp_replace(a, 'x|', '_'); regexp_replace(a, '年', '\\'); regexp_replace(a, '0', '\00')
repeat(a, 2); repeat('某', n); replace(a, '0', '零'); replace(a, b, ''); replace(a, '', 'x'); reverse(a); split_part(a, '0', 2); split_part(a, '、', 1); split_part(a, '.', -1); split_part(a, '.', 5); translate(a, '甲乙D', '丙丁'); translate(a, '一二', '12')
substr(a, 1, 2); substr(a, 2); substr(a, 0, 2); substr(a, -2); substr(a, -2, 1); substr(a, -9, 8); substr(a, 3, 0); substr(a, strpos(a, '0') + 1); substr(a, strpos(a, '年'), 2); substring(a, 2, 1); substr(a, n, 2); substr(a, n); substr(a, 9, 2)
date_diff('day', d, e); datediff('day', e, d); date_part('year', d); date_part('month', d); date_part('day', d); date_part('quarter', d); extract(year FROM d); extract(quarter FROM e); day(d); month(d); quarter(d); year(d); last_day(d); last_day(d + INTERVAL 1 MONTH); make_date(2024, 2, m)
make_date(CAST(year(d) AS INTEGER), 1, 1); strftime(d, '%Y-%m-%d'); strftime(d, '%Y年%m月%dQ''s%%'); date_trunc('month', d); date_trunc('year', d); date_trunc('quarter', d); CAST(date_trunc('month', d) AS DATE); d + INTERVAL 1 YEAR; d - INTERVAL 3 MONTH; d + INTERVAL 30 DAY
CAST(d + INTERVAL 1 YEAR AS DATE); CAST(d + INTERVAL 1 MONTH AS VARCHAR); d + INTERVAL 1 MONTH > e; d + 1; d > '2020-01-01'; d = DATE '2024-02-29'; d + INTERVAL 1 YEAR <= e; date_diff('day', d, d + INTERVAL 1 YEAR); greatest(d, e); coalesce(d, DATE '2020-01-01')
array_length(l); array_to_string(l, '、'); list_contains(l, 'a'); list_contains(l, b); list_contains(['x', '某'], b); array_length(list_distinct(l)); list_filter(l, v -> v > 'a'); array_length(list_filter(l, v -> contains(v, 'A'))); list_transform(l, v -> upper(v)); list_transform(l, v -> trim(v)); list_value(a, b); string_split(a, '0'); string_split(a, '.'); string_split(a, '、')
struct_pack(p := n, q := a); l = ['a']; cast(n AS DOUBLE) / 3; coalesce(a, b, '无'); coalesce(x, n, 0); ifnull(a, '无'); nullif(a, ''); nullif(n, 0); CASE WHEN f THEN n ELSE x END; CASE a WHEN 'DA001' THEN 1 WHEN '' THEN 2 END; CASE WHEN f THEN 1.5 WHEN n > 0 THEN 2 END; a < b; a >= '某'; max(n) OVER (PARTITION BY g)
row_number() OVER (PARTITION BY g ORDER BY x, id); row_number() OVER (ORDER BY x DESC, id); rank() OVER (PARTITION BY g ORDER BY f); dense_rank() OVER (ORDER BY a DESC); lag(n) OVER (ORDER BY id); lead(a, 1) OVER (PARTITION BY g ORDER BY id); first_value(a) OVER (PARTITION BY g ORDER BY n DESC, id); last_value(a) OVER (PARTITION BY g ORDER BY id)
sum(n) OVER (PARTITION BY g ORDER BY id); count(*) OVER (PARTITION BY g); avg(m) OVER (PARTITION BY g ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW); EXISTS (SELECT 1 FROM t AS o WHERE o.b = t.a); n IN (1, 2, NULL); a NOT IN ('x', NULL); x < NULL; (SELECT max(o.n) FROM t AS o WHERE o.g = t.g)
"""

#: Aggregates over groups of rows.
GROUPED = r"""
count(*); count(n); count(DISTINCT a); count(*) FILTER (WHERE f); sum(n); sum(x); sum(CASE WHEN f THEN 1 ELSE 0 END); sum(CAST(n AS DECIMAL(18, 2))); avg(n); avg(x); avg(CAST(m AS DECIMAL(9, 2))); min(a); max(a); min(x); max(y); min(d); max(f); median(n); median(x)
bool_or(f); bool_and(f); bool_or(f) FILTER (WHERE n > 5); string_agg(a, '|' ORDER BY id); string_agg(DISTINCT b, '、' ORDER BY b); string_agg(CASE WHEN f THEN a END, ',' ORDER BY a DESC, id); string_agg(x, '/' ORDER BY id); string_agg(concat(a, n), ',' ORDER BY n, id); string_agg(a, ',' ORDER BY id) FILTER (WHERE n > 1)
max_by(a, id); min_by(a, id); arg_max(n, id); arg_min(b, id); arg_max(a, x + id) FILTER (WHERE f IS NOT NULL); round(sum(x) / nullif(count(x), 0), 3); min(round(x * 111.2, 2)); concat_ws('-', min(a), max(b)); max(n) - min(n); greatest(max(x), min(y)); coalesce(sum(n), 0)
"""

#: Whole queries.
QUERIES = [
    "SELECT id, trim(unnest(l)) AS v FROM t",
    "SELECT id, unnest(l) AS v, a FROM t WHERE n > 0",
    "SELECT id, unnest(string_split(a, '0')) AS v FROM t",
    "SELECT v, count(*) AS c FROM (SELECT unnest(l) AS v FROM t) AS u GROUP BY v",
    "SELECT g, n FROM t QUALIFY row_number() OVER (PARTITION BY g ORDER BY n DESC, id) = 1",
    "SELECT t.id, o.id AS other FROM t JOIN t AS o ON o.a = t.b OR o.n = t.m",
    "SELECT id FROM t SEMI JOIN (SELECT g FROM t WHERE f) AS s USING (g)",
    "SELECT id FROM t ANTI JOIN (SELECT g FROM t WHERE f) AS s USING (g)",
    "SELECT g, a FROM t UNION SELECT g, b AS a FROM t",
    "SELECT g FROM t EXCEPT SELECT n AS g FROM t",
    "SELECT DISTINCT g, f FROM t",
    "SELECT g, max(n) AS top FROM t GROUP BY ALL HAVING max(n) > 2",
    "SELECT t.id, v.word FROM t LEFT JOIN (VALUES (1, '一'), (2, '二')) AS v(number, word) ON v.number = t.n",
    "WITH k AS (SELECT g, count(*) AS c FROM t GROUP BY g) SELECT id, c FROM t JOIN k USING (g)",
    "SELECT id, n + 1 AS p, p * 2 AS q FROM t",
    "SELECT id FROM t WHERE n NOT IN (SELECT g FROM t WHERE g IS NOT NULL)",
    "SELECT id FROM t WHERE f OR a NOT IN (SELECT b FROM t)",
    "SELECT id FROM t WHERE n NOT IN (SELECT m FROM t)",
    "SELECT id FROM t WHERE (n IN (SELECT m FROM t)) IS NULL",
    "SELECT id, a FROM t WHERE (a, n) IN (SELECT a, n FROM t)",
    "SELECT d.id, count(o.id) AS c FROM t AS d LEFT JOIN t AS o ON o.d < d.d AND o.d >= d.d - INTERVAL 1 YEAR GROUP BY d.id",
]


def _words(text: str) -> list[str]:
    return [word.strip() for line in text.strip().splitlines() for word in line.split("; ") if word.strip()]


def _table() -> pa.Table:
    kinds = {
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "VARCHAR": pa.string(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "BOOLEAN": pa.bool_(),
        "VARCHAR[]": pa.list_(pa.string()),
    }
    return pa.table({name: pa.array(values, kinds[kind]) for name, (kind, values) in COLUMNS.items()})


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("given", _table())
    connection.execute("CREATE TABLE t AS SELECT * FROM given")
    return connection


@pytest.fixture(scope="module")
def both(spark: SparkSession, duck: duckdb.DuckDBPyConnection) -> Both:
    spark.createDataFrame(_table()).createOrReplaceTempView("t")
    return Both(spark, duck)


class Both:
    def __init__(self, spark: SparkSession, duck: duckdb.DuckDBPyConnection) -> None:
        self.spark = spark
        self.duck = duck

    def differences(self, queries: list[tuple[str, str]]) -> list[str]:
        """One line per (name, query) of which the engines do not say the same."""
        return [line for name, query in queries if (line := self._compare(name, query))]

    def _compare(self, name: str, query: str) -> str:
        mine = self._ask_duck(query)
        other = self._ask_spark(query)
        if isinstance(mine, str) and isinstance(other, str):
            return ""  # neither can
        if mine == other:
            return ""
        if isinstance(mine, str) or isinstance(other, str):
            return f"{name}: DuckDB {mine if isinstance(mine, str) else 'ok'} / Spark {other if isinstance(other, str) else 'ok'}"
        pairs = [(a, b) for a, b in zip(mine, other, strict=False) if a != b]
        return f"{name}: {pairs[:4] or (len(mine), len(other))}"

    def _ask_duck(self, query: str) -> list[str] | str:
        try:
            return sorted(map(repr, self.duck.sql(_shown(self.duck, query)).fetchall()))
        except duckdb.Error as error:
            return f"error {str(error).splitlines()[0][:120]}"

    def _ask_spark(self, query: str) -> list[str] | str:
        from pyspark.errors import PySparkException

        try:
            got = self.spark.sql(to_spark(query)).toArrow()
        except (PySparkException, Unsupported) as error:
            return f"error {' '.join(str(error).split())[:160]}"
        try:
            kinds = [row[1] for row in self.duck.execute(f"DESCRIBE {query}").fetchall()]
        except duckdb.Error:
            return "ok, where DuckDB fails"
        self.duck.register("got", got)
        casts = ", ".join(
            f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in zip(got.column_names, kinds, strict=True)
        )
        query = f"SELECT {casts} FROM got"
        return sorted(map(repr, self.duck.sql(_shown(self.duck, query)).fetchall()))


def _shown(duck: duckdb.DuckDBPyConnection, query: str) -> str:
    """Doubles as the engine writes them."""
    shown = []
    for name, kind, *_ in duck.execute(f"DESCRIBE {query}").fetchall():
        is_double = kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL")
        shown.append(f'printf(\'%.12g\', CAST("{name}" AS DOUBLE) + 0) AS "{name}"' if is_double else f'"{name}"')
    return f"SELECT {', '.join(shown)} FROM ({query}) AS q"


def test_every_function_that_rules_may_use_is_asked() -> None:
    asked = set(re.findall(r"\b([a-z_]+)\s*\(", " ".join([ROW, GROUPED, *QUERIES]).lower()))
    assert {name for name in FUNCTIONS if name not in asked} == set()


@pytest.mark.parametrize("start", range(0, len(_words(ROW)), 40))
def test_expressions_say_the_same(both: Both, start: int) -> None:
    words = _words(ROW)[start : start + 40]
    joined = ", ".join(f"{word} AS v{number}" for number, word in enumerate(words))
    if both.differences([("all", f"SELECT id, {joined} FROM t")]):
        assert both.differences([(word, f"SELECT id, {word} AS v FROM t") for word in words]) == []


def test_aggregates_say_the_same(both: Both) -> None:
    assert both.differences([(word, f"SELECT g, {word} AS v FROM t GROUP BY g") for word in _words(GROUPED)]) == []


def test_aggregates_of_nothing_say_the_same(both: Both) -> None:
    assert both.differences([(word, f"SELECT {word} AS v FROM t WHERE id < 0") for word in _words(GROUPED)]) == []


def test_queries_say_the_same(both: Both) -> None:
    assert both.differences([(query, query) for query in QUERIES]) == []
