"""Whether what a query says of a permit rests on that permit's own rows only.

A rule of that kind need not be judged again for a permit whose tables did not change. The proof is
conservative: every source must be tied to the others by its key, every grouping and window must
hold a key; whatever is not understood counts as not proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlglot import Dialect, exp

#: Columns that belong to one permit: its number, and the number of a row.
SUBJECT, RID = "subject", "rid"

#: Keys of a source by output name: to which kind of key each belongs; {} if it holds no permit's rows (a reference
#: table); None if it mixes permits.
Keys = Mapping[str, str] | None

_DUCKDB = Dialect.get_or_raise("duckdb")


class _Mixed(Exception):  # noqa: N818  # not an error: it carries the answer out
    """Rows of several permits may meet here."""


def keys_of(sql: str, look: Callable[[str], Keys]) -> Keys:
    """Keys of a SELECT's outputs; None if its rows may rest on several permits. ``look`` gives those of a table."""
    node = _DUCKDB.parser().parse(_DUCKDB.tokenize(sql), sql)[0]
    try:
        return _query(node, look)
    except _Mixed:
        return None


def _query(node: exp.Expr | None, look: Callable[[str], Keys]) -> Mapping[str, str]:
    node = node.unnest() if node is not None else None
    if isinstance(node, exp.SetOperation):
        if node.args.get("with_") or node.args.get("limit"):
            raise _Mixed
        return _union(node, look)
    if not isinstance(node, exp.Select):
        raise _Mixed
    return _select(node, look)


def _union(node: exp.SetOperation, look: Callable[[str], Keys]) -> Mapping[str, str]:
    left, right = _query(node.left, look), _query(node.right, look)
    if not left and not right:
        return {}
    names = list(zip(node.left.named_selects, node.right.named_selects, strict=False))
    both = {mine: left[mine] for mine, other in names if mine in left and right.get(other) == left[mine]}
    if not both:
        raise _Mixed
    return both


def _select(node: exp.Select, look: Callable[[str], Keys]) -> Mapping[str, str]:
    if node.args.get("limit") or node.args.get("offset"):
        raise _Mixed
    inner = _with_ctes(node, look)
    sources = {name: _source(source, inner) for name, source in _sources(node)}
    keyed = {name: keys for name, keys in sources.items() if keys}
    _check_subqueries(node, keyed, inner)
    _check_ties(node, keyed)
    if not keyed:
        return {}
    if node.args.get("group"):
        if not any(_is_key(part, keyed) for part in node.args["group"].expressions):
            raise _Mixed
    elif any(_is_of(node, part) and not _is_windowed(part) for part in node.find_all(exp.AggFunc)):
        raise _Mixed
    for window in node.find_all(exp.Window):
        if _is_of(node, window) and not any(_is_key(part, keyed) for part in window.args.get("partition_by") or ()):
            raise _Mixed
    outputs = {output.alias_or_name: kind for output in node.selects if (kind := _kind(output.unalias(), keyed))}
    if not outputs:
        raise _Mixed
    return outputs


def _with_ctes(node: exp.Select, look: Callable[[str], Keys]) -> Callable[[str], Keys]:
    """``look`` that knows the queries named by WITH too."""
    known: dict[str, Keys] = {}

    def wider(name: str) -> Keys:
        return known[name] if name in known else look(name)

    clause = node.args.get("with_") or node.args.get("with")
    if clause is not None and clause.args.get("recursive"):
        raise _Mixed
    for cte in clause.expressions if clause is not None else ():
        known[cte.alias] = _query(cte.this, wider)
    return wider


def _sources(node: exp.Select) -> Iterator[tuple[str, exp.Expr]]:
    start = node.args.get("from_") or node.args.get("from")
    parts = [start.this] if start is not None else []
    parts += [join.this for join in node.args.get("joins") or ()]
    for part in parts:
        yield part.alias_or_name, part


