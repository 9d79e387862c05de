"""Which layout fits a table of a database: by its name, its columns' names and their comments.

A table called as a canonical table, or said to be one, may also carry the columns of the data dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from checks.errors import UserError, nearest
from checks.tables import TABLES, Kind, Table
from checks.tables.fields import SYSTEM_COLUMNS
from loaders.database.model import RemoteTable
from loaders.layout_match import match
from loaders.layout_model import Catalogue, Layout
from loaders.match_model import Match
from loaders.sheet import Sheet
from loaders.warehouse import STORED_TABLES


def canonical_name(text: str) -> str:
    """The canonical table called ``text`` by name or by its Chinese title; empty if there is none."""
    for name in STORED_TABLES:
        if text.strip().lower() == name or text.strip() == TABLES[name].title:
            return name
    return ""


def check_canonical(text: str) -> str:
    """As :func:`canonical_name`, but UserError with the nearest names if there is none."""
    name = canonical_name(text)
    if not name:
        hint = "、".join(nearest(text, list(STORED_TABLES))) or "见 docs/data-dictionary.md"
        raise UserError(f"--table 等号后面应是标准表名，没有 {text}。相近的有：{hint}")
    return name


def heading_rows(table: RemoteTable) -> list[list[str]]:
    """What the columns may be called: by their comments where they have one, and by their names."""
    names = [column.name for column in table.columns]
    comments = [column.comment.strip() or column.name for column in table.columns]
    return [comments] if comments == names else [comments, names]


def as_sheet(sheet: Sheet, headings: Sequence[str], rows: pl.DataFrame, first_row: int = 0) -> Sheet:
    """``rows`` below their headings; the first row below is ``first_row`` + 1."""
    top = pl.DataFrame({name: [text] for name, text in zip(rows.columns, headings, strict=True)}, rows.schema)
    return replace(sheet, cells=pl.concat([top, rows]), first_row=first_row)


def match_table(
    table: RemoteTable, sheet: Sheet, sample: pl.DataFrame, layouts: Catalogue, target: str, only: str | None
) -> tuple[list[str], Match] | None:
    """The headings to be used and the layout that fits best, or None.

    ``target`` names the canonical table that the user said it is, ``only`` the layout.
    """
    named = target or canonical_name(table.name) or canonical_name(table.comment)
    # A blank row keeps the first record from being taken for a second row of headings.
    below = pl.concat([sample.clear(1), sample])
    sheets = [
        (row, as_sheet(replace(sheet, name=name), row, below))
        for row in heading_rows(table)
        for name in dict.fromkeys([table.comment or table.name, table.name])
    ]
    if only is None and named:
        for_it = _layouts_of(TABLES[named], table, layouts)
        found = _best((row, match(each, for_it, only=layout.name)) for row, each in sheets for layout in for_it)
        if found is not None or target:
            return found
    plain = Catalogue(tuple(replace(layout, form=False) for layout in layouts))  # a table is never one record
    return _best((row, match(each, plain, only=only)) for row, each in sheets)


def _best(found: Iterable[tuple[list[str], Match | None]]) -> tuple[list[str], Match] | None:
    fitting = [(row, each) for row, each in found if each is not None and each.heading_rows == (0,)]
    return max(fitting, key=lambda item: item[1].score, default=None)


def _layouts_of(target: Table, table: RemoteTable, layouts: Catalogue) -> Catalogue:
    exports = [replace(layout, named=False, form=False) for layout in layouts if layout.table == target.name]
    return Catalogue((_dictionary_layout(target, table), *exports))


def _dictionary_layout(target: Table, table: RemoteTable) -> Layout:
    """The layout of a table whose columns are called as in the data dictionary.

    Of a value that the warehouse keeps in several columns the text as written is read, or both ends of a period.
    """
    given = {column.name.lower() for column in table.columns}
    headings: dict[str, tuple[str, ...]] = {}
    joined: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    ignore = set(SYSTEM_COLUMNS)
    for field in target.fields:
        columns = {column.name for column in field.columns}
        ends = (f"{field.name}_from", f"{field.name}_to")
        if field.kind is Kind.PERIOD and given.issuperset(ends):
            joined[field.name] = ((ends[0],), (ends[1],))
            continue
        written = f"{field.name}_text"
        used = written if written in columns & given else field.name
        headings[field.name] = (used,)
        ignore |= {*columns, field.name} - {used}
    return Layout(
        name=target.name,
        title=target.title,
        table=target.name,
        names=(re.compile(f"^(?:{target.name}|{re.escape(target.title)})$", re.IGNORECASE),),
        headings=headings,
        joined=joined,
        require=(target.identify,),
        ignore=tuple(sorted(ignore)),
    )
