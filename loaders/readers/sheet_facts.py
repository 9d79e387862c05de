"""What calamine drops from a worksheet: error values, formulas without result, digits beyond a double, formats.

One streaming pass over the XML by regular expressions; a piece in which nothing of the kind occurs costs only
the search for it. The pass also finds the true extent, which must be known before calamine opens the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import chain

from loaders.guard import UnreadableError
from loaders.readers.workbook_parts import Book

_MOST_IN_ONE_CELL = 64 << 20
_LAST_DATE = 2_958_465  # 9999-12-31
_DIGITS_OF_A_DOUBLE = 15
_MOST_DIGITS_WRITTEN = 300  # 1E+999999999 is a short text but a long number
_FAR_CELL = re.compile(rb' r="([A-Z]{2,3})(\d{1,9})"[^<>]*(?<!/)>')
_ATTRIBUTE = re.compile(rb'(?:^|\s)([a-z]+)\s*=\s*["\']([^"\']*)["\']')
# The errors calamine knows; any other makes it give up the whole sheet.
_KNOWN_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#DATA!"}
)


@dataclass
class Facts:
    """What one worksheet holds beside the values; ``finds`` are (row, column, why, text or None)."""

    rows: int = 0
    columns: int = 0
    finds: list[tuple[int, int, str, str | None]] = field(default_factory=list)
    unknown_error: bool = False


class _Marks:
    """What to look for in a sheet whose elements carry this namespace prefix."""

    def __init__(self, prefix: bytes, book: Book) -> None:
        self.starts = (b"<%sc " % prefix, b"<%srow" % prefix, b"<%sc>" % prefix)
        self.row = b"<%srow" % prefix
        # Never past a "<": searches that may run to the end of a piece make hostile ones quadratic.
        self.row_number = re.compile(rb'<%srow\b[^<>]*?\sr="(\d{1,9})"' % prefix)
        self.tokens = re.compile(rb"<%s(row|c)\b([^<>]*)>" % prefix)
        self.first_cell = re.compile(rb"<%sc\b[^<>]*>" % prefix)
        self.value = re.compile(rb"<%(p)sv\b[^<>]*>([^<]*)</%(p)sv>" % {b"p": prefix})
        self.formula = re.compile(rb"<%sf\b" % prefix)
        self._long = re.compile(rb"<%sv>-?(?:\d{7}|\d(?:\.\d+)?[Ee]\+?1)" % prefix)
        self._plain = (b't="e"', b"<%sf" % prefix, *(b's="%d"' % style for style in book.percent_styles))

    def suspicious(self, piece: bytes) -> bool:
        """Whether a closer look at the cells is needed."""
        return any(mark in piece for mark in self._plain) or self._long.search(piece) is not None


def scan_sheet(chunks: Iterable[bytes], book: Book) -> Facts:
    """The facts of one worksheet part."""
    pieces = iter(chunks)
    first = next(pieces, b"")
    found = re.search(rb"<(\w+:)?worksheet\b", first)
    marks = _Marks((found[1] if found else None) or b"", book)
    cell = marks.first_cell.search(first)
    # Without references every cell must be counted to know where it stands.
    counting = cell is not None and b' r="' not in cell[0]
    facts, position = Facts(), _Position()
    for piece in _whole_cells(chain([first], pieces), marks):
        _extend(facts, piece, marks)
        if not counting and not marks.suspicious(piece):
            continue
        for row, column, attributes, body in _cells(piece, marks, position):
            find = _judge(attributes, body, book, marks)
            if find:
                facts.finds.append((row, column, *find))
                facts.rows, facts.columns = max(facts.rows, row + 1), max(facts.columns, column + 1)
                facts.unknown_error |= attributes.get(b"t") == b"e" and find[1] not in _KNOWN_ERRORS
    return facts


def _whole_cells(chunks: Iterable[bytes], marks: _Marks) -> Iterator[bytes]:
    """The same bytes, cut only before a cell or a row."""
    rest = b""
    for chunk in chunks:
        piece = rest + chunk
        # Searched one by one: a mark that does not occur costs a search through the whole piece.
        cut = next((at for at in (piece.rfind(mark) for mark in marks.starts) if at > 0), 0)
        if not cut and len(piece) > _MOST_IN_ONE_CELL:
            raise UnreadableError("工作表里有一个单元格过大，拒绝读取")
        if cut:
            yield piece[:cut]
        rest = piece[cut:]
    yield rest


def _extend(facts: Facts, piece: bytes, marks: _Marks) -> None:
    # Columns A to Z are always allowed for, so that the many cells there need not be looked at.
    facts.columns = max(facts.columns, 26)
    rows = marks.row_number.findall(piece)
    facts.rows = max(facts.rows, *map(int, rows), 0) if rows else facts.rows + piece.count(marks.row)
    for letters, row in _FAR_CELL.findall(piece):
        facts.columns = max(facts.columns, _column(letters) + 1)
        facts.rows = max(facts.rows, int(row))


@dataclass
class _Position:
    row: int = -1
    column: int = -1


def _cells(piece: bytes, marks: _Marks, position: _Position) -> Iterator[tuple[int, int, dict[bytes, bytes], bytes]]:
    """Every filled cell with its position from 0, counted on where the file gives no reference."""
    tokens = list(marks.tokens.finditer(piece))
    ends = [*(token.start() for token in tokens[1:]), len(piece)]
    for token, end in zip(tokens, ends, strict=False):  # ends is longer when there is no token at all
        attributes = dict(_ATTRIBUTE.findall(token[2]))
        reference = attributes.get(b"r", b"")
        if token[1] == b"row":
            position.row = int(reference) - 1 if re.fullmatch(rb"\d{1,9}", reference) else position.row + 1
            position.column = -1
            continue
        placed = re.fullmatch(rb"([A-Z]{1,3})(\d{1,9})", reference)
        position.column = _column(placed[1]) if placed else position.column + 1
        position.row = int(placed[2]) - 1 if placed else position.row
        if not token[2].endswith(b"/"):
            yield position.row, position.column, attributes, piece[token.end() : end]


def _judge(attributes: dict[bytes, bytes], body: bytes, book: Book, marks: _Marks) -> tuple[str, str | None] | None:
    """Why the cell's text may mislead, and the text to put instead; None for an ordinary cell."""
    kind = attributes.get(b"t", b"n")
    found = marks.value.search(body)
    value = found[1].decode("utf-8", "replace").strip() if found else ""
    if kind == b"e":
        return "错误值", value or None
    if not value:
        uncached = marks.formula.search(body) and kind not in (b"str", b"inlineStr")
        return ("公式没有计算结果", None) if uncached else None
    if kind != b"n":
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS_WRITTEN:
        return None
    style = attributes.get(b"s", b"0")
    return _judge_number(number, value, int(style) if re.fullmatch(rb"\d{1,9}", style) else 0, book)


def _judge_number(number: Decimal, value: str, style: int, book: Book) -> tuple[str, str | None] | None:
    if number.adjusted() >= _DIGITS_OF_A_DOUBLE and number == number.to_integral_value():
        return "超过 15 位的数字，末尾几位可能已失真", format(number, "f")
    if style in book.percent_styles:
        # The writer stores 17 digits; the shortest text that means the same is what was typed.
        percent = (Decimal(repr(float(number))) * 100).normalize()
        return f"百分数格式，存储的数是 {number.normalize():f}", f"{percent:f}%"
    if style in book.date_styles and (number > _LAST_DATE or number < 0):
        return "日期格式里的数不是日期", value
    return None


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
