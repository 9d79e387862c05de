"""Parquet: typed columns back to the text a person would read, all inside polars.

A million rows never become Python objects here.
"""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from loaders.guard import Limits, UnreadableError, check_extent
from loaders.sheet import Sheet, SourceFile


def read(data: bytes, source: SourceFile, limits: Limits) -> list[Sheet]:
    """One sheet without name: row 0 holds the column names, record 1 is row 1."""
    try:
        schema = pl.read_parquet_schema(io.BytesIO(data))
        rows = pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item()
        # Told by the footer: a few kilobytes of runs can claim a billion rows.
        check_extent(rows, len(schema), limits.table_cells)
        frame = pl.read_parquet(io.BytesIO(data))
        texts = frame.select(_to_text(name, kind) for name, kind in frame.schema.items())
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise UnreadableError("parquet 不完整或已损坏，请重新取得") from error
    names = {name: f"c{i}" for i, name in enumerate(texts.columns)}
    header = pl.DataFrame({short: [name] for name, short in names.items()}, dict.fromkeys(names.values(), pl.String))
    return [Sheet(source, "", pl.concat([header, texts.rename(names)]), first_row=0, format="parquet")]


def _to_text(name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if kind.is_float():
        return column.cast(pl.String).str.replace(r"\.0$", "")
    if kind == pl.Boolean:
        return pl.when(column).then(pl.lit("TRUE")).when(~column).then(pl.lit("FALSE")).alias(name)
    if isinstance(kind, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S").str.replace(" 00:00:00$", "")
    if isinstance(kind, pl.List):
        return column.list.eval(_to_text("", kind.inner)).list.join(",")
    if isinstance(kind, pl.Struct):
        return column.struct.json_encode()
    return column.cast(pl.String)