def _source(part: exp.Expr, look: Callable[[str], Keys]) -> Mapping[str, str]:
    if isinstance(part, exp.Table):
        keys = look(part.name)
        if keys is None:
            raise _Mixed
        return keys
    if isinstance(part, exp.Subquery):
        return _query(part.this, look)
    if isinstance(part, (exp.Values, exp.Unnest)):
        return {}
    raise _Mixed


def _check_ties(node: exp.Select, keyed: Mapping[str, Mapping[str, str]]) -> None:
    """Every keyed source must be tied to the first by equal keys."""
    if len(keyed) < 2:
        return
    group = {name: name for name in keyed}

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    conditions = [join.args.get("on") for join in node.args.get("joins") or ()]
    conditions.append(node.args["where"].this if node.args.get("where") else None)
    for condition in filter(None, conditions):
        for part in condition.unnest().flatten() if isinstance(condition.unnest(), exp.And) else [condition.unnest()]:
            equal = part.unnest()
            if not isinstance(equal, (exp.EQ, exp.NullSafeEQ)):
                continue
            left, right = _owner(equal.this, keyed), _owner(equal.expression, keyed)
            if left and right and left[1] == right[1]:
                group[root(left[0])] = root(right[0])
    names = list(keyed)
    for join in node.args.get("joins") or ():
        for word in join.args.get("using") or ():
            joined = join.this.alias_or_name
            kind = keyed.get(joined, {}).get(word.name)
            for name in names[: names.index(joined)] if kind else ():
                if keyed[name].get(word.name) == kind:
                    group[root(name)] = root(joined)
                    break
    if len({root(name) for name in keyed}) > 1:
        raise _Mixed


def _check_subqueries(node: exp.Select, keyed: Mapping[str, Mapping[str, str]], look: Callable[[str], Keys]) -> None:
    """Queries inside conditions: only ``key IN (SELECT key …)``, or of tables that hold no permit's rows."""
    for query in node.find_all(exp.Select, exp.SetOperation):
        if query is node or query.find_ancestor(exp.Select, exp.SetOperation) is not node:
            continue
        parent = query.parent
        while isinstance(parent, (exp.Subquery, exp.Paren)):
            parent = parent.parent
        if isinstance(parent, (exp.From, exp.Join, exp.CTE)):
            continue
        keys = _query(query, look)
        if not keys:
            continue
        kind = _kind(parent.this, keyed) if isinstance(parent, exp.In) else None
        if kind is None or keys.get(query.named_selects[0]) != kind:
            raise _Mixed


def _owner(part: exp.Expr, keyed: Mapping[str, Mapping[str, str]]) -> tuple[str, str] | None:
    """Source and kind of a column that is a key."""
    column = part.unnest()
    if not isinstance(column, exp.Column):
        return None
    names = [column.table] if column.table else [name for name in keyed if column.name in keyed[name]]
    if len(names) != 1 or names[0] not in keyed or column.name not in keyed[names[0]]:
        return None
    return names[0], keyed[names[0]][column.name]


def _kind(part: exp.Expr, keyed: Mapping[str, Mapping[str, str]]) -> str | None:
    column = part.unnest()
    if isinstance(column, exp.Column) and not column.table:  # after USING both sides have it
        kinds = {keys[column.name] for keys in keyed.values() if column.name in keys}
        return kinds.pop() if len(kinds) == 1 else None
    owner = _owner(column, keyed)
    if owner is None and isinstance(column, (exp.Min, exp.Max, exp.AnyValue)):
        inner = _kind(column.this, keyed)  # a row of the group, and the group is one permit's
        return inner if inner in (RID, SUBJECT) else None
    return owner[1] if owner else None


def _is_key(part: exp.Expr, keyed: Mapping[str, Mapping[str, str]]) -> bool:
    return _kind(part, keyed) is not None


def _is_of(node: exp.Select, part: exp.Expr) -> bool:
    """Whether the part belongs to this SELECT itself and not to one inside it."""
    return part.find_ancestor(exp.Select, exp.SetOperation) is node


def _is_windowed(part: exp.Expr) -> bool:
    return isinstance(part.parent, exp.Window) or (
        isinstance(part.parent, exp.Filter) and isinstance(part.parent.parent, exp.Window)
    )
