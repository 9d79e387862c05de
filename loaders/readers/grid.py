"""A sparse sheet under construction, for markup in which cells span rows and columns.

Shared by the HTML and XML readers; knows positions and bounds, no markup.
"""

from __future__ import annotations

from loaders.guard import Limits, UnreadableError, check_extent
from loaders.readers.frames import from_cells
from loaders.sheet import Sheet, SourceFile

_LAST_ROW = 1_048_576


class Grid:
    """Cells by position from 0, with what is covered by cells that span."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cells: dict[tuple[int, int], str] = {}
        self._until: dict[int, int] = {}  # column -> last row covered from above or from the left
        self._merges: list[tuple[int, int, int, int]] = []
        self._doubtful: list[tuple[int, int, str]] = []
        self._width = 0
        self.height = 0

    def grow(self, row: int) -> None:
        """Count this row, even if nothing is in it."""
        self.height = max(self.height, row + 1)
        if row >= _LAST_ROW:
            raise UnreadableError(f"超过 {_LAST_ROW} 行，拒绝读取")

    def free_column(self, row: int, column: int) -> int:
        """The first column from ``column`` on that no cell above or before covers."""
        while self._until.get(column, -1) >= row:
            column += 1
        return column

    def put(self, row: int, column: int, text: str, down: int = 1, across: int = 1) -> None:
        """One cell over ``down`` rows and ``across`` columns, rows in order; an empty text is a missing cell."""
        self._width = max(self._width, column + across)
        if self._width > self._limits.columns:
            raise UnreadableError(f"超过 {self._limits.columns} 列，拒绝读取")
        self.grow(row)
        check_extent(self.height, self._width, self._limits.cells)
        if text:
            self._cells[row, column] = text
        if down > 1 or across > 1:
            self._merges.append((row, column, row + down - 1, column + across - 1))
            self._until.update(dict.fromkeys(range(column, column + across), row + down - 1))

    def doubt(self, row: int, column: int, why: str) -> None:
        """Mark a cell whose text may mislead."""
        self._doubtful.append((row, column, why))

    def to_sheet(self, source: SourceFile, name: str, kind: str, *, encoding: str = "", hidden: bool = False) -> Sheet:
        """The finished sheet."""
        return Sheet(
            source,
            name,
            from_cells(self._cells, self.height),
            merges=tuple(sorted(self._merges)),
            hidden=hidden,
            format=kind,
            encoding=encoding,
            doubtful=tuple(sorted(self._doubtful)),
        )
