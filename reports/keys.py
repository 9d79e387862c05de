"""Numbers and keys by which a ledger row is known again: the visible 问题编号 and the hidden 行键.

Both depend on the finding alone, never on row order, file or date. Matching a returned ledger belongs to ``audit``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

from reports.columns import IDENTITY_KEYS

#: The alphabet of GB 32100 (no I, O, S, V, Z), which cannot be misread and has a prime number of letters.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BASE = len(ALPHABET)
_ID_LENGTH = 10  # 31 ** 10: two findings of one rule in one district share a number once in ten million ledgers
_KEY = re.compile(r"^(?P<finding_id>.+):(?P<content>[0-9a-f]{8})$")


def problem_number(district: str, rule_id: str, finding_id: str) -> str:
    """``海淀-G045-7K3QF29XAB4``: district, rule, short finding id, and one check character at the end."""
    number = int(sha256(finding_id.encode()).hexdigest(), 16) % _BASE**_ID_LENGTH
    short = ""
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, _BASE)
        short = ALPHABET[digit] + short
    stem = f"{short_district(district)}-{re.sub(r'[^0-9A-Za-z]', '', rule_id)}-{short}"
    return stem + _check_character(stem)


def is_problem_number(text: str) -> bool:
    """Whether the check character is right: any one wrong character and any swap of neighbours is noticed."""
    stem, check = text[:-1], text[-1:]
    return stem.count("-") >= 2 and check == _check_character(stem)


def short_district(district: str) -> str:
    """At most four characters of the district's name, without 区, 县 or 市 at its end; 未填 for none."""
    name = re.sub(r"\W", "", district)
    return (re.sub(r"(?<=..)[区县市旗]$", "", name) or "未填")[:4]


def content_hash(cells: Mapping[str, object]) -> str:
    """Eight hex digits over the cells that say which problem a row is about; blanks and line breaks do not count."""
    parts = (re.sub(r"\s", "", str(cells.get(key) or "")) for key in IDENTITY_KEYS)
    return sha256("\x1f".join(parts).encode()).hexdigest()[:8]


def row_key(finding_id: str, cells: Mapping[str, object]) -> str:
    """The hidden key of a row: it tells by itself when it no longer stands beside its own cells."""
    return f"{finding_id}:{content_hash(cells)}"


def split_row_key(text: str) -> tuple[str, str] | None:
    """Finding id and content hash of a row key, or None when the text is no row key."""
    match = _KEY.match(text.strip())
    return (match["finding_id"], match["content"]) if match else None


def fingerprint(keys: Iterable[str]) -> str:
    """Twelve hex digits over the sorted row keys: what a ledger holds, whatever the file's bytes become."""
    return sha256("\n".join(sorted(keys)).encode()).hexdigest()[:12]


def _check_character(stem: str) -> str:
    total, weight = 0, 1
    for character in stem:
        value = ALPHABET.find(character)
        total += weight * (value if value >= 0 else ord(character))
        weight = weight * 3 % _BASE  # 3 generates all residues, so neighbouring weights always differ
    return ALPHABET[-total % _BASE]
