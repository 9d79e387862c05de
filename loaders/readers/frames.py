"""Rows, columns and scattered cells to the one shape all readers return: String columns ``c0 … cN``.

Only shapes are made here; where the texts come from and what they mean is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, zip_longest

import polars as pl

BATCH = 50_000


def from_columns(columns: Iterable[pl.Series | Sequence[str | None]]) -> pl.DataFrame:
    """The frame of these columns, named by position; an empty text is kept as it is."""
    return pl.DataFrame([pl.Series(f"c{i}", column, dtype=pl.String) for i, column in enumerate(columns)])


def from_rows(rows: Iterable[Sequence[str | None]]) -> pl.DataFrame:
    """The frame of rows that may differ in length, padded to the widest; built in batches to spare memory."""
    reader = iter(rows)
    batches: list[pl.DataFrame] = []
    while batch := list(islice(reader, BATCH)):
        frame = from_columns(zip_longest(*batch))
        # Blank rows have no columns at all: their number would be lost.
        batches.append(frame if frame.width else pl.DataFrame({"c0": [None] * len(batch)}, {"c0": pl.String}))
    return pl.concat(batches, how="diagonal", rechunk=True) if batches else pl.DataFrame()


def from_cells(cells: Mapping[tuple[int, int], str], height: int) -> pl.DataFrame:
    """The frame of ``height`` rows in which only these cells are filled."""
    width = max((column for _, column in cells), default=-1) + 1
    columns: list[list[str | None]] = [[None] * height for _ in range(width)]
    for (row, column), text in cells.items():
        columns[column][row] = text
    return from_columns(columns)


def blank_to_null(frame: pl.DataFrame) -> pl.DataFrame:
    """Empty texts as missing cells, for formats that cannot tell one from the other."""
    if not frame.width:
        return frame
    return frame.select(pl.when(pl.all().str.len_bytes() > 0).then(pl.all()))


def trim_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the wholly missing columns at the right end; at least one column stays."""
    filled = [i for i, column in enumerate(frame.iter_columns()) if column.null_count() < frame.height]
    return frame[:, : max(filled, default=0) + 1]


def put(frame: pl.DataFrame, texts: Iterable[tuple[int, int, str]]) -> pl.DataFrame:
    """The frame with these (row, column, text) cells replaced, grown where they lie outside of it."""
    wanted: dict[int, dict[int, str]] = {}
    for row, column, text in texts:
        wanted.setdefault(column, {})[row] = text
    if not wanted:
        return frame
    height = max(frame.height, *(max(cells) + 1 for cells in wanted.values()))
    columns = [column.extend_constant(None, height - frame.height) for column in frame.iter_columns()]
    columns += [pl.Series([None] * height, dtype=pl.String)] * (max(wanted) + 1 - frame.width)
    for i, cells in wanted.items():
        columns[i] = columns[i].scatter(list(cells), list(cells.values()))
    return from_columns(columns)
