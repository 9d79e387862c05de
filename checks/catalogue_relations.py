"""Every name that rule SQL may select from: tables, reference tables and the shared relations.

The shared relations are read on first use, each with all that it reads through others. Rules
themselves are in :mod:`checks.catalogue_rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.catalogue_facts import Relation, stored_columns
from checks.catalogue_form import RelationForm
from checks.errors import UserError
from checks.locality import RID, SUBJECT, Keys, keys_of
from checks.references import REFERENCE_PREFIX, reference_columns, reference_names
from checks.sql import Reads, SqlError, read_select, unknown
from checks.tables import TABLES
from checks.tables.fields import SYSTEM_COLUMNS


@dataclass(frozen=True)
class Deep:
    """What a piece of SQL reads in the end, through the shared relations that it names."""

    needs: dict[str, frozenset[str]]
    relations: tuple[str, ...]  # each after those that it builds on
    references: frozenset[str]
    tests_absence: bool


class RelationBook:
    """The shared relations by name."""

    def __init__(self, forms: dict[str, tuple[Path, RelationForm]]) -> None:
        self._forms = forms
        self._read: dict[str, Relation] = {}
        self._open: list[str] = []
        for name, (file, _) in forms.items():
            if stored_columns(name) is not None or name.startswith(REFERENCE_PREFIX):
                raise UserError(f"{file}：共用关系 {name} 与表重名")

    def all(self) -> dict[str, Relation]:
        """All relations; a faulty one is told even if no rule uses it."""
        return {name: self.get(name) for name in self._forms}

    def names(self) -> list[str]:
        """Every name that may stand after FROM."""
        return [*TABLES, "subjects", *self._forms, *(REFERENCE_PREFIX + name for name in reference_names())]

    def get(self, name: str) -> Relation:
        """One relation, with everything that it reads."""
        if name in self._read:
            return self._read[name]
        file, form = self._forms[name]
        where = f"{file}：共用关系 {name} 的 sql"
        if name in self._open:
            raise UserError(f"{where}：互相引用 {' → '.join([*self._open, name])}")
        self._open.append(name)
        try:
            reads = read_select(form.sql, self.look)
        except SqlError as fault:
            raise UserError(f"{where}：{self.mend(fault)}") from None
        finally:
            self._open.pop()
        foreign = sorted(reads.params - {"as_of"})
        if foreign:
            raise UserError(f"{where}：只能用 $as_of，不能用 ${foreign[0]}（参数属于规则）")
        deep = self.gather(reads)
        found = keys_of(form.sql, self.keys)
        keys = None if found is None else dict(found)
        self._read[name] = Relation(
            name,
            form.sql.strip(),
            form.description,
            reads.outputs,
            deep.needs,
            deep.relations,
            deep.references,
            deep.tests_absence,
            keys,
            "as_of" in reads.params or any(self._read[name].uses_as_of for name in deep.relations),
        )
        return self._read[name]

    def keys(self, name: str) -> Keys:
        """Which columns of a table or relation belong to one permit; see :mod:`checks.locality`."""
        if name in self._forms:
            return self.get(name).keys
        if name.startswith(REFERENCE_PREFIX):
            return {}
        return {SUBJECT: SUBJECT} if name == "subjects" else {SUBJECT: SUBJECT, RID: RID}

    def look(self, name: str) -> Mapping[str, str] | None:
        """Columns of a table, relation or reference table; None if there is no such name."""
        stored = stored_columns(name)
        if stored is not None:
            return stored
        if name in self._forms:
            return dict.fromkeys(self.get(name).outputs, "")
        if name.startswith(REFERENCE_PREFIX):
            columns = reference_columns(name.removeprefix(REFERENCE_PREFIX))
            return None if columns is None else dict.fromkeys(columns, "VARCHAR")
        return None

    def mend(self, fault: SqlError) -> str:
        """The fault's sentence, with the nearest names if a table is unknown."""
        return unknown("表", fault.table, self.names()) if fault.table else str(fault)

    def gather(self, reads: Reads) -> Deep:
        """What a piece of SQL reads in the end."""
        needs: dict[str, set[str]] = {}
        relations: dict[str, None] = {}
        references: set[str] = set()
        absence = reads.tests_absence
        for table, columns in reads.columns.items():
            if table in self._forms:
                inner = self.get(table)
                relations.update(dict.fromkeys((*inner.inner, table)))
                references |= inner.references
                absence = absence or inner.tests_absence
                for name, used in inner.needs.items():
                    needs.setdefault(name, set()).update(used)
            elif table.startswith(REFERENCE_PREFIX):
                references.add(table.removeprefix(REFERENCE_PREFIX))
            elif table in TABLES:
                needs.setdefault(table, set()).update(columns - set(SYSTEM_COLUMNS))
        frozen = {name: frozenset(used) for name, used in needs.items()}
        return Deep(frozen, tuple(relations), frozenset(references), absence)
