"""The only writer of .xlsx: cells that stay what the data say, names that Excel accepts, files that are whole.

Data never become formulas, links or markup; XlsxWriter's silent return codes become exceptions. Which sheets and
columns there are is decided by ``ledger`` and ``export``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from reports.files import whole_file
from reports.style import Style, format_properties

CELL_LIMIT = 32_767  # UTF-16 units in one cell
ROW_LIMIT = 1_048_000  # rows in one sheet, with room for the headings
PAPER_POINTS = (798.0, 523.0)  # A4 landscape within the margins of ``set_page``
_SAFE_INTEGER = 10**15  # Excel keeps 15 digits
_OLD_TEXT_LIMIT = 255  # longer cells of the format "text" show as #### in old versions
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class WorkbookError(RuntimeError):
    """XlsxWriter refused something: our fault, not the user's."""


@dataclass(frozen=True)
class PageSetup:
    """A4 landscape, one page wide; ``repeat`` is the row printed on every page, ``area`` the last row and column."""

    footer: str
    repeat: int | None = None
    area: tuple[int, int] | None = None


def clean_text(text: str, limit: int = CELL_LIMIT) -> str:
    """``text`` as a cell can hold it: what XML forbids shows as U+FFFD, what is too long is cut and says so."""
    if text.isprintable() and len(text) * 2 <= limit and not text.startswith("<r>"):
        return text
    text = _ILLEGAL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 > limit and (units := _utf16_units(text)) > limit:
        mark = f"…（内容过长，已截断，原有 {units} 个字符）"
        text = text.encode("utf-16-le")[: (limit - len(mark)) * 2].decode("utf-16-le", "ignore") + mark
    # XlsxWriter copies such a text into the file as markup; a blank at its end makes it text again.
    return text + " " if text.startswith("<r>") and text.endswith("</r>") else text


def safe_sheet_name(name: str, taken: set[str]) -> str:
    """A sheet name of at most 31 UTF-16 units that Excel accepts, unlike every name in ``taken`` (it is added)."""
    name = re.sub(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]", "_", name).strip(" '") or "表"
    if name.casefold() == "history":
        name += "_"
    number, suffix = 1, ""
    while (candidate := _cut_units(name, 31 - len(suffix)) + suffix).casefold() in taken:
        number += 1
        suffix = f"_{number}"
    taken.add(candidate.casefold())
    return candidate


