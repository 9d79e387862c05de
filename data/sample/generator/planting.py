"""How a fault is planted: which permits can carry it, what is changed, which finding must follow.

The faults themselves are data (``planters/*.yaml``); those that need more than setting cells are
functions in :mod:`generator.special_basic` and its sisters. A lock keeps two faults from touching the same part of a
permit, so that each planted fault gives exactly the findings written down for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from checks.tables import TABLES
from generator.book import Book, Cell
from generator.variant import FOLDER, read

Facts = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One expected finding: rule, table and row (``None``: the permit as a whole).

    ``field`` is given for a contract; ``pid`` and ``permit_no`` when another permit is meant.
    """

    rule: str
    table: str
    row: int | None
    field: str = ""
    pid: int | None = None
    permit_no: str = ""


@dataclass(frozen=True)
class Plant:
    """What was planted: the changed field, before and after, and everything that must be found because of it."""

    findings: tuple[Finding, ...]
    field: str
    old: Cell
    new: Cell


@dataclass
class Context:
    """Where a planter works: the open books of the city, one permit, its facts, and chance."""

    books: list[Book]
    number: int  # of the book that is planted into
    pid: int
    facts: Facts
    rng: np.random.Generator
    peers: Callable[[str, int], list[int]]  # takes so many other permits and locks that part of them

    @property
    def book(self) -> Book:
        """The book that is planted into."""
        return self.books[self.number]

    def rows(self, table: str) -> list[int]:
        """The permit's rows in a table."""
        return self.book.rows(table, self.pid)

    def pick(self, values: list[Any]) -> Any:
        """One of the values, by chance."""
        return values[int(self.rng.integers(0, len(values)))]

    def get(self, table: str, row: int, name: str) -> str:
        """A cell as text."""
        return self.book.get(table, row, name) or ""


Action = Callable[[Context, "Planter", int], Plant | None]
ACTIONS: dict[str, Action] = {}


def action(function: Action) -> Action:
    """Make a function known to ``planters/*.yaml`` under its own name."""
    ACTIONS[function.__name__] = function
    return function


def halved(text: str) -> str:
    """Half of a number."""
    return f"{float(text) / 2:.6g}"


#: Small changes of a text that a planter may name.
CHANGES: dict[str, Callable[[str], str]] = {
    "cut_last": lambda text: text[:-1],
    "half": halved,
    "minus": lambda text: f"-{text}",
    "without_last_item": lambda text: text.rpartition(",")[0],
    "without_year": lambda text: re.sub(r"〔[0-9]{4}〕[0-9]+", "15", text),
}


@dataclass(frozen=True)
class Planter:
    """One kind of fault; the keys are explained in the README beside the sample."""

    rule: str
    module: str
    table: str
    locks: tuple[str, ...]
    set: dict[str, Any] = field(default_factory=dict)
    change: dict[str, str] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    unless: dict[str, str] = field(default_factory=dict)
    permit: dict[str, str] = field(default_factory=dict)
    least: dict[str, int] = field(default_factory=dict)
    same: tuple[str, ...] = ()
    twin: tuple[str, ...] = ()
    differ: str = ""
    others: tuple[dict[str, Any], ...] = ()
    finding: Any = None
    also: tuple[dict[str, Any], ...] = ()
    all: bool = False
    last: bool = False
    drop: bool = False
    action: str = ""
    weight: float = 1.0
    field: str = ""
    times: int = 1

    def suits(self, facts: Facts) -> bool:
        """Whether a permit of this kind can carry the fault at all."""
        return all(re.search(pattern, str(facts.get(name, ""))) for name, pattern in self.permit.items())

    def plant(self, at: Context) -> Plant | None:
        """Plant the fault into one permit; None if the permit has no place for it."""
        if not self.suits(at.facts) or any(len(at.rows(table)) < count for table, count in self.least.items()):
            return None
        rows = at.rows(self.table)
        fitting = [row for row in rows if self._fits(at, row) and (not self.twin or self._has_twin(at, rows, row))]
        if not fitting:
            return None
        row = fitting[-1] if self.last else at.pick(fitting)
        if self.action:
            return ACTIONS[self.action](at, self, row)
        group = (
            rows if self.all else [r for r in rows if _alike(at, self.table, self.same, row, r)] if self.same else [row]
        )
        findings = (*self._main(at, row, group[0]), *(f for spec in self.also for f in self._extra(spec, row)))
        if not findings:
            return None
        return Plant(findings, *self._change_rows(at, group))

    def _fits(self, at: Context, row: int) -> bool:
        return all(re.search(p, at.get(self.table, row, name)) for name, p in self.where.items()) and not any(
            re.search(p, at.get(self.table, row, name)) for name, p in self.unless.items()
        )

    def _has_twin(self, at: Context, rows: list[int], row: int) -> bool:
        return any(
            other != row
            and _alike(at, self.table, self.twin, row, other)
            and not (self.differ and _alike(at, self.table, (self.differ,), row, other))
            for other in rows
        )

    def _main(self, at: Context, row: int, first: int) -> list[Finding]:
        if self.field:
            return [Finding(self.rule, self.table, first, self.field)] * self.times
        if self.finding == "permit" or (self.finding is None and self.table == "permit_records"):
            return [Finding(self.rule, "permits", None)]
        if isinstance(self.finding, dict):
            found = _matching(at, self, self.finding, row)
            return [
                Finding(self.rule, self.finding["table"], r) for r in (found if self.finding.get("each") else found[:1])
            ]
        return [Finding(self.rule, self.table, first)]

    def _extra(self, spec: dict[str, Any], row: int) -> list[Finding]:
        return [Finding(spec["rule"], self.table, row, spec.get("field", ""))] * int(spec.get("times", 1))

    def _change_rows(self, at: Context, group: list[int]) -> tuple[str, Cell, Cell]:
        chance = int(at.rng.integers(0, 1_000_000))
        first = group[0]
        before = {name: at.book.get(self.table, first, name) for name in at.book.fields(self.table)}
        shown: list[tuple[str, Cell, Cell]] = []
        for row in group:
            for name, value in self.set.items():
                shown.append((name, at.book.get(self.table, row, name), _value(value, chance, before)))
                at.book.put(self.table, row, name, shown[-1][2])
            for name, change in self.change.items():
                shown.append((name, at.book.get(self.table, row, name), CHANGES[change](at.get(self.table, row, name))))
                at.book.put(self.table, row, name, shown[-1][2])
            if self.drop:
                at.book.drop(self.table, row)
                shown.append(("", "（有此行）", "（删去）"))
        for spec in self.others:
            for row in _matching(at, self, spec, first, before):
                if spec.get("drop"):
                    at.book.drop(spec["table"], row)
                    shown.append(("", f"（{TABLES[spec['table']].title}有此行）", "（删去）"))
                for name, value in spec.get("set", {}).items():
                    shown.append((name, at.book.get(spec["table"], row, name), _value(value, chance, before)))
                    at.book.put(spec["table"], row, name, shown[-1][2])
        return shown[0] if shown else ("", None, None)


