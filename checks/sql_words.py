"""Which SQL words a rule may use, and what to write instead of those that it may not.

Only words that mean the same in DuckDB and in Spark, that read no file and that give the same
answer on every day are allowed. Data only; :mod:`checks.sql` applies it.
"""

from __future__ import annotations

_AGGREGATES = "arg_max arg_min avg bool_and bool_or count max max_by median min min_by string_agg sum"
_WINDOWS = "dense_rank first_value lag last_value lead rank row_number"
_NUMBERS = "abs ceil ceiling exp floor greatest least ln mod pow power round sign sqrt"
_TEXTS = (
    "concat concat_ws contains ends_with instr left length levenshtein lower lpad ltrim position regexp_extract "
    "regexp_matches regexp_replace repeat replace reverse right rpad rtrim split_part starts_with string_split strpos "
    "substr substring translate trim upper"
)
_DATES = "date_diff date_part date_trunc datediff day extract last_day make_date month quarter strftime year"
_LISTS = (
    "array_length array_to_string list_contains list_distinct list_filter list_transform list_value struct_pack unnest"
)
_OTHERS = "cast coalesce ifnull nullif try_cast"

#: Functions that mean the same in both engines.
FUNCTIONS = frozenset(" ".join((_AGGREGATES, _WINDOWS, _NUMBERS, _TEXTS, _DATES, _LISTS, _OTHERS)).split())

#: Words that may stand before a bracket without being a function.
_WORDS = (
    "all and any as between by case distinct else except exists filter from having ilike in intersect interval is "
    "join lateral like not on or order over partition qualify select set then union using values when where with "
    "decimal numeric varchar"
)
KEYWORDS = frozenset(_WORDS.split())

#: Refused functions and what to write instead.
INSTEAD: dict[str, str] = {
    "any_value": "取哪一行的值不定，请用 min 或 max",
    "first": "取哪一行的值不定，请用 min、max 或 min_by",
    "last": "取哪一行的值不定，请用 min、max 或 max_by",
    "strlen": "strlen 数的是字节，请用 length（字数）",
    "regexp_full_match": "请用 regexp_matches(列, '^…$')",
    "list_sum": "请用 unnest 展开后 sum",
    "list_aggregate": "请用 unnest 展开后再汇总",
    "list_unique": "请用 array_length(list_distinct(列))",
    "list_has_any": "请用 array_length(list_filter(列, x -> …)) > 0，或 unnest 后连接",
    "len": "文字请用 length，列表请用 array_length",
    "date_sub": "请用 日期 - INTERVAL 1 YEAR 的写法",
    "date_add": "请用 日期 + INTERVAL 1 YEAR 的写法",
    "try_strptime": "日期在装载时已转好，请直接用日期列",
    "strptime": "日期在装载时已转好，请直接用日期列",
    "jaro_winkler_similarity": "请用 levenshtein",
    "jaccard": "请用 levenshtein",
    "nfc_normalize": "文字在装载时已归一，不必再做",
    "isfinite": "请用 IS NOT NULL",
    "ord": "请用 strpos('允许的字符', 字符)",
    "quantile_cont": "请用 median",
    "dayofweek": "星期几的起点各引擎不同，请勿使用",
    "weekday": "星期几的起点各引擎不同，请勿使用",
    "age": "请用 日期 + INTERVAL n YEAR 比较",
    "now": "请用 $as_of（审核基准日）",
    "today": "请用 $as_of（审核基准日）",
    "current_date": "请用 $as_of（审核基准日）",
    "current_timestamp": "请用 $as_of（审核基准日）",
    "get_current_timestamp": "请用 $as_of（审核基准日）",
    "count_if": "没有行时 DuckDB 给空、Spark 给 0：请用 count(*) FILTER (WHERE …)",
    "pivot": "请用 max(CASE WHEN … THEN … END)",
    "unpivot": "请用 UNION ALL",
    "random": "规则每次结果必须相同，不能用随机数",
    "uuid": "规则每次结果必须相同，不能用随机数",
    "gen_random_uuid": "规则每次结果必须相同，不能用随机数",
}

#: Beginnings of functions that touch files, settings or other databases.
OUTSIDE = ("read_", "parquet_", "duckdb_", "pragma_", "glob", "getenv", "query", "sniff_", "current_setting", "sqlite_")

#: Units of date_diff and date_part that differ between engines.
DIFF_UNITS = frozenset({"DAY", "'DAY'"})
_PARTS = (
    "dow dayofweek weekday isodow week yearweek isoyear epoch era century decade millennium julian second millisecond "
    "microsecond"
)
REFUSED_PARTS = frozenset(_PARTS.split())
