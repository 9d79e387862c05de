"""Which rules share a scan of their table, and the SQL of one scan.

A scan computes the verdicts of all its rules in one pass over the judged table, each relation
(``from``) joined once; what is violated is then written from the verdicts. Only text is made
here; :mod:`checks.engine.run` executes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from checks.catalogue_facts import stored_columns
from checks.engine.compile import (
    EXTRA,
    UNDECIDABLE,
    UNKNOWN,
    WRONG,
    Compiled,
    evidence_of,
    message_of,
    quoted,
    record_of,
)
from checks.engine.scope import Decider

#: So many verdicts and joined relations share one scan; more make its plan long and save nothing.
RULES = 100
JOINS = 8
#: Above so many rows a relation fills memory by itself, and few of them are joined at a time.
LARGE = 500_000
LARGE_JOINS = 2

_COUNTS = 4
_ROW = "rid subject source_id source_row"


@dataclass(frozen=True)
class Scan:
    """Rules of one table that are judged in one pass."""

    number: int
    table: str
    base: str  # the judged table, perhaps cut down to some subjects
    rules: tuple[Compiled, ...]
    flags: str  # joins of the flags that the rules' conditions ask for

    @property
    def verdicts(self) -> str:
        """Name of the staged table of verdicts."""
        return f"engine_verdicts_{self.number}"

    @property
    def relations(self) -> tuple[str, ...]:
        """The distinct relations that the rules join, in order."""
        return tuple(dict.fromkeys(item.relation for item in self.rules if item.relation))

    def halves(self) -> tuple[Scan, Scan]:
        """Two scans of half the rules each."""
        half = len(self.rules) // 2
        return (
            Scan(self.number, self.table, self.base, self.rules[:half], self.flags),
            Scan(self.number, self.table, self.base, self.rules[half:], self.flags),
        )

    def without(self, faulty: Sequence[Compiled]) -> Scan:
        """The scan of the other rules."""
        numbers = {item.number for item in faulty}
        rules = tuple(item for item in self.rules if item.number not in numbers)
        return Scan(self.number, self.table, self.base, rules, self.flags)

    def alone(self, item: Compiled) -> Scan:
        """The scan of one of its rules."""
        return Scan(self.number, self.table, self.base, (item,), self.flags)

    @property
    def judging(self) -> str:
        """SELECT with one row per judged row: rid, a verdict per rule, the columns of the relations."""
        joins, extra = [], []
        for index, relation in enumerate(self.relations):
            names = next(item.facts.extra for item in self.rules if item.relation == relation)
            columns = ", ".join([f"rid AS engine_rid_{index}", *(quoted(name) for name in names)])
            joins.append(
                f" LEFT JOIN (SELECT {columns} FROM (\n{relation}\n) AS relation) AS engine_{index} "
                f"ON engine_rid_{index} = {self.table}.rid"
            )
            extra += [f"engine_{index}.{quoted(name)}" for name in names]
        verdicts = [f"{item.verdict} AS engine_v{item.number}" for item in self.rules]
        picks = ", ".join([f"{self.table}.rid AS engine_rid", *verdicts, *extra])
        return f"SELECT {picks} FROM {self.base}{''.join(joins)}{self.flags}"

    @property
    def counting(self) -> str:
        """SELECT over the verdicts: all rows, then per rule judged, wrong, null and undecidable ones."""
        tests = (f"< {UNDECIDABLE}", f"= {WRONG}", f"= {UNKNOWN}", f"= {UNDECIDABLE}")
        counts = [f"count(*) FILTER (engine_v{item.number} {test})" for item in self.rules for test in tests]
        return f"SELECT {', '.join(['count(*)', *counts])} FROM {self.verdicts}"

    def counts_of(self, numbers: Sequence[int]) -> dict[int, tuple[int, int, int, int]]:
        """Per rule number what :attr:`counting` counted: judged, wrong, null and undecidable rows."""
        return {
            item.number: (numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3])
            for item, at in zip(self.rules, range(1, len(numbers), _COUNTS), strict=True)
        }

    def hits(self, wrong: Sequence[Compiled], types: Mapping[str, str], verdicts: str = "") -> str:
        """SELECT of every violating row of these rules; ``types`` are those of the columns of the relations.

        ``verdicts`` is where the verdicts come from, if not from the table that was staged.
        """
        known = {**(stored_columns(self.table) or {}), **types}
        made = [
            f"CASE WHEN {EXTRA}.engine_v{item.number} = {WRONG} THEN struct_pack(rule_no := {item.number}, "
            f"message := {message_of(item, known)}, evidence := {evidence_of(item, known)}) END"
            for item in wrong
        ]
        anyone = " OR ".join(f"engine_v{item.number} = {WRONG}" for item in wrong)
        row = ", ".join(f"{self.table}.{name}" for name in _ROW.split())
        return (
            f"SELECT hit.rule_no, {', '.join(_ROW.split())}, record, hit.message, hit.evidence FROM ("
            f"SELECT {row}, {record_of(self.table)} AS record, unnest([{', '.join(made)}]) AS hit FROM {self.base} "
            f"JOIN (SELECT * FROM {verdicts or self.verdicts} WHERE {anyone}) AS {EXTRA} "
            f"ON {EXTRA}.engine_rid = {self.table}.rid) AS rows WHERE hit IS NOT NULL"
        )


def partition(
    rules: Sequence[Compiled], decider: Decider, bases: Mapping[str, str], rows: Mapping[str, int]
) -> list[Scan]:
    """The scans that judge these rules; ``bases`` and ``rows`` say from where a table's rows come and how many."""
    by_table: dict[str, list[Compiled]] = {}
    for item in rules:
        by_table.setdefault(item.rule.table, []).append(item)
    scans: list[Scan] = []
    for table, members in by_table.items():
        limit = JOINS if rows[table] <= LARGE else LARGE_JOINS
        for packed in _packed(members, limit):
            conditions = " ".join(f"{item.decidable} {item.subjects}" for item in packed)
            scans.append(Scan(len(scans), table, bases[table], tuple(packed), decider.joins(table, conditions)))
    return scans


def _packed(rules: Sequence[Compiled], limit: int) -> Iterator[list[Compiled]]:
    """Rules that may share a scan: few relations, none with a column that another one has too.

    A rule with a query of its own inside is judged alone: names in it could mean another relation.
    """
    bins: list[tuple[list[Compiled], dict[str, tuple[str, ...]]]] = []
    for item in rules:
        fitting = next(
            (found for found in bins if _fits(item, *found, limit=limit)),
            None,
        )
        if fitting is None:
            fitting = ([], {})
            bins.append(fitting)
        fitting[0].append(item)
        if item.relation:
            fitting[1][item.relation] = item.facts.extra
    for members, _ in bins:
        yield members


def _fits(item: Compiled, members: Sequence[Compiled], joined: Mapping[str, tuple[str, ...]], *, limit: int) -> bool:
    if len(members) >= RULES or item.facts.has_query or (members and members[0].facts.has_query):
        return False
    if not item.relation or item.relation in joined:
        return True
    taken = {name for names in joined.values() for name in names}
    return len(joined) < limit and not taken.intersection(item.facts.extra)
