"""What a rule's SQL reads, found by sqlglot: tables, columns, relations, parameters; and what it may not do.

Nothing is executed here and no database is needed. Faults are raised as :class:`SqlError`; the
catalogue adds file, rule and key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import Dialect, exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.tokenizer_core import Token, TokenType

from checks.engine.re2_java import PatternError
from checks.engine.spark_sql import Unsupported, translated
from checks.errors import nearest
from checks.sql_words import DIFF_UNITS, FUNCTIONS, INSTEAD, KEYWORDS, OUTSIDE, REFUSED_PARTS

_DUCKDB = Dialect.get_or_raise("duckdb")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_INTEGERS = {"INT", "BIGINT", "SMALLINT", "TINYINT", "UINT", "UBIGINT", "INT128"}
_ODD_STRINGS = {
    TokenType.BYTE_STRING,
    TokenType.HEX_STRING,
    TokenType.BIT_STRING,
    TokenType.RAW_STRING,
    TokenType.HEREDOC_STRING,
    TokenType.UNICODE_STRING,
}

#: Gives the columns (name to type, '' if unknown) of a table that SQL may read, or None.
Lookup = Callable[[str], "Mapping[str, str] | None"]


class SqlError(Exception):
    """A fault in a rule's SQL, as one Chinese sentence; ``table`` is the name if a table is unknown."""

    def __init__(self, message: str, table: str = "") -> None:
        super().__init__(message)
        self.table = table


@dataclass
class Reads:
    """What a piece of SQL reads: columns per table, ``row`` columns of the judged row, parameters.

    ``presence`` are columns whose absence it tests itself.
    """

    row: set[str] = field(default_factory=set)
    columns: dict[str, set[str]] = field(default_factory=dict)
    params: set[str] = field(default_factory=set)
    presence: set[str] = field(default_factory=set)
    tests_absence: bool = False
    has_query: bool = False
    outputs: tuple[str, ...] = ()

    def use(self, table: str, column: str | None = None) -> None:
        """Note that ``table`` (and one of its columns) is read."""
        used = self.columns.setdefault(table, set())
        if column is not None:
            used.add(column)


def read_expression(
    text: str, anchor: str, columns: Mapping[str, str], extra: Mapping[str, str], look: Lookup
) -> Reads:
    """What one boolean expression over rows of ``anchor`` reads; ``extra`` are the columns that ``from`` adds."""
    node = _parse(text)
    if not isinstance(node, exp.Condition) or isinstance(node, exp.Query):
        raise SqlError("应是一个表达式（真、假或空），不是语句")
    reads = Reads()
    _inspect(node, reads, {**extra, **columns})
    if reads.has_query:
        query = exp.select(exp.alias_(node.copy(), "verdict")).from_(exp.to_table("anchor", alias=anchor))
        _resolve(query, lambda name: {**columns, **extra} if name == "anchor" else look(name), reads)
        used = reads.columns.pop("anchor", set())
    else:
        used = {_of_row(column, anchor, columns, extra) for column in node.find_all(exp.Column)}
    reads.row = used - set(extra)
    return reads


def read_select(text: str, look: Lookup) -> Reads:
    """What one SELECT reads, and the names of its output columns."""
    node = _parse(text)
    if not isinstance(node, exp.Query) or isinstance(node, exp.Subquery):
        raise SqlError("应是一条 SELECT 查询")
    reads = Reads()
    _inspect(node, reads, {})
    _resolve(node, look, reads)
    reads.outputs = tuple(node.named_selects)
    if "" in reads.outputs:
        raise SqlError("每个输出列都要用 AS 取名")
    double = sorted({name for name in reads.outputs if reads.outputs.count(name) > 1})
    if double:
        raise SqlError(f"输出列重名：{'、'.join(double)}")
    return reads


def _parse(text: str) -> exp.Expr:
    """The only statement or expression in ``text``, with all its words allowed."""
    try:
        tokens = _DUCKDB.tokenize(text)
        _check_words(tokens)
        nodes = _DUCKDB.parser().parse(tokens, text)
    except SqlglotError as error:
        reason = " ".join(_ANSI.sub("", str(error)).split())
        raise SqlError(f"SQL 读不懂：{reason[:160]}") from None
    if len(nodes) != 1 or nodes[0] is None:
        raise SqlError("只能写一个表达式或一条 SELECT，不能有分号")
    return nodes[0]


