"""SQL text for one rule: verdict, record, message and evidence as expressions over a row.

Only text is made here; nothing is executed. Rule SQL is used as written, parameters are put in
as literals, so that what runs is what the technician reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from checks.catalogue_facts import PLACEHOLDER, Facts, stored_columns
from checks.model import AuditRule
from checks.tables import TABLES

#: Verdicts of a row: as the rule wishes, a suspected problem, null, not decidable from what was loaded.
RIGHT, WRONG, UNKNOWN, UNDECIDABLE = 0, 1, 2, 3
NOTHING = "（空）"
#: Alias under which messages and evidence find the columns of ``from``.
EXTRA = "engine_extra"

_PIECES = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$([A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)


@dataclass(frozen=True)
class Compiled:
    """A rule with its parameters put in and the conditions under which a row can be decided."""

    number: int
    rule: AuditRule
    facts: Facts
    applies: str
    expect: str
    relation: str
    decidable: str = ""  # condition over the row; '' means always
    subjects: str = ""  # condition that says which rows the rule is about; '' means all

    @property
    def verdict(self) -> str:
        """The verdict of a row, null if the rule does not apply to it."""
        judged = f"CASE WHEN ({self.applies}\n) THEN coalesce(CAST(NOT ({self.expect}\n) AS UTINYINT), {UNKNOWN}) END"
        if self.decidable:
            judged = (
                f"CASE WHEN {self.decidable} THEN {judged} WHEN ({self.applies}\n) IS NOT FALSE THEN {UNDECIDABLE} END"
            )
        return f"CASE WHEN {self.subjects} THEN {judged} END" if self.subjects else judged


def quoted(name: str) -> str:
    """A column name as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: Any) -> str:
    """A parameter's value as SQL literal."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    return text(str(value))


def with_values(sql: str, values: Mapping[str, Any]) -> str:
    """The SQL with ``$name`` replaced, but not inside strings and comments."""

    def put(found: re.Match[str]) -> str:
        name = found.group(1)
        return found.group(0) if name is None else literal(values[name])

    return _PIECES.sub(put, sql)


def values_of(rule: AuditRule, as_of: date) -> dict[str, Any]:
    """Everything that the rule may write as ``$name``."""
    return {**{item.name: item.value for item in rule.params}, "as_of": as_of}


def row_types(compiled: Compiled, extra_types: Mapping[str, str]) -> dict[str, str]:
    """Types of the judged row's columns, those of ``from`` too."""
    return {**(stored_columns(compiled.rule.table) or {}), **extra_types}


def record_of(table: str) -> str:
    """The record's address inside its permit: headings and values of the key columns."""
    known = TABLES[table]
    parts = [
        f"CASE WHEN {reference(table, name)} IS NOT NULL THEN {text(known.columns[name].heading + '=')} || "
        f"{shown_as(reference(table, name), known.columns[name].dtype)} END"
        for name in known.key
    ]
    return f"concat_ws('；', {', '.join(parts)})" if parts else "''"


def reference(table: str, name: str) -> str:
    """A column of the judged row, safe from columns of the same name elsewhere."""
    return f"{table}.{quoted(name)}"


def _value(compiled: Compiled, name: str) -> str:
    """A column of the judged row or of its ``from``."""
    return reference(EXTRA if name in compiled.facts.extra else compiled.rule.table, name)


def shown_as(column: str, dtype: str) -> str:
    """A value as a person reads it; null stays null."""
    kind = dtype.upper()
    if kind == "BOOLEAN":
        return f"CASE WHEN {column} THEN '是' WHEN NOT {column} THEN '否' END"
    if kind.endswith("[]"):
        return f"array_to_string({column}, '、')"
    if kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        # twelve digits: sums in another order give the same text; no -0
        return f"printf('%.12g', CAST({column} AS DOUBLE) + 0)"
    return f"CAST({column} AS VARCHAR)"


def message_of(compiled: Compiled, types: Mapping[str, str]) -> str:
    """The rule's sentence with the row's values put in. The row stands under the table's name, ``from`` under EXTRA."""
    pieces: Sequence[str] = PLACEHOLDER.split(compiled.rule.message)
    parts = []
    for number, piece in enumerate(pieces):
        if number % 2:
            parts.append(f"coalesce({shown_as(_value(compiled, piece), types[piece])}, {text(NOTHING)})")
        elif piece:
            parts.append(text(piece))
    # A placeholder in brackets and the word for nothing bring two pairs of them.
    return f"replace(concat({', '.join(parts)}), {text(f'（{NOTHING}）')}, {text(NOTHING)})"


def evidence_of(compiled: Compiled, types: Mapping[str, str]) -> str:
    """The values that the verdict rests on, as a JSON object."""
    parts = []
    for name in (*compiled.facts.shown, *compiled.facts.extra):
        column = _value(compiled, name)
        if types[name].upper().startswith(("DOUBLE", "FLOAT", "DECIMAL")):
            column = f"CAST(printf('%.12g', CAST({column} AS DOUBLE) + 0) AS DOUBLE)"
        parts.append(f"{text(name)}, {column}")
    return f"CAST(json_object({', '.join(parts)}) AS VARCHAR)"