class SheetWriter:
    """One sheet; every cell goes through ``write``."""

    def __init__(self, book: Book, sheet: Any, name: str) -> None:
        self.name = name
        self.sheet = sheet
        self._book = book
        self._breaks: list[int] = []

    def write(self, row: int, column: int, value: object, style: Style) -> None:
        """Write a value as what it is: numbers as numbers, dates as dates, everything else as text."""
        formats = self._book.format
        if value is None or value == "":
            code = self.sheet.write_blank(row, column, None, formats(style, "blank"))
        elif isinstance(value, bool):
            code = self.sheet.write_string(row, column, "是" if value else "否", formats(style, "text"))
        elif isinstance(value, (int, float)) and isfinite(value) and abs(value) < _SAFE_INTEGER:
            code = self.sheet.write_number(row, column, value, formats(style, "number"))
        elif isinstance(value, (date, datetime)) and value.year >= 1900:
            moment = value.replace(tzinfo=None) if isinstance(value, datetime) else value
            code = self.sheet.write_datetime(row, column, moment, formats(style, "date"))
        else:
            text = clean_text(str(value))
            kind = "text" if len(text) <= _OLD_TEXT_LIMIT else "long"
            code = self.sheet.write_string(row, column, text, formats(style, kind))
        self._check(code, f"cell {row},{column}")

    def write_row(self, row: int, values: Sequence[object], style: Style, *, height: float | None = None) -> None:
        """Write values from the first column on."""
        if height is not None:
            self.set_height(row, height)
        for column, value in enumerate(values):
            self.write(row, column, value, style)

    def merge(self, row: int, first: int, last: int, text: str, style: Style, *, height: float | None = None) -> None:
        """One text over several columns of a row."""
        if height is not None:
            self.set_height(row, height)
        if last > first:
            self._check(
                self.sheet.merge_range(row, first, row, last, "", self._book.format(style, "blank")), f"merge in {row}"
            )
        self.write(row, first, text, style)

    def set_height(self, row: int, points: float) -> None:
        """Height of a row; must come before its cells."""
        self._check(self.sheet.set_row(row, points), f"height of row {row}")

    def set_widths(self, widths: Sequence[float], hidden: Sequence[int] = ()) -> None:
        """Widths of the columns from the first on, in half-width characters."""
        for column, width in enumerate(widths):
            options = {"hidden": True} if column in hidden else {}
            self._check(self.sheet.set_column(column, column, width, None, options), f"width of column {column}")

    def add_choices(self, first: int, last: int, column: int, options: Sequence[str], hint: str) -> None:
        """A drop-down list in the rows ``first`` to ``last`` of a column."""
        if any("," in option for option in options):
            raise WorkbookError(f"{self.name}: an option with a comma would be split: {options}")
        self._validate(first, last, column, {"validate": "list", "source": list(options)}, "请从下拉列表中选择", hint)

    def add_date_check(self, first: int, last: int, column: int, hint: str) -> None:
        """Only dates may be typed into the rows ``first`` to ``last`` of a column."""
        rule = {
            "validate": "date",
            "criteria": "between",
            "minimum": date(2000, 1, 1),
            "maximum": date(2099, 12, 31),
        }
        self._validate(first, last, column, rule, "请填写日期，例如 2026-12-31", hint)

    def protect(self) -> None:
        """Lock the locked cells, without password: a hint that leaves filtering, sorting and widths free."""
        self.sheet.protect(
            "", {"sort": True, "autofilter": True, "format_columns": True, "format_rows": True, "objects": False}
        )

    def set_filter(self, header: int, last_row: int, last_column: int) -> None:
        """Filter buttons on a header row, over all columns."""
        self._check(self.sheet.autofilter(header, 0, max(last_row, header), last_column), "filter")

    def freeze(self, row: int, column: int = 0) -> None:
        """Rows above and columns left of this cell stay in sight."""
        self.sheet.freeze_panes(row, column)

    def break_page(self, row: int) -> None:
        """A new printed page begins with this row."""
        self._breaks.append(row)
        self.sheet.set_h_pagebreaks(self._breaks)

    def set_page(self, page: PageSetup) -> None:
        """Paper, margins, page numbers, print area."""
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.set_margins(left=0.3, right=0.3, top=0.45, bottom=0.55)
        self.sheet.center_horizontally()
        self.sheet.fit_to_pages(1, 0)
        # "&" starts a code in a footer, and Excel allows 255 characters.
        footer = _cut_units(clean_text(page.footer).replace("\n", " "), 100).replace("&", "&&")
        self.sheet.set_footer(f"&L&8{footer}&C&8第 &P 页，共 &N 页", {"margin": 0.25})
        if page.repeat is not None:
            self._check(self.sheet.repeat_rows(page.repeat), "repeated rows")
        if page.area is not None:
            self._check(self.sheet.print_area(0, 0, *page.area), "print area")

    def add_chart(self, row: int, column: int, chart: Any, width: int, height: int) -> None:
        """Place a chart (made by ``Book.bar_chart``) with its upper left corner in a cell."""
        chart.set_size({"width": width, "height": height})
        self._check(self.sheet.insert_chart(row, column, chart, {"x_offset": 6, "y_offset": 2}), "chart")

    def _validate(self, first: int, last: int, column: int, rule: dict[str, Any], error: str, hint: str) -> None:
        texts = {"error_title": "填写有误", "error_message": error}
        if hint:
            texts["input_message"] = _cut_units(hint, 255)
        self._check(self.sheet.data_validation(first, column, last, column, {**rule, **texts}), "validation")

    def _check(self, code: int | None, what: str) -> None:
        if code is not None and code < 0:
            raise WorkbookError(f"sheet {self.name}: {what} was refused by XlsxWriter (code {code})")


