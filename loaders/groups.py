"""Group rows inside a table: 主要排放口 names the rows below it, 主要排放口合计 sums them up.

Marks the rows; what becomes of them is decided in :mod:`loaders.extract`. Which texts are groups is
data of the layout.
"""

from __future__ import annotations

import polars as pl

from loaders.layout_model import Bands, Totals
from loaders.match_model import Match

BAND_ROW = "__band_row"  # whether the row only names a group
SCOPE = "__scope"  # what a total row sums up; null for all other rows
_OWNER = "__owner"
_LABEL = "__label"

#: (1)主要排放口, 一、主要排放口：
_NUMBERING = r"^[（(]?[0-9一二三四五六七八九十]{1,2}[）)、.．]\s*|[:：\s]+$"
_PLACES = ("permit_no", "unit_name", "sequence", "outlet_code", "outlet_name", "place_code", "situation")
_ASIDE = ("permit_no", "unit_name", "sequence")


def mark_groups(rows: pl.DataFrame, match: Match) -> pl.DataFrame:
    """``rows`` with ``BAND_ROW``, ``SCOPE`` and the field of the bands filled."""
    layout = match.layout
    rows = rows.with_columns(pl.lit(False).alias(BAND_ROW), pl.lit(None, pl.String).alias(SCOPE))
    if layout.totals:
        rows = _mark_totals(rows, layout.totals, match)
    if layout.bands:
        rows = _mark_bands(rows, layout.bands, match)
    return rows


def _columns(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if name[0] == "c" and name[1:].isdigit()]


def _tidy(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars().str.replace_all(_NUMBERING, "")


def _is_blank(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return text.is_null() | text.is_in(["", "/", "-"])


def _label(rows: pl.DataFrame, match: Match, pattern: str) -> pl.Expr:
    """The group's name, wherever the export prints it: in the outlet's, the number's or the first column."""
    places = [name for column, name in enumerate(_columns(rows)) if match.mapping.get(column, "sequence") in _PLACES]
    return pl.coalesce([pl.when(_tidy(name).str.contains(pattern)).then(_tidy(name)) for name in places])


def _owner(rows: pl.DataFrame) -> pl.Expr:
    """The permit of a row; a band printed over the whole width belongs to the permit of the row below."""
    if "permit_no" not in rows.columns:
        return pl.lit("")
    own = ~_is_blank("permit_no") & _tidy("permit_no").ne_missing(pl.col(_LABEL))
    return pl.when(own).then(pl.col("permit_no").str.strip_chars()).backward_fill().fill_null("")


def _mark_totals(rows: pl.DataFrame, totals: Totals, match: Match) -> pl.DataFrame:
    rows = rows.with_columns(_label(rows, match, totals.pattern.pattern).alias(_LABEL))
    rows = rows.with_columns(_owner(rows).alias(_OWNER))
    if "pollutant" not in rows.columns:
        rows = rows.with_columns(pl.lit(None, pl.String).alias("pollutant"))
    outlets = [name for name in ("outlet_name", "outlet_code", "place_code") if name in rows.columns]
    named = pl.col(_LABEL).is_not_null()
    # A label merged downwards stands in its first row only: rows with nothing but a pollutant follow it.
    codes = [_is_blank(name) for name in outlets if name != "outlet_name"]
    has_name = ~_is_blank("outlet_name") if "outlet_name" in outlets else pl.lit(False)
    follows = ~named & pl.all_horizontal(codes) & has_name.xor(~_is_blank("pollutant"))
    state = pl.when(named).then(_LABEL).when(~follows).then(pl.lit(""))
    carried = state.forward_fill().over(_OWNER)
    scope = pl.when(named | follows).then(pl.when(carried != "").then(carried)).replace(dict(totals.replace))
    rows = rows.with_columns(scope.alias(SCOPE))
    # On the detail page the pollutant of a total is merged over the columns before it as well.
    beside = [pl.when(~_is_blank(name) & _tidy(name).ne_missing(pl.col(_LABEL))).then(name) for name in outlets]
    pollutant = pl.coalesce(pl.when(~_is_blank("pollutant")).then("pollutant"), *beside)
    return rows.with_columns(pl.when(pl.col(SCOPE).is_null()).then("pollutant").otherwise(pollutant).alias("pollutant"))


def _mark_bands(rows: pl.DataFrame, bands: Bands, match: Match) -> pl.DataFrame:
    rows = rows.with_columns(_label(rows, match, bands.pattern.pattern).alias(_LABEL))
    inner = [name for column, name in enumerate(_columns(rows)) if match.mapping.get(column) not in _ASIDE]
    alone = pl.all_horizontal(_is_blank(name) | (_tidy(name) == pl.col(_LABEL)) for name in inner)
    is_band = pl.col(_LABEL).is_not_null() & alone & pl.col(SCOPE).is_null()
    rows = rows.with_columns(is_band.alias(BAND_ROW), _owner(rows).alias(_OWNER))
    band = pl.when(BAND_ROW).then(_LABEL).forward_fill().over(_OWNER)
    rows = rows.with_columns(band.alias("__band"))
    own = pl.when(~_is_blank(bands.field)).then(bands.field) if bands.field in rows.columns else pl.lit(None, pl.String)
    if not bands.as_prefix:
        return rows.with_columns(pl.coalesce(own, "__band").alias(bands.field))
    own = own.forward_fill().over(_OWNER, "__band")
    joined = pl.concat_str("__band", own, separator="/")
    return rows.with_columns(pl.coalesce(joined, own, "__band").alias(bands.field))
