"""The rule catalogue: read, validate and look up rules, shared relations, modules and overrides.

Everything wrong in a rule file is told here, before anything runs, as file, rule, key, what was
expected and the nearest right name. Nothing is judged here; see :mod:`checks.engine`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from checks import catalogue_cache
from checks.catalogue_facts import Facts, Override, Parts, Relation, version_of
from checks.errors import UserError, nearest
from checks.model import AuditRule, Parameter, Severity

__all__ = ["Catalogue", "Facts", "Module", "Override", "Relation", "load"]

RULES = Path(__file__).parent / "rules"


@dataclass(frozen=True)
class Module:
    """One part of the audit: its Chinese name, what may be typed instead, and the modules that it means."""

    name: str
    alias: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All rules by id, with what they read; ``notices`` are things to tell the user (ended overrides)."""

    rules: dict[str, AuditRule]
    facts: dict[str, Facts]
    relations: dict[str, Relation]
    modules: dict[str, Module]
    overrides: tuple[Override, ...] = ()
    notices: tuple[str, ...] = ()

    @cached_property
    def off(self) -> dict[str, Override]:
        """Rules that a bureau has switched off."""
        return {override.rule: override for override in self.overrides if override.is_off}

    def rule(self, rule_id: str) -> AuditRule:
        """The rule with this id; UserError with the nearest ids if there is none."""
        found = self.rules.get(rule_id) or self.rules.get(rule_id.strip().upper())
        if found is None:
            raise UserError(f"没有规则 {rule_id}{_hint(rule_id, self.rules)}")
        return found

    def module(self, word: str) -> Module:
        """The module with this Chinese name or English alias; UserError with the nearest names if there is none."""
        plain = word.strip()
        for module in self.modules.values():
            if plain == module.name or plain.replace("-", "_") == module.alias:
                return module
        words = [name for module in self.modules.values() for name in (module.name, module.alias)]
        raise UserError(f"没有模块 {word}{_hint(word, words)}；可用：{'、'.join(self.modules)}")

    def select(self, modules: Sequence[str] = (), rules: Sequence[str] = ()) -> list[AuditRule]:
        """Rules of these modules and with these ids (all if both are empty), by module order and id."""
        wanted = {name for word in modules for name in self.module(word).members}
        ids = {self.rule(rule_id).id for rule_id in rules}
        is_all = not modules and not rules
        order = {name: number for number, name in enumerate(self.modules)}
        chosen = [rule for rule in self.rules.values() if is_all or rule.module in wanted or rule.id in ids]
        return sorted(chosen, key=lambda rule: (order[rule.module], rule.id))


def load(
    paths: Sequence[Path] = (), *, as_of: date | None = None, is_builtin: bool = True, cache: Path | None = None
) -> Catalogue:
    """The built-in catalogue with the rules, relations and overrides of ``paths`` (files or folders) added.

    ``as_of`` decides which overrides have ended (default: today). ``cache`` is a folder in which
    what was read is kept for the next time.
    """
    files = [*(rule_files([RULES]) if is_builtin else ()), *rule_files(paths)]
    state = catalogue_cache.state_of(files) if cache is not None else ""
    parts = catalogue_cache.fetch(cache, state) if cache is not None else None
    if parts is None:
        # sqlglot, pydantic and yaml take longer to import than everything else here
        from checks.catalogue_read import read_parts

        parts = read_parts(files)
        if cache is not None:
            catalogue_cache.keep(cache, state, parts)
    rules = dict(parts.rules)
    active, notices = _overrides(parts.overrides, rules, as_of or date.today())
    for override in active:
        rules[override.rule] = _overridden(rules[override.rule], override, parts)
    modules = {name: Module(name, alias, members or (name,)) for name, (alias, members) in parts.modules.items()}
    return Catalogue(rules, parts.facts, parts.relations, modules, tuple(active), tuple(notices))


def rule_files(paths: Iterable[Path]) -> list[Path]:
    """The YAML files in these files and folders, by name; UserError if a named file is absent."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for ending in ("*.yaml", "*.yml") for file in path.rglob(ending))
        elif path.is_file():
            files.append(path)
        else:
            raise UserError(f"规则文件 {path} 不存在")
    return files


def _overrides(
    entries: Iterable[Override], rules: dict[str, AuditRule], as_of: date
) -> tuple[list[Override], list[str]]:
    """Overrides in force, and notices about the ended ones."""
    active: dict[str, Override] = {}
    notices = []
    for entry in entries:
        where = f"{entry.file}：对规则 {entry.rule} 的调整"
        if entry.rule not in rules:
            raise UserError(f"{where}：没有这条规则{_hint(entry.rule, rules)}")
        _check_override(entry, rules[entry.rule], where)
        if entry.until < as_of:
            notices.append(f"{where}已于 {entry.until} 到期，不再生效（{entry.reason}）")
        elif entry.rule in active:
            raise UserError(f"{where}：同一规则只能有一条有效的调整，另一条在 {active[entry.rule].file}")
        else:
            active[entry.rule] = entry
    return list(active.values()), notices


def _check_override(entry: Override, rule: AuditRule, where: str) -> None:
    """Refuse parameters that the rule does not have, and a severity that its basis does not bear."""
    values = {item.name: item.value for item in rule.params}
    for name, value in entry.params.items():
        if name not in values:
            raise UserError(f"{where}：没有参数 {name}{_hint(name, values)}；该规则的参数：{'、'.join(values) or '无'}")
        if _kind(value) != _kind(values[name]):
            raise UserError(f"{where}：参数 {name} 应与原值 {values[name]!r} 同类，现为 {value!r}")
    is_memory = all(basis.confidence == "C" for basis in rule.basis)
    if is_memory and entry.severity not in (None, Severity.HINT):
        raise UserError(f"{where}：依据的可信度都是 C（仅凭记忆），只能是 {Severity.HINT}，现为 {entry.severity}")


def _kind(value: object) -> type:
    """Numbers are one kind, whole or not."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _overridden(rule: AuditRule, override: Override, parts: Parts) -> AuditRule:
    """The rule with the bureau's severity and numbers; the version changes with them."""
    params = tuple(
        Parameter(item.name, override.params[item.name], f"{override.reason}（至 {override.until}）")
        if item.name in override.params
        else item
        for item in rule.params
    )
    changed = replace(rule, params=params, severity=override.severity or rule.severity)
    return replace(changed, version=version_of(changed, parts.facts[rule.id], parts.relations))


def _hint(word: str, known: Iterable[str]) -> str:
    near = nearest(word, list(known))
    return f"，是不是 {'、'.join(near)}" if near else ""
