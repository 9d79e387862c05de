"""From a rule's written form to a checked rule and the facts that the engine needs of it.

Names are checked against the canonical tables, the reference tables and the shared relations;
SQL is read by :mod:`checks.sql`. Files are read elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from checks.catalogue_facts import PLACEHOLDER, Facts, stored_columns, version_of
from checks.catalogue_form import RuleForm
from checks.catalogue_relations import RelationBook
from checks.locality import RID, keys_of
from checks.model import AuditRule, Basis, Parameter, Severity
from checks.sql import Reads, SqlError, read_expression, read_select, unknown
from checks.tables import TABLES
from checks.tables.fields import SYSTEM_COLUMNS


class RuleError(Exception):
    """A fault in one key of a rule."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def build_rule(form: RuleForm, file: str, book: RelationBook) -> tuple[AuditRule, Facts]:
    """The checked rule and what it reads; RuleError with the key if something is wrong."""
    columns = stored_columns(form.table) if form.table in TABLES else None
    if columns is None:
        raise RuleError("table", unknown("表", form.table, list(TABLES)))
    if Severity(form.severity) != Severity.HINT and all(basis.confidence == "C" for basis in form.basis):
        raise RuleError("severity", f"依据的可信度都是 C（仅凭记忆），只能是 {Severity.HINT}，现为 {form.severity}")
    relation = _read_from(form, columns, book)
    extra = tuple(name for name in relation.outputs if name != "rid")
    parts = [
        _read_key(key, text, form.table, columns, dict.fromkeys(extra, ""), book)
        for key, text in (("applies", form.applies), ("expect", form.expect))
    ]
    placeholders = _placeholders(form, [*columns, *extra])
    _check_params(form, relation.params.union(*(part.params for part in parts)))
    _check_examples(form)
    row = frozenset().union(*(part.row for part in parts)) - set(SYSTEM_COLUMNS)
    inner = Reads(columns={table: set(used) for table, used in relation.columns.items()})
    for part in parts:
        for table, used in part.columns.items():
            inner.columns.setdefault(table, set()).update(used)
    deep = book.gather(inner)
    _check_optional(form, row.union(*deep.needs.values()))
    spared = frozenset(form.optional)
    has_query = any(part.has_query for part in parts)
    shown = [name for name in columns if name in row or name in placeholders]
    facts = Facts(
        row_columns=row - spared,
        needs={table: used - spared for table, used in deep.needs.items()},
        extra=extra,
        shown=tuple(name for name in shown if name not in SYSTEM_COLUMNS),
        relations=deep.relations,
        references=deep.references,
        presence=frozenset().union(*(part.presence for part in parts)),
        tests_absence=deep.tests_absence or relation.tests_absence or has_query,
        has_query=has_query,
        is_local=not has_query and (not form.relation or (keys_of(form.relation, book.keys) or {}).get(RID) == RID),
        uses_as_of="as_of" in relation.params.union(*(part.params for part in parts))
        or any(book.get(name).uses_as_of for name in deep.relations),
    )
    rule = _rule(form, file)
    return replace(rule, version=version_of(rule, facts, book.all())), facts


def _read_from(form: RuleForm, columns: Mapping[str, str], book: RelationBook) -> Reads:
    if not form.relation:
        return Reads()
    try:
        reads = read_select(form.relation, book.look)
    except SqlError as fault:
        raise RuleError("from", book.mend(fault)) from None
    if "rid" not in reads.outputs:
        raise RuleError("from", f"应有输出列 rid（表 {form.table} 的行号），现有 {'、'.join(reads.outputs)}")
    double = [name for name in reads.outputs if name != "rid" and name in columns]
    if double:
        raise RuleError("from", f"输出列 {'、'.join(double)} 与表 {form.table} 的列重名，请用 AS 另取名")
    return reads


def _read_key(
    key: str, text: str, table: str, columns: Mapping[str, str], extra: Mapping[str, str], book: RelationBook
) -> Reads:
    try:
        return read_expression(text, table, columns, extra, book.look)
    except SqlError as fault:
        raise RuleError(key, book.mend(fault)) from None


def _placeholders(form: RuleForm, known: list[str]) -> list[str]:
    names = PLACEHOLDER.findall(form.message)
    for name in names:
        if name not in known:
            raise RuleError(
                "message", unknown("列", "{" + name + "}", ["{" + item + "}" for item in known], form.table)
            )
    return names


def _check_params(form: RuleForm, used: set[str]) -> None:
    if "as_of" in form.params:
        raise RuleError("params", "as_of 是审核基准日，不能另设")
    for name in sorted(used - {"as_of"}):
        if name not in form.params:
            raise RuleError("params", unknown("参数", f"${name}", [f"${item}" for item in (*form.params, "as_of")]))
    for name in form.params:
        if name not in used:
            raise RuleError("params", f"参数 {name} 没有用到")


def _check_optional(form: RuleForm, used: frozenset[str]) -> None:
    for name in form.optional:
        if name not in used:
            raise RuleError("optional", unknown("列", name, sorted(used), "规则用到的列"))


def _check_examples(form: RuleForm) -> None:
    for kind in ("bad", "good"):
        for example in getattr(form.examples, kind):
            for table, rows in example.items():
                if table in ("as_of", "findings"):
                    continue
                _check_rows(f"examples.{kind}", table, rows)


def _check_rows(key: str, table: str, rows: Any) -> None:
    if table not in TABLES:
        raise RuleError(key, unknown("表", table, [*TABLES, "as_of", "findings"]))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RuleError(key, f"{table} 应是行的列表，每行写 {{列: 值}}")
    for name in dict.fromkeys(name for row in rows for name in row):
        if name not in TABLES[table].columns and name != "subject":
            raise RuleError(key, unknown("列", name, list(TABLES[table].columns), f"表 {table}"))


def _rule(form: RuleForm, file: str) -> AuditRule:
    return AuditRule(
        id=form.id,
        name=form.name,
        title=form.title,
        module=form.module,
        table=form.table,
        expect=form.expect.strip(),
        severity=Severity(form.severity),
        stage=form.stage,
        message=form.message,
        advice=form.advice,
        basis=tuple(
            Basis(item.doc, item.clause, item.confidence, item.valid_from, item.valid_to, item.source)
            for item in form.basis
        ),
        applies=form.applies.strip(),
        relation=form.relation.strip(),
        params=tuple(Parameter(name, item.value, item.source) for name, item in form.params.items()),
        examples={"bad": form.examples.bad, "good": form.examples.good},
        industry=tuple(form.industry),
        optional=tuple(form.optional),
        note=form.note,
        file=file,
    )
