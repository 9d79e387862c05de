"""How high a row must be so that its wrapped texts are wholly seen: programs do not grow rows of written files.

Widths are Excel's, which at 10.5 points count half-width characters; a Chinese character counts two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from math import ceil

LINE_POINTS = 15.3  # one line at 10.5 points (五号) in the tallest of the usual Chinese fonts (Noto)
_PADDING = 4.0
_TALLEST = 409.0  # Excel's limit
# A word is not broken; a closing mark stays with the character before it.
_TOKEN = re.compile(r"(?:[\x21-\x7e]+|[^\x21-\x7e])[，。、；：！？）》”’】]*")


def row_height(cells: Iterable[tuple[str, float]], *, line: float = LINE_POINTS, least: int = 1) -> float:
    """Points for a row of cells given as (text, column width)."""
    lines = max((count_lines(text, width) for text, width in cells), default=1)
    return min(_PADDING + line * max(lines, least), _TALLEST)


@lru_cache(maxsize=1 << 16)
def count_lines(text: str, width: float) -> int:
    """Lines that a text fills in a column of that width."""
    room = max(width, 2.0)
    return sum(_lines_of_paragraph(part, room) for part in text.split("\n"))


def _lines_of_paragraph(text: str, room: float) -> int:
    if _units(text) <= room:
        return 1
    lines, used = 1, 0.0
    for token in _TOKEN.findall(text):
        units = _units(token)
        if used + units <= room:
            used += units
        elif units <= room:
            lines, used = lines + 1, units
        else:  # a long word starts on a line of its own and is broken there
            lines += ceil(units / room) - (used == 0)
            used = units % room or room
    return lines


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("gb18030", "replace"))
