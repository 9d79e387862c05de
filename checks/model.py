"""The words of the audit: rules, their basis, what a run finds and how a rule ends.

Frozen facts only; nothing here reads a file or touches a database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How binding the basis is: must, should, unusual."""

    SERIOUS = "严重"
    GENERAL = "一般"
    HINT = "提示"

    @property
    def rank(self) -> int:
        """3 for the gravest, 1 for the mildest."""
        return {"严重": 3, "一般": 2, "提示": 1}[self.value]


class Outcome(StrEnum):
    """How a rule ended in a run, in the order in which it is decided."""

    NOT_RUN = "未运行"  # a table or column that it needs was not loaded, or its basis has ended
    ERROR = "出错"  # the rule itself failed; the others go on
    NOT_APPLICABLE = "不适用"  # nothing to judge
    FAILED = "有问题"
    PASSED = "通过"


@dataclass(frozen=True)
class Basis:
    """One clause that a rule rests on. ``confidence``: A official text, B second source, C memory."""

    doc: str
    clause: str
    confidence: str
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def is_valid(self, as_of: date) -> bool:
        """Whether the clause was in force on that day."""
        return (self.valid_from is None or self.valid_from <= as_of) and (
            self.valid_to is None or as_of <= self.valid_to
        )

    def __str__(self) -> str:
        return f"{self.doc} {self.clause}".strip()


@dataclass(frozen=True)
class Parameter:
    """A number or list that a rule uses as ``$name``, with the place it comes from."""

    name: str
    value: Any
    source: str


@dataclass(frozen=True)
class AuditRule:
    """One rule of the catalogue. ``expect``: true = right, false = suspected problem, null = undecided."""

    id: str
    name: str
    title: str
    module: str
    table: str
    expect: str
    severity: Severity
    stage: str
    message: str
    advice: str
    basis: tuple[Basis, ...]
    applies: str = "TRUE"
    relation: str = ""  # the YAML key ``from``: a SELECT with one row per rid of the table
    params: tuple[Parameter, ...] = ()
    examples: dict[str, Any] = field(default_factory=dict)
    industry: tuple[str, ...] = ()  # code prefixes of GB/T 4754; empty means all
    optional: tuple[str, ...] = ()  # columns whose absence from an export is as good as null
    note: str = ""
    file: str = ""
    version: str = ""  # hash of everything that decides what the rule finds


@dataclass(frozen=True)
class RuleResult:
    """What a run says of one rule.

    ``judged`` rows satisfied ``applies``; ``violations`` of them are false, ``undecided`` null
    or not decidable because a source lacks a needed column or table; ``undecidable`` are only
    the latter, which do not count as judged.
    """

    rule_id: str
    outcome: Outcome
    judged: int = 0
    violations: int = 0
    undecided: int = 0
    reason: str = ""
    seconds: float = 0.0
    is_mass: bool = False
    undecidable: int = 0
