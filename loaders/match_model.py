"""What a match is: a layout held against a sheet, and how well names of file, sheet and title speak for it.

The facts only; finding them is the work of :mod:`loaders.layout_match` and :mod:`loaders.form`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from loaders.headings import squeeze
from loaders.layout_model import Layout
from loaders.sheet import Sheet


@dataclass(frozen=True)
class Unknown:
    """A heading that the layout does not know, with the known heading most like it."""

    column: int
    heading: str
    nearest: str = ""


@dataclass(frozen=True)
class Match:
    """How a layout fits a sheet. Rows and columns count from 0 in ``sheet.cells``."""

    layout: Layout
    score: float
    heading_rows: tuple[int, ...]
    mapping: dict[int, str]
    unknown: tuple[Unknown, ...] = ()
    missing: tuple[str, ...] = ()
    joined: dict[str, tuple[int, ...]] = field(default_factory=dict)
    cells: dict[str, tuple[int, int]] = field(default_factory=dict)  # of a label-and-value sheet
    rivals: tuple[str, ...] = ()  # other layouts that fit just as well

    @property
    def is_form(self) -> bool:
        """Whether the sheet is one record of label and value cells."""
        return bool(self.cells)


def name_score(sheet: Sheet, layout: Layout, titles: Iterable[str]) -> float:
    """Up to 0.1: whether title, file name and sheet name are those of the layout."""
    stem = PurePosixPath(sheet.source.name.replace("\\", "/")).name.rsplit(".", 1)[0]
    score = 0.0
    for pattern in layout.names:
        score = max(
            score,
            0.05 * any(pattern.search(squeeze(title)) for title in titles)
            + 0.03 * bool(pattern.search(squeeze(stem)))
            + 0.02 * bool(pattern.search(squeeze(sheet.name or ""))),
        )
    return score
