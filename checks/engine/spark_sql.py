"""The SQL of the DuckDB engine put for Apache Spark so that it means the same, null for null.

sqlglot knows most differences; those that it does not know stand in
:mod:`checks.engine.spark_words`. Only text is made here; Spark is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import ClassVar

from sqlglot import Dialect, ErrorLevel, exp
from sqlglot.errors import SqlglotError
from sqlglot.generators.spark import SparkGenerator

from checks.engine.re2_java import PatternError, java_pattern, java_replacement
from checks.engine.spark_words import DATE_FORM, DATE_TEXT, DOUBLE_ROUND, DOUBLE_TEXT, NUMBER_FORM, SPACES, WORDS
from checks.references import reference_columns, reference_names
from checks.tables import TABLES

_DUCKDB = Dialect.get_or_raise("duckdb")
_SPARK = Dialect.get_or_raise("spark")
_TEXTS = (
    exp.Concat,
    exp.ArrayToString,
    exp.ConcatWs,
    exp.DPipe,
    exp.GroupConcat,
    exp.Left,
    exp.Lower,
    exp.Pad,
    exp.RegexpExtract,
    exp.RegexpReplace,
    exp.Repeat,
    exp.Replace,
    exp.Reverse,
    exp.Right,
    exp.SplitPart,
    exp.Substring,
    exp.TimeToStr,
    exp.Translate,
    exp.Trim,
    exp.Upper,
)
_DIRECTIVES = {"Y": "yyyy", "m": "MM", "d": "dd"}


class _Generator(SparkGenerator):
    """WITH stays where it is written: at the top the names of several relations would meet."""

    EXPRESSIONS_WITHOUT_NESTED_CTES: ClassVar[set[type[exp.Expr]]] = set()


class Unsupported(Exception):  # noqa: N818  # what it says, not that it is an error
    """SQL that cannot be put for Spark with the same meaning; says why."""


def to_spark(sql: str) -> str:
    """One statement of DuckDB as one of Spark; Unsupported if it would not mean the same."""
    try:
        tree = _DUCKDB.parse(sql)[0]
        if tree is None:
            raise Unsupported("没有 SQL")
        generator = _Generator(dialect=_SPARK, unsupported_level=ErrorLevel.RAISE)
        return str(generator.generate(translated(tree)))
    except (SqlglotError, PatternError) as error:
        raise Unsupported(str(error).splitlines()[0][:200]) from error


def translated(tree: exp.Expr) -> exp.Expr:
    """The tree with everything replaced that Spark takes otherwise; children before their parents."""
    tree = exp.Paren(this=tree) if not isinstance(tree, exp.Query) else tree
    for node in reversed(list(tree.walk(bfs=False))):
        put = _PUTS.get(type(node))
        new = put(node) if put is not None else node
        if new is not node:
            node.replace(new)
    return tree.this if isinstance(tree, exp.Paren) else tree


@cache
def _template(text: str) -> exp.Expr:
    parsed = _SPARK.parse(text)[0]
    assert parsed is not None  # noqa: S101  # the templates are our own
    return parsed


def _fill(text: str, *values: exp.Expr) -> exp.Expr:
    """A template of Spark SQL with these values in the places of ``_0``, ``_1``…; in brackets."""
    made: exp.Expr = exp.Paren(this=_template(text).copy())
    for column in list(made.find_all(exp.Column)):
        if re.fullmatch(r"_[0-9]", column.name) and not column.table:
            value = values[int(column.name[1:])].copy()
            column.replace(value if isinstance(value, _ATOMS) else exp.Paren(this=value))
    inner = made.this
    return inner.pop() if isinstance(inner, exp.AggFunc) else made  # brackets would part it from OVER and FILTER


#: What stands in a template without brackets of its own.
_ATOMS = (exp.Column, exp.Literal, exp.Func, exp.Paren, exp.Null, exp.Boolean)


def _by_template(node: exp.Expr) -> exp.Expr:
    word = WORDS[type(node).__name__]
    return _fill(word.template, *(value for value in (node.this, node.expression) if value))


# --- texts ---------------------------------------------------------------------------------------


@cache
def _text_columns() -> frozenset[str]:
    """Names that are texts in every table that has them."""
    types: dict[str, set[str]] = {}
    for table in TABLES.values():
        for name, column in table.columns.items():
            types.setdefault(name, set()).add(column.dtype)
    for reference in reference_names():
        for name in reference_columns(reference) or ():
            types.setdefault(name, set()).add("VARCHAR")
    return frozenset(name for name, found in types.items() if found == {"VARCHAR"})


def _is_text(node: exp.Expr | None) -> bool:
    """Whether the value is certainly a text (or null)."""
    if node is None or isinstance(node, exp.Null):
        return True
    if isinstance(node, exp.Literal):
        return bool(node.is_string)
    if isinstance(node, exp.Column):
        return node.name in _text_columns()
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return bool(node.to.is_type(*exp.DataType.TEXT_TYPES))
    if isinstance(node, (exp.Paren, exp.Max, exp.Min, exp.Filter, exp.Order, exp.Distinct)):
        return _is_text(node.this or node.expressions[0])
    if isinstance(node, exp.Case):
        return all(_is_text(branch.args["true"]) for branch in node.args["ifs"]) and _is_text(node.args.get("default"))
    if isinstance(node, (exp.Coalesce, exp.Nullif)):
        return all(_is_text(value) for value in (node.this, *node.expressions))
    return isinstance(node, _TEXTS) or bool(node.meta.get("is_text"))


def _as_text(node: exp.Expr) -> exp.Expr:
    """The value as DuckDB writes it."""
    if _is_text(node):
        return node
    if isinstance(node, exp.Literal):  # a number as it is written
        return exp.cast(node.copy(), "text")
    plain = "CAST(_0 AS STRING)"
    double = DOUBLE_TEXT.replace("_0", plain)
    made = _fill(
        f"CASE WHEN typeof(_0) IN ('double', 'float') THEN {double} "
        f"WHEN typeof(_0) LIKE 'array%' THEN raise_error('a list as text') ELSE {plain} END",
        node,
    )
    made.meta["is_text"] = True
    return made


def _concat(node: exp.Expr) -> exp.Expr:
    values = [_as_text(value) for value in node.expressions]
    if not isinstance(node, exp.ConcatWs):
        values = [exp.Literal.string(""), *values]
    made = exp.Anonymous(this="concat_ws", expressions=[value.copy() for value in values])
    made.meta["is_text"] = True
    return made


def _pipe(node: exp.Expr) -> exp.Expr:
    return exp.DPipe(this=_as_text(node.this).copy(), expression=_as_text(node.expression).copy(), safe=True)


def _group_concat(node: exp.Expr) -> exp.Expr:
    inner = node.this
    value = inner.this if isinstance(inner, exp.Order) else inner
    if not isinstance(value, exp.Distinct):
        if not _is_text(value):
            value.replace(_as_text(value))
        return node
    item = value.expressions[0]
    if _is_text(item):
        return node
    text = _fill(
        "CASE WHEN typeof(_0) IN ('double', 'float') THEN raise_error('string_agg(DISTINCT …) of numbers') "
        "ELSE CAST(_0 AS STRING) END",
        item,
    )
    if isinstance(inner, exp.Order):  # Spark wants to see that the order is that of the texts
        for ordered in inner.expressions:
            if ordered.this == item:
                ordered.this.replace(text.copy())
    item.replace(text)
    return node


def _filter(node: exp.Expr) -> exp.Expr:
    """Spark knows no FILTER after WITHIN GROUP; nulls are passed over, so the condition goes inside."""
    if not isinstance(node.this, exp.GroupConcat):
        return node
    found = node.this
    value = found.this.this if isinstance(found.this, exp.Order) else found.this
    if isinstance(value, exp.Distinct):
        raise Unsupported("string_agg(DISTINCT …) 不能再加 FILTER：请用 CASE WHEN")
    condition = node.expression.this
    value.replace(exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())]))
    return found.pop()


def _cast(node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Cast)  # noqa: S101
    value, kind = node.this, node.to
    if kind.is_type(*exp.DataType.TEXT_TYPES):
        return _as_text(value) if not _is_text(value) else node
    if isinstance(value, exp.Literal):
        return node
    if kind.is_type("date"):
        return _guarded(node, DATE_FORM, DATE_TEXT)
    if kind.is_type("double", "float", "decimal", *exp.DataType.INTEGER_TYPES):
        if isinstance(value, (exp.Paren, exp.Round, exp.Floor, exp.Ceil, exp.Not)):
            return node  # no text: the verdict itself, or what was rounded
        return _guarded(node, NUMBER_FORM, "replace(_0, '_', '')")
    return node


def _guarded(node: exp.Cast, pattern: str, parts: str) -> exp.Expr:
    """A cast that reads of texts only what DuckDB reads; another text is null, or an error if not TRY_CAST."""
    kind = node.to.sql(_SPARK)
    is_try = isinstance(node, exp.TryCast)
    read = parts.replace("_0", "CAST(_0 AS STRING)")
    word = "try_cast" if is_try else "CAST"
    wrong = "" if is_try else f" WHEN NOT _0 IS NULL THEN CAST(raise_error('not a {kind.lower()}') AS {kind})"
    return _fill(
        f"CASE WHEN typeof(_0) <> 'string' THEN {word}(_0 AS {kind}) "
        f"WHEN CAST(_0 AS STRING) RLIKE _1 THEN {word}({read} AS {kind}){wrong} END",
        node.this,
        exp.Literal.string(pattern),
    )


def _trim(node: exp.Expr) -> exp.Expr:
    if node.args.get("expression") is not None:
        return node
    place = str(node.args.get("position") or "").upper()
    parts = {"LEADING": rf"^{SPACES}+", "TRAILING": rf"{SPACES}+$"}
    pattern = parts.get(place, rf"^{SPACES}+|{SPACES}+\z").replace("+$", r"+\z")
    made = exp.Anonymous(
        this="regexp_replace", expressions=[node.this.copy(), exp.Literal.string(pattern), exp.Literal.string("")]
    )
    made.meta["is_text"] = True
    return made


def _side(node: exp.Expr) -> exp.Expr:
    number = node.expression
    return node if isinstance(number, exp.Literal) else _by_template(node)


def _substring(node: exp.Expr) -> exp.Expr:
    start, length = node.args.get("start"), node.args.get("length")
    if start is None:
        return node
    is_plain = isinstance(start, exp.Literal) and int(start.name) > 0
    if is_plain and (length is None or isinstance(length, exp.Literal)):
        return node
    text = node.this
    if length is None:
        return _fill("CASE WHEN _1 > 0 THEN substring(_0, _1) WHEN _1 = 0 THEN _0 ELSE right(_0, -_1) END", text, start)
    return _fill(
        "CASE WHEN _2 < 0 THEN raise_error('substr with a negative length') "
        "WHEN _1 > 0 THEN substring(_0, _1, _2) WHEN _1 = 0 THEN substring(_0, 1, greatest(_2 - 1, 0)) "
        "ELSE substring(_0, _1, _2) END",
        text,
        start,
        length,
    )


# --- regular expressions ---------------------------------------------------------------------------


def _pattern(node: exp.Expr | None, options: exp.Expr | None) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise Unsupported("正则须直接写成文字")
    flags = options.name if options is not None else ""
    if set(flags) - set("cgis"):
        raise Unsupported(f"正则选项 {flags} 不可移植")
    return java_pattern(node.name, flags)


def _like(node: exp.Expr) -> exp.Expr:
    pattern = _pattern(node.expression, node.args.get("flag"))
    return exp.Paren(this=exp.RegexpLike(this=node.this.copy(), expression=exp.Literal.string(pattern)))


def _extract(node: exp.Expr) -> exp.Expr:
    pattern = _pattern(node.expression, node.args.get("parameters"))
    group = node.args.get("group") or exp.Literal.number(0)
    made = exp.Anonymous(
        this="regexp_extract", expressions=[node.this.copy(), exp.Literal.string(pattern), group.copy()]
    )
    made.meta["is_text"] = True
    return made


def _regexp_replace(node: exp.Expr) -> exp.Expr:
    options = node.args.get("modifiers")
    pattern = _pattern(node.expression, options)
    replacement = node.args.get("replacement")
    if not isinstance(replacement, exp.Literal):
        raise Unsupported("regexp_replace 的替换文字须直接写出")
    is_global = options is not None and "g" in options.name
    if is_global:
        if re.compile(
            pattern.replace(r"\z", r"\Z").removeprefix("(?ds)").removeprefix("(?d)").removeprefix("(?idu)")
        ).match(""):
            raise Unsupported("regexp_replace 加 'g' 时正则不能匹配空文字")
        put = java_replacement(replacement.name, 0)
    else:  # all before the first match stands in a group of its own, so that there is one match only
        pattern = rf"\A([\s\S]*?)({pattern})"
        put = "$1" + java_replacement(replacement.name, 2)
    made = exp.Anonymous(
        this="regexp_replace", expressions=[node.this.copy(), exp.Literal.string(pattern), exp.Literal.string(put)]
    )
    made.meta["is_text"] = True
    return made


def _no_escape(node: exp.Expr) -> exp.Expr:
    """LIKE: a backslash escapes in Spark, and in DuckDB it is a letter."""
    pattern = node.expression
    if isinstance(pattern, exp.Literal) and "\\" in pattern.name:
        pattern.replace(exp.Literal.string(pattern.name.replace("\\", "\\\\")))
    return node


# --- numbers, dates, lists -------------------------------------------------------------------------


def _round(node: exp.Expr) -> exp.Expr:
    value, digits = node.this, node.args.get("decimals")
    if isinstance(value, exp.Cast) and value.to.is_type("decimal"):
        return node
    if digits is None or digits.name == "0":
        return exp.Round(this=value.copy())
    number = digits.name if isinstance(digits, exp.Literal) else ""
    if not number.isdigit():
        raise Unsupported("round 的位数须直接写成不小于 0 的整数")
    double = DOUBLE_ROUND.replace("FACTOR", f"{10 ** int(number)}D")
    return _fill(
        f"CASE WHEN typeof(_0) LIKE 'decimal%' THEN CAST(round(_0, {number}) AS DOUBLE) ELSE {double} END", value
    )


def _strftime(node: exp.Expr) -> exp.Expr:
    form = node.args.get("format")
    if not isinstance(form, exp.Literal):
        raise Unsupported("strftime 的格式须直接写成文字")
    parts: list[str] = []
    for plain, letter in re.findall(r"([^%]+)|%(.)", form.name.replace("%%", "\0")):
        if letter and letter not in _DIRECTIVES:
            raise Unsupported(f"strftime 的 %{letter} 不可移植：只用 %Y、%m、%d")
        parts.append(_DIRECTIVES[letter] if letter else "'" + plain.replace("\0", "%").replace("'", "''") + "'")
    made = exp.Anonymous(this="date_format", expressions=[node.this.copy(), exp.Literal.string("".join(parts))])
    made.meta["is_text"] = True
    return made


def _shift(node: exp.Expr) -> exp.Expr:
    """A date moved by an interval is a time in DuckDB."""
    if isinstance(node.expression, exp.Interval):
        return exp.cast(exp.Paren(this=node.copy()), "timestampntz")
    return node


def _in(node: exp.Expr) -> exp.Expr:
    """``x IN (SELECT …)``: Spark says false for null unless it is one of the conditions joined by AND in a WHERE."""
    query = node.args.get("query")
    if query is None:
        return node
    parent = node.parent.parent if isinstance(node.parent, exp.Not) else node.parent
    while isinstance(parent, (exp.And, exp.Paren)):
        parent = parent.parent
    if isinstance(parent, exp.Where):
        return node
    if isinstance(node.this, exp.Tuple):
        raise Unsupported("(a, b) IN (SELECT …) 只能写在 WHERE 里：别处请用 EXISTS")
    inner = query.this if isinstance(query, exp.Subquery) else query
    listed = f"(SELECT 1 FROM ({_Generator(dialect=_SPARK).generate(inner)}) AS engine_list(engine_item)"
    return _fill(
        f"CASE WHEN EXISTS {listed} WHERE engine_item = _0) THEN TRUE "
        f"WHEN EXISTS {listed} WHERE engine_item IS NULL) THEN NULL "
        f"WHEN _0 IS NULL AND EXISTS {listed}) THEN NULL ELSE FALSE END",
        node.this,
    )


def _select(node: exp.Expr) -> exp.Expr:
    """``unnest`` among the outputs becomes a lateral view."""
    assert isinstance(node, exp.Select)  # noqa: S101
    found = [
        part
        for output in node.expressions
        for part in output.find_all(exp.Explode, exp.Unnest)
        if part.find_ancestor(exp.Select) is node
    ]
    if not found:
        return node
    if len({part.this.sql() for part in found}) > 1 or node.args.get("group"):
        raise Unsupported("一个 SELECT 里只能有一个 unnest，也不能与 GROUP BY 同在")
    for output in node.expressions:
        if isinstance(output, (exp.Explode, exp.Unnest)):
            raise Unsupported("unnest 的列要用 AS 取名")
    values = found[0].this.copy()
    for part in found:
        part.replace(exp.column("engine_item", table="engine_items"))
    lateral = exp.Lateral(
        this=exp.Explode(this=values),
        view=True,
        alias=exp.TableAlias(this=exp.to_identifier("engine_items"), columns=[exp.to_identifier("engine_item")]),
    )
    node.append("laterals", lateral)
    return node


_PUTS: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    **{getattr(exp, name): _by_template for name, word in WORDS.items() if word.template},
    exp.Left: _side,
    exp.Right: _side,
    exp.Concat: _concat,
    exp.ConcatWs: _concat,
    exp.DPipe: _pipe,
    exp.GroupConcat: _group_concat,
    exp.Filter: _filter,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Trim: _trim,
    exp.Substring: _substring,
    exp.RegexpLike: _like,
    exp.RegexpExtract: _extract,
    exp.RegexpReplace: _regexp_replace,
    exp.Like: _no_escape,
    exp.ILike: _no_escape,
    exp.Round: _round,
    exp.TimeToStr: _strftime,
    exp.Add: _shift,
    exp.Sub: _shift,
    exp.Select: _select,
    exp.In: _in,
}
