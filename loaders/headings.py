"""Headings brought to one form, so that wrapping, widths, note marks, brackets and units do not matter.

A :class:`Key` is the comparable form of one heading. Which heading belongs to which field is decided
in :mod:`loaders.layout_match`; the wordings themselves are data (``headings.yaml`` and ``checks.tables``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

_INVISIBLE = re.compile(r"[\s\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]+")
_CIRCLED = re.compile(r"[①-⑳⑴-⒇❶-❿]|\[(?:注|备注)?\d{1,2}\]")
_BRACKETS = str.maketrans("［【〔〖{｛］】〕〗}｝﹙﹚", "[[[[[[]]]]]]()")
_NUMBER_MARK = re.compile(r"\((?:注|备注)?\d{1,2}\)|^注\d*[:.]?|^\d{1,2}[.、](?=\D)")
_BRACKETED = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)?)\)")
_TAIL_UNIT = re.compile(r"[,，]([a-z0-9%/().·^°*]+)$")
_ASCII_UNIT = re.compile(r"^[a-z0-9%‰/·.,、^°μ'()\-]+$")


@lru_cache(maxsize=1)
def wordings() -> dict[str, Any]:
    """The data of ``headings.yaml``."""
    data = yaml.safe_load(files("loaders").joinpath("headings.yaml").read_text(encoding="utf-8"))
    return dict(data)


@dataclass(frozen=True)
class Key:
    """A heading in comparable form: the whole name, the name without unit, and the unit."""

    name: str  # with unit, e.g. 排气筒高度(m)
    bare: str  # 排气筒高度
    unit: str  # m; empty when the heading names none


def squeeze(text: str) -> str:
    """``text`` in half width and lower case, without blanks, line breaks and note marks."""
    text = _CIRCLED.sub("", text.translate(_BRACKETS))
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).lower()
    text = text.translate(_BRACKETS).replace("[", "(").replace("]", ")").strip("*:：#")
    stripped = _NUMBER_MARK.sub("", text)
    return stripped or text  # a heading that is nothing but digits stays what it is


def _is_unit(text: str) -> bool:
    if not text or text.isdigit():
        return False
    if _ASCII_UNIT.match(text):
        return True
    for word in wordings()["unit_words"]:
        text = text.replace(word, "")
    return not text or bool(_ASCII_UNIT.match(text))


def _one_unit(text: str) -> str:
    text = text.replace("·", ".").replace("*", "")
    return str(wordings()["unit_synonyms"].get(text, text))


@lru_cache(maxsize=8192)
def heading_key(text: str) -> Key:
    """The comparable form of a printed heading or of a path ``group/heading``."""
    name = squeeze(text)
    for old, new in wordings()["synonyms"].items():
        name = name.replace(old, new)
    for mark in wordings()["marks"]:
        name = name.replace(f"({mark})", "")
    unit = ""
    bare = name
    for match in _BRACKETED.finditer(name):
        if _is_unit(match.group(1)):
            unit = _one_unit(match.group(1))
            bare = bare.replace(match.group(0), "")
    tail = _TAIL_UNIT.search(bare)
    if tail and not unit:
        unit, bare = _one_unit(tail.group(1)), bare[: tail.start()]
    return Key(name, bare, unit)


def leaf(text: str) -> str:
    """What stands below the group of a path: ``名称`` of ``受纳自然水体信息/名称``."""
    outside = _BRACKETED.sub(lambda match: match.group(0).replace("/", "\0"), text)
    return outside.rsplit("/", 1)[-1].replace("\0", "/")
