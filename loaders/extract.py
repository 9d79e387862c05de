"""Rows of a matched sheet as raw text columns named by field, with the row that each came from.

Titles, group rows, repeated headings and blank rows are context; a row that names nobody is rejected
with its cells. Nothing is typed here (see :mod:`loaders.cast`), and no row is ever dropped in silence:
rows of the sheet = context + loaded + rejected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import polars as pl

from checks.tables import TABLES, Table
from loaders.cast_values import split_items
from loaders.form import form_value, inline_values
from loaders.groups import BAND_ROW, SCOPE, mark_groups
from loaders.layout_model import Layout
from loaders.match_model import Match
from loaders.merges import fill_blanks, fill_merged
from loaders.normalise import clean, is_empty
from loaders.sheet import Sheet

_ROW = "source_row"
_NOTE = r"^(?:注|说明|备注)\d*[:：]|^[（(]\d{1,2}[）)]指|^\* "
_PERMIT_NO = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXY]{18}[0-9]{3}[A-Z](?![0-9A-Za-z])")


@dataclass(frozen=True)
class Part:
    """The rows of one canonical table: ``source_row`` and text columns named by field.

    ``positions`` tells the column of each field (from 0), ``rows`` the sheet row where it is not
    ``source_row`` (label-and-value sheets); together they are the cell's address.
    """

    table_name: str
    frame: pl.DataFrame
    positions: Mapping[str, int]
    provided: tuple[str, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    separators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def source_rows(self) -> int:
        """How many rows of the sheet the part was made from (a split cell makes several rows of one)."""
        return self.frame[_ROW].n_unique()


@dataclass(frozen=True)
class Extract:
    """What a sheet holds, by canonical table, and what could not be loaded."""

    parts: tuple[Part, ...]
    rejected: pl.DataFrame  # source_row, reason, cells
    context_rows: int

    @property
    def data_rows(self) -> int:
        """Rows of the sheet that are records: loaded and rejected ones."""
        return sum(part.source_rows for part in self.parts) + self.rejected.height


def extract(sheet: Sheet, match: Match, context: Mapping[str, str] | None = None) -> Extract:
    """The records of a matched sheet.

    ``context`` gives fields that the sheet itself does not carry, such as the permit number of the
    page it belongs to (see :func:`file_context`).
    """
    known = dict(context or {}) | _above(sheet, match)
    if match.is_form:
        return _extract_form(sheet, match, known)
    layout = match.layout
    body, context_rows = _body(sheet, match)
    rows = _named(sheet, match, body)
    if layout.bands or layout.totals:
        rows = mark_groups(rows, match)
        context_rows += int(rows[BAND_ROW].sum())
        rows = rows.filter(~pl.col(BAND_ROW))
    for name, text in {**known, **layout.constants}.items():
        if name not in rows.columns and name in layout.target.by_name:
            rows = rows.with_columns(pl.lit(text).alias(name))
    rows = fill_blanks(rows, layout.fill_down, merges_known=_has_data_merges(sheet, match))
    for name, texts in layout.replace.items():
        if name in rows.columns:
            rows = rows.with_columns(_replaced(pl.col(name), texts))
    parts, rejected = _parts(rows, layout, match, sheet)
    return Extract(parts, rejected, context_rows)


def file_context(file_name: str, extracts: Sequence[Extract]) -> dict[str, str]:
    """Permit number and unit of a file whose other sheets, or whose name, tell exactly one of each."""
    found: dict[str, set[str]] = {"permit_no": set(), "unit_name": set()}
    for part in (part for extract_ in extracts for part in extract_.parts):
        for name, texts in found.items():
            if name in part.frame.columns:
                texts.update(text.strip() for text in part.frame[name].unique().to_list() if text and text.strip())
    if not found["permit_no"]:
        found["permit_no"].update(_PERMIT_NO.findall(PurePosixPath(file_name).name))
    return {name: next(iter(texts)) for name, texts in found.items() if len(texts) == 1}


def _above(sheet: Sheet, match: Match) -> dict[str, str]:
    """Labels and values in the rows above the heading: 许可证编号：…"""
    found: dict[str, str] = {}
    if match.heading_rows:
        for row in sheet.cells.head(match.heading_rows[0]).rows():
            for text in row:
                if text:
                    found |= inline_values(text, match.layout)
    return found


def _body(sheet: Sheet, match: Match) -> tuple[pl.DataFrame, int]:
    """Rows below the heading that may be records, with their number, and the count of all other rows."""
    start = match.heading_rows[-1] + 1
    cells = fill_merged(sheet.cells, sheet.merges, start)
    columns = cells.columns
    body = cells.with_columns(
        pl.int_range(sheet.first_row, sheet.first_row + cells.height, dtype=pl.Int32).alias(_ROW)
    ).slice(start)
    stripped = [pl.col(name).str.strip_chars() for name in columns]
    filled = pl.sum_horizontal((text.is_not_null() & (text != "")).cast(pl.Int32) for text in stripped)
    heading = _heading_texts(sheet, match)
    repeated = pl.sum_horizontal(
        (text.is_in(list(heading[column])) & (text != "")).cast(pl.Int32).fill_null(0)
        for column, text in enumerate(stripped)
        if heading.get(column)
    )
    note = (filled == 1) & pl.coalesce(stripped).fill_null("").str.contains(_NOTE)
    is_context = (filled == 0) | ((repeated >= 2) & (repeated >= 0.6 * filled)) | note
    kept = body.filter(~is_context)
    return kept, sheet.cells.height - kept.height


def _heading_texts(sheet: Sheet, match: Match) -> dict[int, set[str]]:
    texts: dict[int, set[str]] = {}
    for number in match.heading_rows:
        for column, text in enumerate(sheet.cells.row(number)):
            if text and text.strip():
                texts.setdefault(column, set()).add(text.strip())
    return texts


def _named(sheet: Sheet, match: Match, body: pl.DataFrame) -> pl.DataFrame:
    """Columns by field name, besides ``cN`` for the raw cells and the row number."""
    columns = sheet.cells.columns
    named = [pl.col(columns[column]).alias(name) for column, name in match.mapping.items() if name not in match.joined]
    for name, parts in match.joined.items():
        texts = [pl.col(columns[column]).fill_null("").str.strip_chars() for column in parts]
        whole = pl.concat_str(texts, separator="至")
        named.append(pl.when(whole != "至").then(whole).alias(name))
    return body.with_columns(named)


def _has_data_merges(sheet: Sheet, match: Match) -> bool:
    """Whether the sheet itself says which cells are merged downwards."""
    return any(last > first >= match.heading_rows[-1] + 1 for first, _, last, _ in sheet.merges)


def _replaced(text: pl.Expr, texts: Mapping[str, str]) -> pl.Expr:
    """Codes of an interface as words, also inside a list: fq,fs becomes 废气,废水."""
    items = text.str.split(",").list.eval(pl.element().str.strip_chars().replace(dict(texts)))
    return items.list.join(",").alias(text.meta.output_name())


def _parts(rows: pl.DataFrame, layout: Layout, match: Match, sheet: Sheet) -> tuple[tuple[Part, ...], pl.DataFrame]:
    positions = {name: column for column, name in sorted(match.mapping.items(), reverse=True)}
    groups = [(layout.target, rows)]
    if layout.totals:
        is_total = pl.col(SCOPE).is_not_null()
        totals = rows.filter(is_total).with_columns(pl.col(SCOPE).alias(layout.totals.field))
        groups = [(layout.target, rows.filter(~is_total)), (TABLES[layout.totals.table], totals)]
    parts: list[Part] = []
    rejected: list[pl.DataFrame] = []
    for number, (table, group) in enumerate(groups):
        known, reject = _identified(group, table, sheet)
        rejected.append(reject)
        names = [field_.name for field_ in table.fields if field_.name in known.columns]
        frame = known.select(_ROW, *names)
        for name, separator in layout.split.items():
            if name in names:
                frame = _split_rows(frame, name, separator)
        if number and frame.is_empty():
            continue  # a table of totals without totals
        own = {name: column for name, column in positions.items() if name in names}
        separators = {name: texts for name, texts in layout.separators.items() if name in names}
        parts.append(Part(table.name, frame, own, tuple(names), separators=separators))
    return tuple(parts), pl.concat(rejected).sort(_ROW)


def _identified(rows: pl.DataFrame, table: Table, sheet: Sheet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that say whom they are about, and the others as rejects."""
    names = [name for name in table.identify if name in rows.columns]
    told = [~is_empty(clean(pl.col(name)), table.by_name[name]) for name in names]
    is_known = pl.any_horizontal(told) if told else pl.lit(False)
    wanted = "、".join(table.by_name[name].heading for name in table.identify)
    reject = rows.filter(~is_known).select(
        _ROW,
        pl.lit(f"缺少{wanted}{'中的任何一项' if len(table.identify) > 1 else ''}，不知属于哪个单位").alias("reason"),
        pl.concat_list(sheet.cells.columns).alias("cells"),
    )
    return rows.filter(is_known), reject