class Book:
    """A workbook being written; made by ``open_book``."""

    def __init__(self, workbook: Any, created: datetime) -> None:
        self._workbook = workbook
        self._created = created
        workbook.set_properties({"created": created})  # or the clock would change the bytes
        self._names: set[str] = set()
        self._formats: dict[tuple[Style, str], Any] = {}

    def add_sheet(self, name: str) -> SheetWriter:
        """A new sheet whose name is made valid and unique."""
        safe = safe_sheet_name(name, self._names)
        return SheetWriter(self, self._workbook.add_worksheet(safe), safe)

    def set_properties(self, title: str, keywords: str, custom: dict[str, str]) -> None:
        """Document properties: second copies of what the title cell says."""
        self._workbook.set_properties(
            {"title": _cut_units(clean_text(title), 255), "keywords": clean_text(keywords), "created": self._created}
        )
        for name, value in custom.items():
            code = self._workbook.set_custom_property(name, _cut_units(clean_text(value), 255), "text")
            if code is not None and code < 0:
                raise WorkbookError(f"property {name} was refused by XlsxWriter (code {code})")

    def bar_chart(self, sheet: SheetWriter, header: int, rows: int, fills: Sequence[str], title: str) -> Any:
        """Stacked bars of the ``rows`` rows below ``header``: names in the first column, one series per fill."""
        chart = self._workbook.add_chart({"type": "bar", "subtype": "stacked"})
        first, last = header + 1, header + rows
        for column, fill in enumerate(fills, start=1):
            chart.add_series(
                {
                    "name": [sheet.name, header, column],
                    "categories": [sheet.name, first, 0, last, 0],
                    "values": [sheet.name, first, column, last, column],
                    "fill": {"color": fill},
                    "border": {"color": "#404040", "width": 0.5},
                    "gap": 40,
                }
            )
        font = {"name": "宋体", "size": 9}
        chart.set_title({"name": title, "name_font": {**font, "size": 11, "bold": True}})
        chart.set_y_axis({"reverse": True, "num_font": font})
        chart.set_x_axis({"num_font": font, "label_position": "high", "min": 0, "major_gridlines": {"visible": True}})
        chart.set_legend({"position": "bottom", "font": font})
        return chart

    def format(self, style: Style, kind: str) -> Any:
        """XlsxWriter's format of a style for one kind of value."""
        try:
            return self._formats[style, kind]
        except KeyError:
            made = self._formats[style, kind] = self._workbook.add_format(format_properties(style, kind))
            return made


@contextmanager
def open_book(path: Path, created: date, *, is_large: bool = False) -> Iterator[Book]:
    """A workbook that appears under ``path`` when the block ends well, and not at all otherwise.

    ``is_large`` keeps memory flat; rows must then be written in order. ``created`` goes into the properties in place
    of the clock, so that the same contents give the same bytes.
    """
    with whole_file(path) as handle, _spill_folder(path.parent, is_large) as spill:
        # Zipped in memory: a zip that fails on a full disk would try to finish itself when it is collected.
        package = BytesIO()
        workbook = xlsxwriter.Workbook(package, _options(spill))
        workbook.use_zip64()
        try:
            yield Book(workbook, datetime(created.year, created.month, created.day))
            _close(workbook)
        finally:
            _abandon(workbook)
        handle.write(package.getbuffer())


def _spill_folder(folder: Path, is_large: bool) -> AbstractContextManager[str | None]:
    return TemporaryDirectory(prefix=".", dir=folder) if is_large else nullcontext()


def _options(spill: str | None) -> dict[str, Any]:
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return {**safe, "constant_memory": True, "tmpdir": spill} if spill else {**safe, "in_memory": True}


def _close(workbook: Any) -> None:
    try:
        workbook.close()
    except FileCreateError as error:  # XlsxWriter wraps the OSError that says why
        cause = error.args[0] if error.args else None
        raise cause if isinstance(cause, OSError) else OSError(str(error)) from error


def _abandon(workbook: Any) -> None:
    """Nothing of the workbook is left to write or to close, however it ended."""
    workbook.fileclosed = True  # its destructor would write once more
    for sheet in workbook.worksheets():
        handle = getattr(sheet, "row_data_fh", None)
        if handle is not None and not handle.closed:
            with suppress(OSError):
                handle.close()


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _cut_units(text: str, limit: int) -> str:
    return text.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore")
