"""Sheets for tests from rows as a person writes them; None is a missing cell."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from loaders.sheet import Sheet, SourceFile


def sheet_of(
    rows: Sequence[Sequence[str | None]],
    *,
    file: str = "导出.csv",
    name: str = "",
    merges: Sequence[tuple[int, int, int, int]] = (),
    first_row: int = 1,
) -> Sheet:
    """A sheet of text cells; short rows are filled up with missing cells."""
    width = max(len(row) for row in rows)
    columns = {
        f"c{column}": pl.Series([row[column] if column < len(row) else None for row in rows], dtype=pl.String)
        for column in range(width)
    }
    return Sheet(SourceFile(file, "", 0), name, pl.DataFrame(columns), tuple(merges), first_row=first_row)
