"""What every reader returns: the cells of one sheet as text, with their true positions.

Nothing is typed or interpreted here; that is the work of layouts and of the cast.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class SourceFile:
    """Where cells came from: the name a person knows, and the hash of the bytes.

    ``name`` is the file name; for a member of an archive it is ``archive.zip/inner name``.
    """

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Sheet:
    """One sheet (or one array of JSON objects, or one text file) as text cells.

    ``cells`` has String columns ``c0 … cN`` from spreadsheet column A on, and one row for each
    row of the sheet, blank rows included, so that row ``i`` (from 0) is row
    ``first_row + i`` for a person. A missing cell is null; an empty text stays an empty text.
    Numbers are written shortest (``5``, not ``5.0``); dates as ``YYYY-MM-DD`` or
    ``YYYY-MM-DD HH:MM:SS``. ``merges`` are inclusive (row, column, row, column) ranges from 0.
    ``doubtful`` lists cells (row, column, why) whose text may not be what the person typed:
    a code of more than 15 digits stored as a number, an error value, a formula without result.
    """

    source: SourceFile
    name: str
    cells: pl.DataFrame
    merges: tuple[tuple[int, int, int, int], ...] = ()
    hidden: bool = False
    date_1904: bool = False
    first_row: int = 1
    format: str = ""  # xlsx, xls, html, text, json, parquet
    encoding: str = ""
    doubtful: tuple[tuple[int, int, str], ...] = field(default=())
