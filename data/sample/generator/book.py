"""The tables of one export opened for editing: rows by permit, cells by field, rows added and dropped.

Only planting uses it; a clean export never passes through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

Cell = str | None


class Book:
    """Editable tables. A row is named by table and number; numbers never change while the book is open."""

    def __init__(self, tables: dict[str, pl.DataFrame]) -> None:
        self._tables = tables
        self._columns = {name: {c: frame[c].to_list() for c in frame.columns} for name, frame in tables.items()}
        self._place = {name: [float(n) for n in range(len(frame))] for name, frame in tables.items()}
        self._dropped: dict[str, set[int]] = {name: set() for name in tables}
        self._rows: dict[str, dict[int, list[int]]] = {}
        for name, columns in self._columns.items():
            by_permit: dict[int, list[int]] = {}
            for number, pid in enumerate(columns["pid"]):
                by_permit.setdefault(pid, []).append(number)
            self._rows[name] = by_permit

    @property
    def names(self) -> list[str]:
        """All tables."""
        return list(self._columns)

    def fields(self, table: str) -> list[str]:
        """Fields of a table."""
        return [name for name in self._columns[table] if name != "pid"]

    def rows(self, table: str, pid: int) -> list[int]:
        """Rows of a permit in a table, in printed order."""
        dropped, place = self._dropped[table], self._place[table]
        found = [row for row in self._rows.get(table, {}).get(pid, []) if row not in dropped]
        return sorted(found, key=lambda row: place[row])

    def get(self, table: str, row: int, name: str) -> Cell:
        """One cell."""
        value: Cell = self._columns[table][name][row]
        return value

    def put(self, table: str, row: int, name: str, value: Cell) -> None:
        """Overwrite one cell."""
        self._columns[table][name][row] = value

    def original(self, table: str, row: int) -> dict[str, Any]:
        """A row of the export as it was before anything was planted."""
        return self._tables[table].row(row, named=True)

    def drop(self, table: str, row: int) -> None:
        """Take a row out."""
        self._dropped[table].add(row)

    def add(self, table: str, after: int, values: dict[str, Any]) -> int:
        """Put a copy of row ``after``, changed by ``values``, behind it; the new row."""
        columns = self._columns[table]
        for name, cells in columns.items():
            cells.append(values.get(name, cells[after]))
        row = len(self._place[table])
        self._place[table].append(self._place[table][after] + 0.5)
        self._rows[table].setdefault(columns["pid"][-1], []).append(row)
        return row

    def permits(self, table: str) -> Iterator[int]:
        """Permits that have rows in a table."""
        return iter(self._rows[table])

    def order(self, table: str) -> list[int]:
        """All rows that are left, in printed order."""
        place, dropped = self._place[table], self._dropped[table]
        return sorted((row for row in range(len(place)) if row not in dropped), key=lambda row: place[row])

    def close(self) -> dict[str, pl.DataFrame]:
        """The edited tables."""
        closed = {}
        for name, frame in self._tables.items():
            order = self.order(name)
            schema = frame.schema
            columns = {c: [cells[row] for row in order] for c, cells in self._columns[name].items()}
            closed[name] = pl.DataFrame(columns, schema=schema)
        return closed