def _split_rows(frame: pl.DataFrame, name: str, separator: str) -> pl.DataFrame:
    """One row for each item of a cell that lists several; 1,2-二氯乙烷 stays whole."""
    items = split_items(pl.col(name), (separator,)).list.eval(pl.element().str.strip_chars())
    items = items.list.eval(pl.element().filter(pl.element() != ""))
    items = pl.when(items.list.len() > 0).then(items)
    return frame.with_columns(items.alias(name)).explode(name, empty_as_null=True)


def _extract_form(sheet: Sheet, match: Match, known: Mapping[str, str]) -> Extract:
    layout = match.layout
    values: dict[str, str] = {}
    for name, (row, column) in match.cells.items():
        values[name] = form_value(sheet.cells.row(row)[column] or "", layout, name)
    first = sheet.first_row + min(row for row, _ in match.cells.values())
    given = {**known, **layout.constants}
    record = {name: text for name, text in given.items() if name in layout.target.by_name} | values
    frame = pl.DataFrame(
        {_ROW: [first], **{name: [text] for name, text in record.items()}},
        schema={_ROW: pl.Int32, **dict.fromkeys(record, pl.String)},
    )
    cells = sheet.cells.slice(first - sheet.first_row, 1).with_columns(pl.lit(first, pl.Int32).alias(_ROW))
    told, rejected = _identified(frame.join(cells, on=_ROW), layout.target, sheet)
    part = Part(
        layout.table,
        told.select(frame.columns),
        {name: column for name, (_, column) in match.cells.items()},
        tuple(record),
        {name: sheet.first_row + row for name, (row, _) in match.cells.items()},
        layout.separators,
    )
    return Extract((part,), rejected, sheet.cells.height - 1)
