"""One name per pollutant: aliases of ``checks/reference/pollutants.csv`` brought to the canonical name.

Wrong names (column ``misnomers``) are left as written, so that a rule can point at them. An alias that
means different things in waste gas and waste water (汞) needs the medium.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

import polars as pl

_ADDENDUM = re.compile(r"^(.*[^(])\(([^()]+)\)$")
_CHINESE = re.compile("[一-龥]")
_HARMLESS = re.compile(r"^(以.+计|无量纲|稀释倍数|[a-z0-9+/\-]+)$")


def name_key(text: str) -> str:
    """A pollutant's name in comparable form: half width, lower case, no blanks."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"[\s\u200b-\u200f\u2060\ufeff]+", "", text)
    return text.replace("[", "(").replace("]", ")").replace("α", "a").replace("【", "(").replace("】", ")")


@lru_cache(maxsize=1)
def aliases() -> dict[str, dict[str, str]]:
    """Medium (air, water, noise) to comparable name to canonical name."""
    found: dict[str, dict[str, str]] = {"air": {}, "water": {}, "noise": {}}
    text = files("checks.reference").joinpath("pollutants.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    for row in rows:
        found[row["medium"]][name_key(row["canonical_name"])] = row["canonical_name"]
    for row in rows:
        for alias in filter(None, row["aliases"].split(";")):
            found[row["medium"]].setdefault(name_key(alias), row["canonical_name"])
    return found


@lru_cache(maxsize=16384)
def canonical_name(text: str, medium: str) -> str:
    """The canonical name, or the tidied text of a pollutant that the list does not know."""
    key = name_key(text)
    for name in (_known(key, medium), _known_with_addendum(key, medium)):
        if name:
            return name
    if not _CHINESE.search(text):
        return text
    return re.sub(r"\s+", "", text).replace("(", "（").replace(")", "）")


def _known(key: str, medium: str) -> str:
    names = aliases()
    if key in names.get(medium, {}):
        return names[medium][key]
    meanings = {known[key] for known in names.values() if key in known}
    return meanings.pop() if len(meanings) == 1 else ""


def _known_with_addendum(key: str, medium: str) -> str:
    """悬浮物（SS）, 总磷（以P计）: the name before the bracket, if the bracket says the same or nothing."""
    parts = _ADDENDUM.match(key)
    if not parts:
        return ""
    name, meant = _known(parts.group(1), medium), _known(parts.group(2), medium)
    same = meant == name if meant else bool(_HARMLESS.match(parts.group(2)))
    return name if same else ""


def canonical_names(texts: pl.Series, media: pl.Series) -> pl.Series:
    """Canonical names of cleaned texts; each distinct pair of text and medium is looked up once."""
    pairs = pl.DataFrame({"text": texts, "medium": media})
    distinct = pairs.unique(maintain_order=True)
    names = [None if text is None else canonical_name(text, medium or "") for text, medium in distinct.rows()]
    looked_up = distinct.with_columns(pl.Series("name", names, dtype=pl.String))
    return pairs.join(looked_up, on=["text", "medium"], how="left", nulls_equal=True, maintain_order="left")["name"]


def medium_of(text: str) -> str:
    """air, water, noise or empty, from a word such as 废气, WATER, 厂界, 无组织."""
    word = text.upper()
    if word in ("AIR", "废气") or any(part in text for part in ("废气", "无组织", "大气", "有组织", "环境空气")):
        return "air"
    if word == "WATER" or any(part in text for part in ("水", "排水")):
        return "water"
    if word == "NOISE" or "噪声" in text:
        return "noise"
    return ""
