"""What the engine must know of rules beside their texts, found once when the catalogue is read.

Plain values only, so that they can be kept between runs; how they are found is in
:mod:`checks.catalogue_rules`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from checks.model import AuditRule, Severity
from checks.references import reference_hash
from checks.tables import TABLES
from checks.tables.fields import SYSTEM_COLUMNS

SUBJECT_COLUMNS = ("subject", "permit_no", "unit_name", "district", "industry_name", "management_class")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
#: The shared relation that tells the industries of a permit; rules with ``industry`` use it.
INDUSTRY_RELATION = "permit_industries"


@dataclass(frozen=True)
class Relation:
    """A SELECT that rules share by name, with all that it reads, through other relations too."""

    name: str
    sql: str
    description: str
    outputs: tuple[str, ...]
    needs: dict[str, frozenset[str]]  # stored tables and their columns
    inner: tuple[str, ...]  # the relations that it builds on, each after those that it builds on itself
    references: frozenset[str]
    tests_absence: bool
    keys: dict[str, str] | None  # see checks.locality
    uses_as_of: bool


@dataclass(frozen=True)
class Facts:
    """What a rule reads.

    ``row_columns`` are read of the judged row, ``needs`` by ``from`` and queries inside;
    ``presence`` are columns whose absence the rule tests itself; ``has_query``: applies or expect
    hold a query of their own; a local rule judges a permit by the permit's own rows only;
    ``uses_as_of``: the verdict depends on the day, through a relation too.
    """

    row_columns: frozenset[str]
    needs: dict[str, frozenset[str]]
    extra: tuple[str, ...]
    shown: tuple[str, ...]
    relations: tuple[str, ...]
    references: frozenset[str]
    presence: frozenset[str]
    tests_absence: bool
    has_query: bool
    is_local: bool
    uses_as_of: bool


@dataclass(frozen=True)
class Override:
    """A bureau's change of a rule, with reason and last day."""

    rule: str
    reason: str
    until: date
    severity: Severity | None = None
    params: dict[str, Any] = field(default_factory=dict)
    is_off: bool = False
    file: str = ""


@dataclass(frozen=True)
class Parts:
    """Everything that rule files say, before overrides are applied. ``modules``: alias and members by name."""

    rules: dict[str, AuditRule]
    facts: dict[str, Facts]
    relations: dict[str, Relation]
    modules: dict[str, tuple[str, tuple[str, ...]]]
    overrides: tuple[Override, ...]


@cache
def stored_columns(table: str) -> dict[str, str] | None:
    """Columns and types of a canonical table, system columns too; None if there is no such table."""
    if table == "subjects":
        return dict.fromkeys(SUBJECT_COLUMNS, "VARCHAR")
    known = TABLES.get(table)
    if known is None:
        return None
    return {**SYSTEM_COLUMNS, **{name: column.dtype for name, column in known.columns.items()}}


def version_of(rule: AuditRule, facts: Facts, relations: Mapping[str, Relation]) -> str:
    """Hash of everything that decides what the rule finds."""
    names, references = list(facts.relations), set(facts.references)
    if rule.industry:
        names += [*relations[INDUSTRY_RELATION].inner, INDUSTRY_RELATION]
        references |= relations[INDUSTRY_RELATION].references
    parts: list[Any] = [
        rule.id,
        rule.table,
        rule.relation,
        rule.applies,
        rule.expect,
        rule.message,
        rule.severity.value,
    ]
    parts += [list(rule.industry), list(rule.optional), [[item.name, str(item.value)] for item in rule.params]]
    parts += [[relations[name].sql for name in names], [reference_hash(name) for name in sorted(references)]]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:12]
