"""Reads rule files into checked rules: form, then names and SQL, then duplicates.

Imported only when the catalogue is not in the cache, because it brings sqlglot and pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from checks.catalogue_facts import Facts, Override, Parts
from checks.catalogue_files import read_documents, read_modules
from checks.catalogue_form import OverrideForm, RuleForm
from checks.catalogue_relations import RelationBook
from checks.catalogue_rules import RuleError, build_rule
from checks.errors import UserError
from checks.model import AuditRule, Severity
from checks.sql import unknown


def read_parts(files: Sequence[Path]) -> Parts:
    """Everything that these files say; UserError naming file, rule and key if something is wrong."""
    documents = read_documents(files)
    modules = {form.name: (form.alias, tuple(form.modules)) for form in read_modules()}
    parts = [name for name, (_, members) in modules.items() if not members]
    for name, (_, members) in modules.items():
        for member in members:
            if member not in parts:
                raise UserError(f"modules.yaml：{name}：{unknown('模块', member, parts)}")
    book = RelationBook(documents.relations)
    relations = book.all()
    rules: dict[str, AuditRule] = {}
    facts: dict[str, Facts] = {}
    for file, entry in documents.rules:
        rules[entry.id], facts[entry.id] = _build(file, entry, rules, parts, book)
    overrides = tuple(_override(file, form) for file, form in documents.overrides)
    return Parts(rules, facts, relations, modules, overrides)


def _build(
    file: Path, entry: RuleForm, rules: dict[str, AuditRule], modules: list[str], book: RelationBook
) -> tuple[AuditRule, Facts]:
    try:
        if entry.id in rules:
            raise RuleError("id", f"编号重复，已在 {Path(rules[entry.id].file).name} 中用过")
        if entry.module not in modules:
            raise RuleError("module", unknown("模块", entry.module, modules))
        return build_rule(entry, str(file), book)
    except RuleError as fault:
        raise UserError(f"{file}：规则 {entry.id} 的 {fault.key}：{fault}") from None


def _override(file: Path, form: OverrideForm) -> Override:
    if not (form.off or form.severity or form.params):
        raise UserError(f"{file}：对规则 {form.rule} 的调整：severity、params、off 至少写一个")
    severity = Severity(form.severity) if form.severity else None
    return Override(form.rule, form.reason, form.until, severity, dict(form.params), form.off, str(file))