def _check_words(tokens: list[Token]) -> None:
    for index, token in enumerate(tokens):
        if token.token_type == TokenType.SEMICOLON:
            raise SqlError("只能写一个表达式或一条 SELECT，不能有分号")
        if token.token_type in _ODD_STRINGS:
            raise SqlError("文字只能写成单引号字符串")
        if token.token_type == TokenType.STRING:
            _check_pattern(token.text)
            continue
        word = token.text.lower()
        if word in ("current_date", "current_timestamp"):
            raise SqlError(f"不能用 {word}：{INSTEAD[word]}")
        if word == "glob" or word.startswith(("~", "!~")):
            raise SqlError(f"不能用 {word.upper()}：请用 regexp_matches")
        if word == "date_part" and index + 2 < len(tokens) and tokens[index + 2].text.lower() in REFUSED_PARTS:
            raise SqlError(f"日期的 {tokens[index + 2].text} 各引擎不同，请勿使用")
        follows = index + 1 < len(tokens) and tokens[index + 1].token_type == TokenType.L_PAREN
        if follows and re.fullmatch(r"[a-z_][a-z0-9_]*", word):
            before = tokens[index - 1].token_type if index else None
            if before not in (TokenType.ALIAS, TokenType.R_PAREN, TokenType.WITH) or word in INSTEAD:
                _check_function(word)


def _check_function(word: str) -> None:
    if word in FUNCTIONS or word in KEYWORDS:
        return
    if word in INSTEAD:
        raise SqlError(f"不能用函数 {word}：{INSTEAD[word]}")
    if word.startswith(OUTSIDE):
        raise SqlError(f"不能用函数 {word}：规则不得读文件、设置或其他数据库")
    near = nearest(word, sorted(FUNCTIONS))
    hint = f"，是不是 {'、'.join(near)}" if near else ""
    raise SqlError(f"不认识或不可移植的函数 {word}{hint}")


def _check_pattern(text: str) -> None:
    if re.search(r"\\p\{|\\P\{|\\u[0-9a-fA-F]{4}", text):
        raise SqlError(f"正则 {text!r} 不可移植：汉字请写 [一-龥]，数字请写 [0-9]")


def _inspect(node: exp.Expr, reads: Reads, types: Mapping[str, str]) -> None:
    """Refuse what is not portable, collect parameters and the columns whose absence is tested."""
    _check_portable(node, reads, types)
    _check_spark(node)


def _check_portable(node: exp.Expr, reads: Reads, types: Mapping[str, str]) -> None:
    for part in node.walk():
        if isinstance(part, exp.Query):
            reads.has_query = True
        elif isinstance(part, (exp.Placeholder, exp.Parameter)):
            if not isinstance(part, exp.Placeholder) or not part.name.isidentifier():
                raise SqlError("参数要写成 $名字")
            reads.params.add(part.name)
        elif isinstance(part, exp.Lateral):
            raise SqlError("不能用 LATERAL，请写子查询再连接")
        elif isinstance(part, exp.Join) and part.args.get("method") == "NATURAL":
            raise SqlError("不能用 NATURAL JOIN，请写 USING (列) 或 ON")
        elif isinstance(part, exp.Star):
            if not isinstance(part.parent, exp.Count):
                raise SqlError("不能用 *，请写出列名")
        elif isinstance(part, (exp.DML, exp.DDL, exp.Command, exp.Pivot)) and not isinstance(part, exp.Query):
            raise SqlError("只能写一个表达式或一条 SELECT，不能写其他语句")
        else:
            _check_node(part, types)
            _note_absence(part, reads)


def _check_spark(node: exp.Expr) -> None:
    """Refuse what cannot be put for Spark with the same meaning."""
    copy = exp.Paren(this=node.copy()) if not isinstance(node, exp.Query) else node.copy()
    for part in list(copy.find_all(exp.Placeholder)):  # every value is as good as another here
        part.replace(exp.Literal.string("1"))
    try:
        translated(copy)
    except (Unsupported, PatternError) as fault:
        raise SqlError(str(fault)) from None


