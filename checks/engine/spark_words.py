"""What DuckDB and Spark say differently, and how the rules' SQL is put for Spark: data only.

:mod:`checks.engine.spark_sql` applies it; ``docs/spark-words.md`` lists it. A function that is
neither here nor refused in :mod:`checks.sql_words` means the same in both engines
(``tests/spark/test_words.py`` asks both).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """One difference: what rules write, what Spark gets, and why.

    ``template`` is Spark SQL over the arguments ``_0``, ``_1``…; without one, the code named in
    ``how`` puts it.
    """

    duckdb: str
    reason: str
    template: str = ""
    how: str = ""


#: White space that ``trim(x)`` of DuckDB 2 takes away, as a Java character class.
SPACES = r"[ \u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]"

_EXPONENT = "try_cast(substring_index(_0, 'E', -1) AS INT)"
_PLAIN = "regexp_replace(regexp_replace(CAST(try_cast(_0 AS DECIMAL(38, 20)) AS STRING), '0+$', ''), '\\\\.$', '.0')"
_SCIENTIFIC = (
    "concat(regexp_replace(substring_index(_0, 'E', 1), '\\\\.0$', ''), "
    f"CASE WHEN {_EXPONENT} < 0 THEN 'e-' ELSE 'e+' END, lpad(CAST(abs({_EXPONENT}) AS STRING), 2, '0'))"
)
#: How DuckDB lets a date and a number be written, as Java patterns.
DATE_FORM = (
    r"^\s*([0-9]{1,4})([-/ \\])([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:\s*|[ T][0-9]{1,2}:[0-9]{1,2}(?::[0-9]{1,2}(?:\.[0-9]*)?)?\s*)$"
)
NUMBER_FORM = r"^\s*[+-]?(?:(?:[0-9](?:_?[0-9])*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))\s*$"
#: A date from a text ``_0`` that has this form.
DATE_TEXT = (
    "concat(lpad(regexp_extract(_0, _1, 1), 4, '0'), '-', regexp_extract(_0, _1, 3), '-', regexp_extract(_0, _1, 4))"
)
#: The text of a double as DuckDB writes it, from the text as Spark writes it.
DOUBLE_TEXT = (
    "CASE WHEN NOT contains(_0, 'E') THEN replace(replace(_0, 'NaN', 'nan'), 'Infinity', 'inf') "
    f"WHEN {_EXPONENT} BETWEEN -4 AND 15 THEN {_PLAIN} ELSE {_SCIENTIFIC} END"
)

#: Keyed by the class of sqlglot's expression, sometimes with a word for the variant.
WORDS: dict[str, Word] = {
    "ArrayContains": Word(
        "list_contains(l, x)",
        "列表里有空值而找不到时，Spark 给空，DuckDB 给否",
        template="CASE WHEN size(_0) = 0 THEN FALSE WHEN _0 IS NOT NULL AND _1 IS NOT NULL "
        "THEN coalesce(array_contains(_0, _1), FALSE) END",
    ),
    "ArrayDistinct": Word(
        "list_distinct(l)", "DuckDB 去掉空值，Spark 保留；次序不定", template="array_distinct(array_compact(_0))"
    ),
    "ArrayToString": Word(
        "array_to_string(l, s)",
        "只有空值的列表，DuckDB 给空，Spark 给空文字",
        template="CASE WHEN size(_0) = 0 OR size(array_compact(_0)) > 0 THEN array_join(_0, _1) END",
    ),
    "Avg": Word("avg(x)", "小数（DECIMAL）的平均值精度不同", template="avg(CAST(_0 AS DOUBLE))"),
    "Ceil": Word(
        "ceil(x)",
        "Spark 给整数，DuckDB 给小数",
        template="CASE WHEN abs(_0) >= 1e15D THEN CAST(_0 AS DOUBLE) ELSE CAST(ceil(_0) AS DOUBLE) END",
    ),
    "Floor": Word(
        "floor(x)",
        "Spark 给整数，DuckDB 给小数",
        template="CASE WHEN abs(_0) >= 1e15D THEN CAST(_0 AS DOUBLE) ELSE CAST(floor(_0) AS DOUBLE) END",
    ),
    "Div": Word(
        "a / b", "小数（DECIMAL）相除的精度不同，DuckDB 总给双精度", template="CAST(_0 AS DOUBLE) / CAST(_1 AS DOUBLE)"
    ),
    "Ln": Word(
        "ln(x)",
        "不大于 0 时 Spark 给空，DuckDB 报错",
        template="CASE WHEN _0 <= 0 THEN raise_error('ln of a number that is not above 0') ELSE ln(_0) END",
    ),
    "Sqrt": Word(
        "sqrt(x)",
        "负数时 Spark 给 NaN，DuckDB 报错",
        template="CASE WHEN _0 < 0 THEN raise_error('sqrt of a negative number') ELSE sqrt(_0) END",
    ),
    "Sign": Word("sign(x)", "Spark 给小数，DuckDB 给整数", template="CAST(sign(_0) AS INT)"),
    "Median": Word("median(x)", "小数（DECIMAL）的中位数类型不同", template="median(CAST(_0 AS DOUBLE))"),
    "Round": Word(
        "round(x, n)",
        "Spark 按十进制写法进位，DuckDB 按二进制的确切值进位（1.005 两边不同）",
        how="按确切值进位",
    ),
    "Concat": Word(
        "concat(a, b, …)", "有空值时 Spark 给空，DuckDB 略去空值；双精度数的写法不同", how="concat_ws('', …)"
    ),
    "ConcatWs": Word("concat_ws(s, a, …)", "双精度数的写法不同（1.0E7 与 10000000.0）", how="双精度数按 DuckDB 的写法"),
    "DPipe": Word("a || b", "双精度数的写法不同", how="双精度数按 DuckDB 的写法"),
    "GroupConcat": Word("string_agg(x, s ORDER BY …)", "双精度数的写法不同", how="双精度数按 DuckDB 的写法"),
    "Cast:VARCHAR": Word(
        "CAST(x AS VARCHAR)", "双精度数的写法不同（1.0E-4 与 0.0001）", how="双精度数按 DuckDB 的写法"
    ),
    "Cast:DATE": Word(
        "CAST(x AS DATE)、TRY_CAST(x AS DATE)",
        "Spark 还把 2026、2026-01 读作日期，DuckDB 不读；2026/1/5 只有 DuckDB 读",
        how="先核对写法，再取年、月、日",
    ),
    "Cast:DOUBLE": Word(
        "CAST(x AS DOUBLE)、TRY_CAST(x AS DOUBLE)", "Spark 还把 1d、1f 读作数字，DuckDB 不读", how="先核对写法"
    ),
    "Trim": Word(
        "trim(x)、ltrim(x)、rtrim(x)", "DuckDB 也去掉全角空格（U+3000）等空白，Spark 只去半角空格", how="regexp_replace"
    ),
    "Left": Word(
        "left(x, n)",
        "n 为负时 DuckDB 去掉末尾 n 个字，Spark 给空文字",
        template="CASE WHEN _1 >= 0 THEN left(_0, _1) ELSE left(_0, greatest(length(_0) + _1, 0)) END",
    ),
    "Right": Word(
        "right(x, n)",
        "n 为负时 DuckDB 去掉开头 n 个字，Spark 给空文字",
        template="CASE WHEN _1 >= 0 THEN right(_0, _1) ELSE right(_0, greatest(length(_0) + _1, 0)) END",
    ),
    "Substring": Word("substr(x, n, m)", "n 为 0 或负、m 为负时取的段不同", how="CASE"),
    "RegexpLike": Word("regexp_matches(x, p)", "正则写法不同（RE2 与 Java）", how="译成 Java 的正则"),
    "RegexpExtract": Word("regexp_extract(x, p, n)", "正则写法不同；缺省取的组不同", how="译成 Java 的正则"),
    "RegexpReplace": Word(
        "regexp_replace(x, p, r)", "没有 'g' 时 DuckDB 只换第一处，Spark 全换；\\1 与 $1 不同", how="译成 Java 的正则"
    ),
    "TimeToStr": Word("strftime(d, f)", "格式字母不同；只用 %Y、%m、%d、%%", how="date_format"),
    "Interval": Word(
        "d + INTERVAL n YEAR", "DuckDB 给时间（写成文字有 00:00:00），Spark 给日期", how="CAST(… AS TIMESTAMP_NTZ)"
    ),
    "ArgMax": Word(
        "arg_max(x, y)、max_by(x, y)",
        "x 为空的行 DuckDB 不看，Spark 看",
        template="max_by(_0, CASE WHEN NOT _0 IS NULL THEN _1 END)",
    ),
    "ArgMin": Word(
        "arg_min(x, y)、min_by(x, y)",
        "x 为空的行 DuckDB 不看，Spark 看",
        template="min_by(_0, CASE WHEN NOT _0 IS NULL THEN _1 END)",
    ),
    "In": Word("x IN (SELECT …)", "不在 WHERE 里时，该为空的 Spark 给否", how="CASE WHEN EXISTS …"),
    "Explode": Word("SELECT …, f(unnest(l))", "Spark 的展开不能套在别的函数里", how="LATERAL VIEW explode(l)"),
}

_SPLIT = "134217729D * v"
_HIGH = f"({_SPLIT} - ({_SPLIT} - v))"
#: ``round(_0, n)`` of a double with factor FACTOR = 10ⁿ: by the exact value, a half away from zero (Dekker's product).
DOUBLE_ROUND = (
    "CASE WHEN abs(_0) * FACTOR < 1e15D THEN element_at(transform(array(abs(CAST(_0 AS DOUBLE))), v -> "
    "CAST(floor(v * FACTOR) AS DOUBLE) + CASE WHEN v * FACTOR - floor(v * FACTOR) > 0.5D "
    "OR (v * FACTOR - floor(v * FACTOR) = 0.5D "
    f"AND ({_HIGH} * FACTOR - v * FACTOR) + (v - {_HIGH}) * FACTOR >= 0) THEN 1D ELSE 0D END), 1) "
    "/ FACTOR * CASE WHEN _0 < 0 THEN -1D ELSE 1D END ELSE CAST(_0 AS DOUBLE) END"
)
