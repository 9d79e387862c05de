"""Text brought to one writing: widths, blanks, invisible characters, and the texts that mean nothing.

Expressions only; what a text means as a number or a date is the work of :mod:`loaders.cast`. The raw
cell is kept elsewhere, so nothing is lost here.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import polars as pl
import yaml

from checks.tables import Field

#: Full-width forms that Chinese text uses on purpose; all other ASCII look-alikes become half width.
_KEPT = "，；：？！（）"
_WIDE = [chr(code) for code in range(0xFF01, 0xFF5F) if chr(code) not in _KEPT]
_NARROW = [chr(ord(text) - 0xFEE0) for text in _WIDE]
_WIDE_SERIES, _NARROW_SERIES = pl.Series(_WIDE).implode(), pl.Series(_NARROW).implode()

_BLANKS = r"[\s\u{00a0}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}]+"
_INVISIBLE = r"[\u{00ad}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2060}\u{feff}\u{fffe}\u{0000}-\u{0008}\u{000e}-\u{001f}]"


def clean(text: pl.Expr) -> pl.Expr:
    """Trimmed text with half-width letters, digits and signs and single blanks; Chinese punctuation stays."""
    return (
        text.str.replace_all(_INVISIBLE, "")
        .str.replace_all(_BLANKS, " ")
        .str.replace_many(_WIDE, _NARROW)
        .str.strip_chars()
    )


def narrow(text: pl.Expr) -> pl.Expr:
    """Cleaned text in half width throughout, for numbers, dates and codes: （８） becomes (8)."""
    return clean(text).str.replace_all("[″＂”“]", '"').str.replace_all("[′’‘]", "'").str.normalize("NFKC")


def wide_brackets(text: pl.Expr) -> pl.Expr:
    """Chinese brackets throughout, as official names are written."""
    return text.str.replace_all(r" ?\( ?", "（").str.replace_all(r" ?\) ?", "）")


@lru_cache(maxsize=1)
def _nothing() -> dict[str, Any]:
    return dict(yaml.safe_load(files("loaders").joinpath("empty_values.yaml").read_text(encoding="utf-8")))


def empty_texts(field: Field) -> list[str]:
    """The texts, in lower case, that mean "nothing" in this field."""
    data = _nothing()
    if field.empty is not None:
        texts = list(field.empty)
    else:
        texts = [*data["common"], *data["kinds"].get(field.kind.value, data["kinds"]["other"])]
    texts += data["fields"].get(field.name, [])
    return sorted({str(text).strip().lower() for text in texts} | {""})


def is_empty(cleaned: pl.Expr, field: Field) -> pl.Expr:
    """Whether a cleaned text means "nothing" in this field; null counts as nothing."""
    return cleaned.is_null() | cleaned.str.to_lowercase().is_in(empty_texts(field))


def not_detected() -> list[str]:
    """The texts, in lower case, that mean "below the detection limit"."""
    return [str(text).lower() for text in _nothing()["not_detected"]]