def _check_node(part: exp.Expr, types: Mapping[str, str]) -> None:
    if isinstance(part, exp.SimilarTo):
        raise SqlError("不能用 SIMILAR TO：请用 regexp_matches")
    if isinstance(part, exp.IntDiv):
        raise SqlError("不能用 //：请用 floor(a / nullif(b, 0))")
    if isinstance(part, (exp.Div, exp.Mod)):
        divisor = part.expression.unnest()
        is_safe = isinstance(divisor, (exp.Nullif, exp.Placeholder)) or (
            isinstance(divisor, exp.Literal) and float(divisor.name or 0) != 0
        )
        if not is_safe:
            raise SqlError(f"除数 {divisor.sql('duckdb')} 可能为 0：请写 nullif({divisor.sql('duckdb')}, 0)")
    elif isinstance(part, (exp.Cast, exp.TryCast)) and part.to.this.name in _INTEGERS:
        inner = part.this.unnest()
        is_number = (
            isinstance(inner, exp.Div) or types.get(inner.name if isinstance(inner, exp.Column) else "") == "DOUBLE"
        )
        if isinstance(part, exp.TryCast):
            raise SqlError("TRY_CAST 成整数各引擎不同：请用 TRY_CAST(… AS DOUBLE)")
        if is_number:
            raise SqlError("小数 CAST 成整数各引擎不同：请先 round 或 floor")
    elif isinstance(part, exp.GroupConcat):
        if not isinstance(part.this, exp.Order):
            raise SqlError("string_agg 不写次序时每次结果可能不同：请写 string_agg(列, '、' ORDER BY 列)")
    elif isinstance(part, exp.ArrayDistinct):
        if not isinstance(part.parent, (exp.ArraySize, exp.ArrayContains)):
            raise SqlError("list_distinct 的次序不定：只能写在 array_length(…) 或 list_contains(…) 里")
    elif isinstance(part, exp.Slice):
        raise SqlError("不能用 [1:2] 取段：请用 substr")
    elif isinstance(part, exp.Sub) and _is_date(part.this, types) and _is_date(part.expression, types):
        raise SqlError("日期相减各引擎不同：请用 date_diff('day', 早, 晚)")
    elif isinstance(part, (exp.DateDiff, exp.TimestampDiff)):
        unit = part.args.get("unit")
        if unit is None or unit.name.upper() not in DIFF_UNITS:
            raise SqlError("date_diff 只能用 'day'：年、月请用 日期 + INTERVAL n YEAR 比较")
    elif isinstance(part, exp.Extract) and part.this.name.lower() in REFUSED_PARTS:
        raise SqlError(f"日期的 {part.this.name} 各引擎不同，请勿使用")


def _is_date(node: exp.Expr, types: Mapping[str, str]) -> bool:
    inner = node.unnest()
    if isinstance(inner, exp.Placeholder):
        return inner.name == "as_of"
    return isinstance(inner, exp.Column) and types.get(inner.name) == "DATE"


def _note_absence(part: exp.Expr, reads: Reads) -> None:
    """Note columns that stand in a test of absence: such a rule may speak about nulls."""
    if isinstance(part, (exp.Is, exp.Coalesce, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Count, exp.Exists)):
        reads.tests_absence = True
        reads.presence.update(column.name for column in part.find_all(exp.Column))


def _of_row(column: exp.Column, anchor: str, columns: Mapping[str, str], extra: Mapping[str, str]) -> str:
    """The name of a column of the judged row; refuse what it does not have."""
    if column.table not in ("", anchor):
        raise SqlError(f"不认识 {column.sql('duckdb')}：这里只有表 {anchor} 的列和 from 的列")
    name = column.name
    if name not in columns and name not in extra:
        raise SqlError(unknown("列", name, [*columns, *extra], f"表 {anchor}"))
    return name


def unknown(what: str, name: str, known: list[str], where: str = "") -> str:
    """One sentence: there is no such name here, and which are nearest."""
    near = nearest(name, known)
    hint = f"，是不是 {'、'.join(near)}" if near else ""
    return f"{where}{' ' if where else ''}没有{what} {name}{hint}"


