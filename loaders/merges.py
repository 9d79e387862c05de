"""Merged cells: the text of a cell merged downwards stands for all rows that it covers.

Where a format keeps the merges they are resolved exactly; where it loses them (text files), blanks
below a text are filled only in the columns that the layout names.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def fill_merged(cells: pl.DataFrame, merges: Sequence[tuple[int, int, int, int]], start: int) -> pl.DataFrame:
    """``cells`` with the text of every downward merge below row ``start`` in all rows of the merge."""
    downward = [
        (column, first, row)
        for first, column, last, _ in merges
        if last > first >= start and column < cells.width
        for row in range(first + 1, min(last, cells.height - 1) + 1)
    ]
    if not downward:
        return cells
    anchors = pl.DataFrame(downward, schema={"column": pl.Int64, "first": pl.UInt32, "row": pl.UInt32}, orient="row")
    filled = []
    for (column,), group in anchors.group_by("column", maintain_order=True):
        series = cells.get_columns()[int(str(column))]
        filled.append(series.scatter(group["row"], series.gather(group["first"])))
    return cells.with_columns(filled)


def fill_blanks(rows: pl.DataFrame, names: Sequence[str], *, merges_known: bool) -> pl.DataFrame:
    """Blanks below a text filled in the columns ``names``, within one permit.

    A column is filled only as long as the columns named before it keep their value, so that the
    content of one outlet never reaches the next. Exact merges leave nothing to guess.
    """
    names = [name for name in names if name in rows.columns]
    if merges_known or not names:
        return rows
    within: list[str] = [name for name in ("permit_no", "unit_name") if name in rows.columns and name not in names]
    for name in names:
        text = pl.col(name)
        known = pl.when(text.str.strip_chars() != "").then(text).forward_fill()
        filled = known.over(pl.struct(within).rle_id()) if within else known
        rows = rows.with_columns(filled.alias(name))
        within.append(name)
    return rows