def one(planter: Planter, row: int, name: str, old: Cell, new: Cell, *more: Finding) -> Plant:
    """A plant with one main finding: on the row, or on the permit for faults of its basic data."""
    is_permit = planter.table == "permit_records"
    main = Finding(planter.rule, "permits", None) if is_permit else Finding(planter.rule, planter.table, row)
    return Plant((main, *more), name, old, new)


def _alike(at: Context, table: str, names: tuple[str, ...], row: int, other: int) -> bool:
    return all(at.book.get(table, row, name) == at.book.get(table, other, name) for name in names)


def _value(value: Any, chance: int, before: dict[str, Cell]) -> Cell:
    chosen = value[chance % len(value)] if isinstance(value, list) else value
    if chosen is None or chosen == "":
        return None
    return re.sub(r"\{([a-z_0-9]+)\}", lambda m: before[m.group(1)] or "", str(chosen))


def _matching(
    at: Context, planter: Planter, spec: dict[str, Any], row: int, before: dict[str, Cell] | None = None
) -> list[int]:
    """Rows of ``spec['table']`` that agree with the chosen row in the fields of ``spec['match']``."""
    wanted = {
        theirs: before[ours] if before else at.book.get(planter.table, row, ours)
        for theirs, ours in spec.get("match", {}).items()
    }
    table = spec["table"]
    return [
        other
        for other in at.rows(table)
        if all(at.book.get(table, other, name) == value for name, value in wanted.items())
        and all(re.search(pattern, at.get(table, other, name)) for name, pattern in spec.get("where", {}).items())
    ]


@dataclass(frozen=True)
class Module:
    """The faults of one part of a permit, and the share of permits that they should reach."""

    name: str
    rate: float
    planters: tuple[Planter, ...]


@cache
def modules() -> tuple[Module, ...]:
    """All modules with their planters, in a fixed order."""
    for name in ("special_basic", "special_rows", "special_amounts", "special_d"):
        import_module(f"generator.{name}")  # registers its actions

    found: list[Module] = []
    for path in sorted((FOLDER / "planters").glob("*.yaml")):
        for group in read(path):
            made = tuple(_planter(group["module"], entry) for entry in group["faults"])
            found.append(Module(group["module"], float(group["rate"]), made))
    return tuple(found)


def _planter(module: str, entry: dict[str, Any]) -> Planter:
    table = entry["table"]
    values = {**entry, "table": "permit_records" if table == "permits" else table, "module": module}
    for name in ("locks", "same", "twin", "others", "also"):
        values[name] = tuple(entry.get(name, ()))
    values["locks"] = values["locks"] or (table,)
    if values.get("action") and values["action"] not in ACTIONS:
        raise ValueError(f"planter {entry['rule']}: no action called {values['action']}")
    return Planter(**values)
