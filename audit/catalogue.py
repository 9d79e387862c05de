"""Questions about the rule catalogue as users ask them: list, show, count, lint, test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from audit.workspace import Workspace
from checks import catalogue as catalogues
from checks.catalogue import Catalogue
from checks.contracts import CONTRACT_RULES
from checks.model import AuditRule
from checks.tables import TABLES


def load_catalogue(workspace: Workspace) -> Catalogue:
    """The built-in catalogue with the workspace's own rules and overrides."""
    return catalogues.load(workspace.rule_files)


def rule_dict(rule: AuditRule) -> dict[str, Any]:
    """A rule for programs: everything but its examples."""
    return {
        "id": rule.id,
        "name": rule.name,
        "title": rule.title,
        "module": rule.module,
        "table": rule.table,
        "severity": rule.severity,
        "stage": rule.stage,
        "applies": rule.applies,
        "expect": rule.expect,
        "from": rule.relation or None,
        "params": {item.name: {"value": item.value, "source": item.source} for item in rule.params},
        "message": rule.message,
        "advice": rule.advice,
        "basis": [
            {
                "doc": clause.doc,
                "clause": clause.clause,
                "confidence": clause.confidence,
                "from": clause.valid_from,
                "to": clause.valid_to,
                "source": clause.source,
            }
            for clause in rule.basis
        ],
        "industry": rule.industry or None,
        "note": rule.note,
        "version": rule.version,
        "file": rule.file,
    }


def confidence(rule: AuditRule) -> str:
    """The best confidence among the rule's clauses."""
    return min(clause.confidence for clause in rule.basis)


def list_modules(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Every module with the number of its rules and the titles of the tables that they read."""
    listed = []
    for module in catalogue.modules.values():
        rules = catalogue.select([module.name])
        read = {table for rule in rules for table in (rule.table, *catalogue.facts[rule.id].needs)}
        titles = [table.title for name, table in TABLES.items() if name in read]
        alias = module.alias.replace("_", "-")
        listed.append({"name": module.name, "alias": alias, "rules": len(rules), "tables": titles})
    return listed


def count_rules(catalogue: Catalogue) -> dict[str, Any]:
    """How many rules there are, by kind, confidence, severity and module."""
    rules = list(catalogue.rules.values())
    industries = {rule.module for rule in rules if rule.industry and rule.id.startswith("I-")}
    modules = Counter(rule.module for rule in rules)
    return {
        "general": sum(rule.id.startswith("G-") or (rule.id.startswith("I-") and not rule.industry) for rule in rules),
        "industry": sum(rule.id.startswith("I-") and bool(rule.industry) for rule in rules),
        "local": sum(not rule.id.startswith(("G-", "I-")) for rule in rules),
        "contract": len(CONTRACT_RULES),
        "industries": len(industries),
        "by_confidence": dict(sorted(Counter(confidence(rule) for rule in rules).items())),
        "by_severity": dict(Counter(str(rule.severity) for rule in rules)),
        "by_module": {name: modules[name] for name in catalogue.modules if modules[name]},
    }


def run_examples(catalogue: Catalogue, rule_ids: Sequence[str] = ()) -> dict[str, list[str]]:
    """Run the examples of the rules (default: all); the faults by rule id, empty lists where all is well."""
    from checks.engine.examples import check

    rules = catalogue.select(rules=rule_ids)
    faults: dict[str, list[str]] = {rule.id: [] for rule in rules}
    for failure in check(catalogue, rules):
        faults[failure.rule_id].append(f"{failure.case}：应{failure.expected}，实{failure.found}")
    return faults
