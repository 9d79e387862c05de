"""Text to typed columns: every failure is kept as a row and leaves a null, never an exception.

Frames in, frames out. How each kind of value is read is in :mod:`loaders.cast_values`, which texts
mean "nothing" in ``empty_values.yaml``. Each distinct text of a column is read once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from checks.tables import Field, Kind, Table
from loaders import cast_values as values
from loaders.headings import heading_key, wordings
from loaders.normalise import clean, empty_texts, is_empty, narrow, not_detected, wide_brackets
from loaders.pollutant_names import canonical_names, medium_of

_DTYPES: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "DOUBLE": pl.Float64(),
    "BIGINT": pl.Int64(),
    "DATE": pl.Date(),
    "BOOLEAN": pl.Boolean(),
    "VARCHAR[]": pl.List(pl.String()),
}

_EXPECTED = {
    Kind.NUMBER: "数字",
    Kind.INTEGER: "整数",
    Kind.DATE: "日期（如 2026-01-31）",
    Kind.PERIOD: "起止日期（如 2026-01-01至2030-12-31）",
    Kind.COORDINATE: "经纬度（如 117.142341 或 117度8分32.43秒）",
    Kind.FLAG: "是 或 否",
    Kind.QUANTITY: "数值、范围或带单位的数值（如 5mg/Nm3、6~9、1级）",
}

#: Codes in which a blank is never meant.
_CODES = ("permit_no", "credit_code", "org_code", "previous_permit_no")
#: Names that are compared between sources, which write the brackets in either width.
_OFFICIAL_NAMES = ("unit_name",)
#: Who a row is about, the surest first.
_IDENTITY = ("permit_no", "credit_code", "unit_code", "unit_name")

_FAILURE_SCHEMA = {"source_row": pl.Int32, "field": pl.String, "text": pl.String, "expected": pl.String}


@dataclass(frozen=True)
class Cast:
    """Typed rows (all columns of the table, ``source_row``, ``subject``) and what could not be read."""

    frame: pl.DataFrame
    failures: pl.DataFrame  # source_row, field, text, expected


def cast(
    table: Table,
    frame: pl.DataFrame,
    *,
    date_1904: bool = False,
    separators: Mapping[str, tuple[str, ...]] | None = None,
) -> Cast:
    """Typed columns of raw text columns named by field; rows keep their order.

    ``separators`` names, by field, what besides the ASCII comma separates the items of a list.
    """
    present = [field for field in table.fields if field.name in frame.columns]
    plans = [_plan(field, frame[field.name], date_1904, (separators or {}).get(field.name, ())) for field in present]
    pieces = dict(zip([field.name for field in present], pl.collect_all(plans), strict=True))
    columns: dict[str, pl.Series] = {"source_row": frame["source_row"]}
    failures = [pl.DataFrame(schema=_FAILURE_SCHEMA)]
    for field in table.fields:
        read = pieces.get(field.name)
        if read is not None and field.kind is Kind.POLLUTANT:
            names = canonical_names(read[f"{field.name}_text"], _media(table, frame))
            read = read.with_columns(names.alias(field.name))
        for column in field.columns:
            dtype = _DTYPES[column.dtype]
            nothing = pl.Series(column.name, [None], dtype).new_from_index(0, frame.height)
            columns[column.name] = nothing if read is None else read[column.name].cast(dtype)
        if read is not None and "failed" in read.columns and read["failed"].any():
            failures.append(_failures(field, frame, read["failed"]))
    typed = pl.DataFrame(columns)
    return Cast(typed.with_columns(_subject(typed)), pl.concat(failures).sort("source_row", maintain_order=True))


def _failures(field: Field, frame: pl.DataFrame, failed: pl.Series) -> pl.DataFrame:
    return frame.filter(failed).select(
        pl.col("source_row").cast(pl.Int32),
        pl.lit(field.name).alias("field"),
        pl.col(field.name).alias("text"),
        pl.lit(_EXPECTED[field.kind]).alias("expected"),
    )


def _subject(typed: pl.DataFrame) -> pl.Expr:
    known = [pl.col(name) for name in _IDENTITY if name in typed.columns]
    if not known:
        return pl.lit(None, pl.String).alias("subject")
    return pl.coalesce(known).str.replace_all(" ", "").str.to_uppercase().alias("subject")


def _media(table: Table, frame: pl.DataFrame) -> pl.Series:
    """air, water, noise or empty for each row, from the row itself or from the part of the permit."""
    for name in ("medium", "source_kind"):
        if name in table.by_name and name in frame.columns:
            words = frame[name].unique()
            known = {word: medium_of(word.strip()) for word in words.to_list() if word}
            return frame[name].replace_strict(known, default="", return_dtype=pl.String).alias("medium")
    if "medium" in table.by_name:
        return pl.Series("medium", [""]).new_from_index(0, frame.height)
    part = table.part if table.part in ("air", "water", "noise") else ""
    return pl.Series("medium", [part]).new_from_index(0, frame.height)


def _plan(field: Field, raw: pl.Series, date_1904: bool, separators: tuple[str, ...]) -> pl.LazyFrame:
    """The pieces of one field, and ``failed``, for every row; each distinct text is read once."""
    rows = pl.DataFrame({"raw": raw}).lazy()
    pieces = rows.unique().with_columns(cleaned=clean(pl.col("raw")), text=narrow(pl.col("raw")))
    pieces = pieces.with_columns(nothing=is_empty(pl.col("cleaned"), field) | is_empty(pl.col("text"), field))
    pieces = _typed_pieces(field, pieces, date_1904, separators)
    return rows.join(pieces, on="raw", how="left", nulls_equal=True, maintain_order="left")


def _typed_pieces(field: Field, pieces: pl.LazyFrame, date_1904: bool, separators: tuple[str, ...]) -> pl.LazyFrame:
    name, text = field.name, pl.col("text")
    filled = pl.when(~pl.col("nothing"))
    if field.kind is Kind.TEXT:
        return pieces.with_columns(filled.then(_plain_text(field)).alias(name))
    if field.kind is Kind.POLLUTANT:
        return pieces.with_columns(filled.then(pl.col("cleaned")).alias(f"{name}_text"))
    if field.kind is Kind.LIST:
        items = values.to_items(pl.col("raw"), separators, empty_texts(field))
        return pieces.with_columns(filled.then(items).alias(name))
    if field.kind is Kind.PERIOD:
        start, end, is_period = values.to_period(text)
        return _settle(pieces, {f"{name}_from": start, f"{name}_to": end}, is_period)
    if field.kind is Kind.QUANTITY:
        pieces = _without_unit_only(pieces, field)
        value, low, unit, is_quantity = values.to_quantity(text)
        read = {name: value, f"{name}_min": low, f"{name}_unit": unit}
        return _settle(pieces, read, is_quantity, keep={f"{name}_text": pl.col("cleaned")})
    if field.kind is Kind.NUMBER:
        pieces = _without_unit_only(pieces, field)
        undetected = text.str.to_lowercase().is_in(not_detected())
        pieces = pieces.with_columns(nothing=pl.col("nothing") | undetected)
        text = values.tidy_number(text).str.replace(f"(?i) ?{_own_unit(field)}$", "")
    value = _single_value(field.kind, text, date_1904)
    return _settle(pieces, {name: value}, value.is_not_null())


def _single_value(kind: Kind, text: pl.Expr, date_1904: bool) -> pl.Expr:
    if kind is Kind.DATE:
        return values.to_date(text, date_1904)
    reading = {
        Kind.NUMBER: values.to_float,
        Kind.INTEGER: values.to_integer,
        Kind.COORDINATE: values.to_degrees,
        Kind.FLAG: values.to_flag,
    }
    return reading[kind](text)


def _settle(
    pieces: pl.LazyFrame, read: dict[str, pl.Expr], is_read: pl.Expr, keep: dict[str, pl.Expr] | None = None
) -> pl.LazyFrame:
    """Null where the text means nothing or could not be read; ``failed`` marks the latter.

    ``keep`` holds pieces that stay even where no value could be read: the text as written.
    """
    undetected = pl.col("text").str.to_lowercase().is_in(not_detected()) if keep else pl.lit(False)
    filled = pl.when(~pl.col("nothing"))
    return pieces.with_columns(
        failed=~pl.col("nothing") & ~undetected & ~is_read.fill_null(False),
        **{column: filled.then(expression) for column, expression in read.items()},
        **{column: filled.then(expression) for column, expression in (keep or {}).items()},
    )


def _plain_text(field: Field) -> pl.Expr:
    text = pl.col("cleaned")
    if field.name in _CODES:
        return pl.col("cleaned").str.replace_all(" ", "")
    return wide_brackets(text) if field.name in _OFFICIAL_NAMES else text


def _own_unit(field: Field) -> str:
    """A pattern of the unit that the field's own heading names; nothing else may follow a number."""
    unit = heading_key(field.heading).unit
    if not unit:
        return "(?:)"
    spellings = {unit, *(old for old, new in wordings()["unit_synonyms"].items() if new == unit)}
    return "(?:" + "|".join(re.escape(text) for text in sorted(spellings, key=len, reverse=True)) + ")"


def _without_unit_only(pieces: pl.LazyFrame, field: Field) -> pl.LazyFrame:
    """A cell that prints a unit without a value says nothing: mg/Nm3, /mg/Nm3, kg/h."""
    if not heading_key(field.heading).unit:
        return pieces
    return pieces.with_columns(nothing=pl.col("nothing") | pl.col("text").str.contains(f"(?i)^/?{_own_unit(field)}$"))
