"""Label-and-value sheets: one record whose fields stand beside their labels, in any order.

The ministry's form of the basic data and the summary of a detail page look like this. Sheets with a
heading row are the work of :mod:`loaders.layout_match`.
"""

from __future__ import annotations

import re

from loaders.headings import heading_key
from loaders.layout_model import Catalogue, Layout
from loaders.match_model import Match, name_score
from loaders.sheet import Sheet

#: A form is short; a longer sheet is a table.
FORM_ROWS = 200
#: Labels that a form must have at least.
LEAST_LABELS = 4

#: Label and value in one cell, possibly several pairs: 行业类别：氮肥制造  发证机关：…
_LABELLED = re.compile(r"([^\s:：;；]{2,24})\s*[:：]+\s*(.*?)(?=[\s;；]+[^\s:：;；]{2,24}\s*[:：]|$)", re.DOTALL)


def match_form(sheet: Sheet, layouts: Catalogue, least: float) -> Match | None:
    """The layout whose labels stand in the sheet, if most cells are such labels and their values."""
    forms = [layout for layout in layouts if layout.form]
    if not forms or not 0 < sheet.cells.height <= FORM_ROWS:
        return None
    rows = [[(text or "").strip() for text in row] for row in sheet.cells.rows()]
    best: Match | None = None
    for layout in forms:
        found = _match_one(sheet, rows, layout, least)
        if found is not None and (best is None or found.score > best.score):
            best = found
    return best


def _match_one(sheet: Sheet, rows: list[list[str]], layout: Layout, least: float) -> Match | None:
    cells: dict[str, tuple[int, int]] = {}
    filled = used = 0
    for number, row in enumerate(rows):
        places = [column for column, text in enumerate(row) if text]
        if len(places) < 2 and not any(inline_values(row[column], layout) for column in places):
            continue  # a title, a band or a note
        filled += len(places)
        position = 0
        while position < len(places):
            column = places[position]
            name = field_of(row[column], layout)
            if name:
                used += 1
                following = places[position + 1] if position + 1 < len(places) else None
                if following is not None and field_of(row[following], layout) is None:
                    cells.setdefault(name, (number, following))
                    used += 1
                    position += 1
            elif values := inline_values(row[column], layout):
                used += 1
                for inline in values:
                    cells.setdefault(inline, (number, column))
            position += 1
    if len(cells) < LEAST_LABELS or not filled or used / filled < least:
        return None
    if not all(any(name in cells for name in group) for group in layout.require):
        return None
    named = name_score(sheet, layout, [text for row in rows[:3] for text in row if text])
    if layout.named and not named:
        return None
    found = sum(name in cells for name in layout.expected) / len(layout.expected)
    missing = tuple(layout.heading_of(name) for name in layout.expected if name not in cells)
    score = round(min(1.0, 0.9 * (0.6 * used / filled + 0.4 * found) + named), 4)
    return Match(layout, score, (), {}, missing=missing, cells=cells)


def field_of(text: str, layout: Layout) -> str | None:
    """The field whose label the text is."""
    if len(text) > 60:
        return None
    key = heading_key(text)
    name = layout.index.exact.get(key.name) or layout.index.exact.get(key.bare)
    if name is None:
        names = layout.index.bare.get(key.bare, ())
        name = names[0] if len(names) == 1 else None
    return None if name is None or ":" in name else name


def inline_values(text: str, layout: Layout) -> dict[str, str]:
    """Field to value of a cell that holds labels and values: 发证机关：济南市生态环境局."""
    found: dict[str, str] = {}
    if ":" in text or "：" in text:
        for label, value in _LABELLED.findall(text):
            name = field_of(label, layout)
            if name:
                found.setdefault(name, value.strip())
    return found


def form_value(text: str, layout: Layout, name: str) -> str:
    """The value of a form's cell, without the label that may stand before it."""
    return inline_values(text, layout).get(name, text)
