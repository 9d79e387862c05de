"""Keeps the read catalogue in a JSON file, because reading 500 rules takes seconds and every run pays it.

The file belongs to one state of the rule files, the reference tables and this package; any
change makes it worthless and it is made again. A damaged file is the same as none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

from checks.catalogue_facts import Facts, Override, Parts, Relation
from checks.model import AuditRule, Basis, Parameter, Severity

FILE = "catalogue.json"
_PACKAGE = Path(__file__).parent
_DATE = "$date"


def state_of(files: Iterable[Path]) -> str:
    """Hash of these files and of everything in this package that decides how they are read."""
    digest = hashlib.sha256()
    own = sorted(file for ending in ("*.py", "*.csv", "*.yaml") for file in _PACKAGE.rglob(ending))
    for file in [*own, *files]:
        digest.update(f"{file}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def fetch(folder: Path, state: str) -> Parts | None:
    """What was kept, or None if it is not of this state."""
    try:
        kept = json.loads((folder / FILE).read_bytes(), object_hook=_date_hook)
        if kept["state"] != state:
            return None
        rules = {name: _rule(entry) for name, entry in kept["rules"].items()}
        facts = {name: _facts(entry) for name, entry in kept["facts"].items()}
        relations = {name: _relation(entry) for name, entry in kept["relations"].items()}
        overrides = tuple(_override(entry) for entry in kept["overrides"])
        modules = {name: (alias, tuple(members)) for name, (alias, members) in kept["modules"].items()}
        return Parts(rules, facts, relations, modules, overrides)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(folder: Path, state: str, parts: Parts) -> None:
    """Write the file; where that is not possible the next run reads the rules again."""
    content = {
        "state": state,
        "rules": {name: _shallow(rule) for name, rule in parts.rules.items()},
        "facts": {name: _shallow(fact) for name, fact in parts.facts.items()},
        "relations": {name: _shallow(relation) for name, relation in parts.relations.items()},
        "modules": parts.modules,
        "overrides": [_shallow(override) for override in parts.overrides],
    }
    draft = folder / f".{FILE}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(content, ensure_ascii=False, default=_plain), encoding="utf-8")
        draft.replace(folder / FILE)
    except OSError:
        with suppress(OSError):
            draft.unlink()


def _shallow(value: Any) -> dict[str, Any]:
    return {item.name: getattr(value, item.name) for item in fields(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return {_DATE: value.isoformat()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Basis | Parameter):
        return asdict(value)
    raise TypeError(f"cannot keep {type(value).__name__}")


def _date_hook(entry: dict[str, Any]) -> Any:
    return date.fromisoformat(entry[_DATE]) if _DATE in entry else entry


def _rule(entry: dict[str, Any]) -> AuditRule:
    return AuditRule(
        **{
            **entry,
            "severity": Severity(entry["severity"]),
            "basis": tuple(Basis(**item) for item in entry["basis"]),
            "params": tuple(Parameter(**item) for item in entry["params"]),
            "industry": tuple(entry["industry"]),
            "optional": tuple(entry["optional"]),
        }
    )


def _facts(entry: dict[str, Any]) -> Facts:
    return Facts(
        row_columns=frozenset(entry["row_columns"]),
        needs=_sets(entry["needs"]),
        extra=tuple(entry["extra"]),
        shown=tuple(entry["shown"]),
        relations=tuple(entry["relations"]),
        references=frozenset(entry["references"]),
        presence=frozenset(entry["presence"]),
        tests_absence=entry["tests_absence"],
        has_query=entry["has_query"],
        is_local=entry["is_local"],
        uses_as_of=entry["uses_as_of"],
    )


def _relation(entry: dict[str, Any]) -> Relation:
    return Relation(
        name=entry["name"],
        sql=entry["sql"],
        description=entry["description"],
        outputs=tuple(entry["outputs"]),
        needs=_sets(entry["needs"]),
        inner=tuple(entry["inner"]),
        references=frozenset(entry["references"]),
        tests_absence=entry["tests_absence"],
        keys=entry["keys"],
        uses_as_of=entry["uses_as_of"],
    )


def _override(entry: dict[str, Any]) -> Override:
    return Override(**{**entry, "severity": Severity(entry["severity"]) if entry["severity"] else None})


def _sets(entry: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in entry.items()}