#: What a SELECT reads from: stored table or relation by the name it has there ('' for a query), and its columns.
_Sources = dict[str, tuple[str, set[str]]]


def _resolve(query: exp.Expr, look: Lookup, reads: Reads) -> None:
    """Trace every column of a query to the table that holds it."""
    done: set[int] = set()
    sources: dict[int, _Sources] = {}
    for scope in traverse_scope(query):
        around = list(_around(scope))
        for outer in around:
            if id(outer) not in sources:
                sources[id(outer)] = dict(_sources(outer, look, reads))
        _trace_using(scope, sources[id(scope)], reads)
        for column in scope.columns:
            if id(column) not in done and any(_trace(column, outer, sources[id(outer)], reads) for outer in around):
                done.add(id(column))
    for column in query.find_all(exp.Column):
        if id(column) not in done and not _is_output(column):
            known = sorted({name for listed in sources.values() for _, columns in listed.values() for name in columns})
            raise SqlError(unknown("列", column.sql("duckdb"), known))


def _is_output(column: exp.Column) -> bool:
    """Whether ORDER BY, HAVING or the like names an output of its own query; sqlglot leaves these out of a scope."""
    query = column.find_ancestor(exp.Query)
    is_after = column.find_ancestor(exp.Having, exp.Order, exp.Qualify, exp.Group) is not None
    return is_after and not column.table and query is not None and column.name in query.named_selects


def _around(scope: Scope) -> Iterator[Scope]:
    """The query and those around it, whose columns it may name."""
    current: Scope | None = scope
    while current is not None:
        yield current
        current = current.parent


def _sources(scope: Scope, look: Lookup, reads: Reads) -> Iterator[tuple[str, tuple[str, set[str]]]]:
    """Everything that a SELECT reads from."""
    for name, (_, source) in scope.selected_sources.items():
        if isinstance(source, Scope):
            inner = source.expression
            columns = set(getattr(inner, "named_selects", ()))
            if isinstance(inner, exp.UDTF):
                columns = {name, *inner.alias_column_names}
            yield name, ("", columns)
            continue
        if not isinstance(source.this, exp.Identifier):
            raise SqlError(f"FROM 里不能用 {source.sql('duckdb')[:60]}：只能写表名或子查询")
        if source.args.get("db") or source.args.get("catalog"):
            raise SqlError(f"表名不能带库名或模式名：{source.sql('duckdb')[:60]}")
        known = look(source.name)
        if known is None:
            raise SqlError(f"没有表 {source.name}", source.name)
        reads.use(source.name)
        yield name, (source.name, set(known))


def _trace_using(scope: Scope, sources: _Sources, reads: Reads) -> None:
    """Note the columns of ``USING``, which are no column nodes."""
    for join in scope.expression.args.get("joins") or ():
        for word in join.args.get("using") or ():
            holders = [table for table, columns in sources.values() if word.name in columns]
            if len(holders) < 2:
                raise SqlError(f"USING ({word.name})：两边都要有这一列")
            for table in filter(None, holders):
                reads.use(table, word.name)


def _trace(column: exp.Column, scope: Scope, sources: _Sources, reads: Reads) -> bool:
    """Note the table that holds the column; False if none here does."""
    name = column.name
    if column.table:
        if column.table not in sources:
            return False
        candidates = [sources[column.table]]
        if name not in candidates[0][1]:
            raise SqlError(unknown("列", name, sorted(candidates[0][1]), column.table))
    else:
        candidates = list(sources.values())
    holders = [table for table, columns in candidates if name in columns]
    for table in filter(None, holders):
        reads.use(table, name)
    return bool(holders) or (not column.table and _is_alias(column, scope))


def _is_alias(column: exp.Column, scope: Scope) -> bool:
    """Whether the name was given by this SELECT to another of its outputs."""
    own = column.find_ancestor(exp.Alias)
    for output in getattr(scope.expression, "selects", ()):
        if isinstance(output, exp.Alias) and output.alias == column.name and output is not own:
            return True
    return False
