"""What all sheets of a ledger share: the contents of one workbook, the looks, and a sheet written downwards.

What the sheets say is in ``ledger_explanation``, ``ledger_summary`` and ``ledger``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from reports.columns import FilledBy
from reports.counts import Counts
from reports.facts import RunFacts
from reports.height import row_height
from reports.render import hide_districts
from reports.style import Style
from reports.workbook import PAPER_POINTS, SheetWriter, clean_text

TITLE = Style(bold=True, size=18, font="黑体", is_centred=True, border=False)
NOTE = Style(border=False, colour="#404040")
HEADER = {
    FilledBy.BUREAU: Style(bold=True, is_centred=True, fill="#D9E2EC"),
    FilledBy.DISTRICT: Style(bold=True, is_centred=True, fill="#FCE8A6"),
    FilledBy.SYSTEM: Style(is_centred=True, fill="#E0E0E0"),
}
SECTION = Style(bold=True, size=12, font="黑体", border=False)
HEAD = HEADER[FilledBy.BUREAU]
TEXT = Style()
COUNT = Style(is_centred=True)
SHARE = Style(is_centred=True, is_percent=True)
LABEL = Style(bold=True, fill="#F3F6F9")
ROW_POINTS = 19.0  # a line of numbers
_BLANK_POINTS = 15.0
_SECTION_POINTS = 130.0  # a heading, the head of a table and a few lines


@dataclass(frozen=True)
class Contents:
    """What one workbook is about. ``district`` is None for the city's and "" for findings without a district."""

    facts: RunFacts
    district: str | None
    name: str
    others: tuple[str, ...]
    rows: pl.DataFrame
    subjects: pl.DataFrame
    counts: Counts
    title: str
    number: str
    fingerprint: str

    @property
    def footer(self) -> str:
        """What stands at the foot of every printed page."""
        return f"台账编号：{self.number}"

    def own(self, text: str) -> str:
        """A text about the run as this workbook may show it: without the names of other districts."""
        return hide_districts(text, self.others, self.district or "")


class Page:
    """A sheet written from top to bottom."""

    def __init__(self, sheet: SheetWriter, widths: Sequence[float]) -> None:
        self.sheet = sheet
        self.widths = widths
        self.row = 0
        self._used = 0.0
        self._page_points = PAPER_POINTS[1] * max(1.0, sum(7 * width + 5 for width in widths) * 0.75 / PAPER_POINTS[0])
        sheet.set_widths(widths)

    @property
    def last(self) -> int:
        """The last column."""
        return len(self.widths) - 1

    def wide(self, text: str, style: Style, height: float | None = None) -> None:
        """A text over the whole width."""
        height = height or row_height([(clean_text(text), sum(self.widths))])
        self._set_height(height)
        self.sheet.merge(self.row, 0, self.last, text, style)
        self.row += 1

    def section(self, text: str) -> None:
        """A heading with a blank line above; on a new page where little more than it would fit on this one."""
        self._set_height(_BLANK_POINTS)
        self.row += 1
        if self._page_points - self._used % self._page_points < _SECTION_POINTS:
            self.sheet.break_page(self.row)
            self._used = 0.0
        self.wide(text, SECTION, 24)

    def fill_up(self, first: int, lines: int) -> None:
        """Blank lines until ``lines`` lines have been used from row ``first`` on."""
        while self.row < first + lines:
            self._set_height(ROW_POINTS)
            self.row += 1

    def pair(self, label: str, text: str) -> None:
        """A label and a text beside it that takes the rest of the width."""
        height = row_height([(label, self.widths[0]), (clean_text(text), sum(self.widths[1:]))])
        self._set_height(max(height, ROW_POINTS))
        self.sheet.write(self.row, 0, label, LABEL)
        self.sheet.merge(self.row, 1, self.last, text, TEXT)
        self.row += 1

    def line_merged(self, texts: tuple[str, str, str], style: Style) -> None:
        """Three texts in a page of six columns: the last takes the columns that are left."""
        first, second, rest = self.widths[0], self.widths[1], sum(self.widths[2:])
        cells = zip((clean_text(text) for text in texts), (first, second, rest), strict=True)
        self._set_height(max(row_height(cells), ROW_POINTS))
        self.sheet.write(self.row, 0, texts[0], style)
        self.sheet.write(self.row, 1, texts[1], style)
        self.sheet.merge(self.row, 2, self.last, texts[2], style)
        self.row += 1

    def line(self, values: Sequence[object], styles: Sequence[Style]) -> None:
        """Cells from the first column on, as high as their texts need."""
        texts = [
            (clean_text(value), width)
            for value, width in zip(values, self.widths, strict=False)
            if isinstance(value, str)
        ]
        self._set_height(max(row_height(texts), ROW_POINTS))
        for column, (value, style) in enumerate(zip(values, styles, strict=True)):
            self.sheet.write(self.row, column, value, style)
        self.row += 1

    def _set_height(self, points: float) -> None:
        self.sheet.set_height(self.row, points)
        self._used += points


def out_of(part: int, whole: int, unit: str) -> str:
    """A count with its denominator."""
    return f"{part} {unit}（占受检 {whole} {unit}的 {part / whole:.1%}）" if whole else f"{part} {unit}"
