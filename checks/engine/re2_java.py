"""Regular expressions of RE2 (DuckDB) as those of Java (Spark) that find the same.

Same letters, other meaning: ``$`` before a last line break, ``\\s``, ``\\b``, a bracket inside a
class, and more. What has no equal raises :class:`PatternError`.
"""

from __future__ import annotations

import re

_SPACE = r" \t\n\f\r"
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_POSIX_NAMES = {
    "alnum": "Alnum",
    "alpha": "Alpha",
    "ascii": "ASCII",
    "blank": "Blank",
    "cntrl": "Cntrl",
    "digit": "Digit",
    "graph": "Graph",
    "lower": "Lower",
    "print": "Print",
    "punct": "Punct",
    "upper": "Upper",
    "xdigit": "XDigit",
}
_QUANTIFIER = re.compile(r"\{[0-9]+(,[0-9]*)?\}")
_FLAGS = re.compile(r"\(\?([a-zA-Z-]+)([:)])")
_EDGE = r"(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))"
_NO_EDGE = r"(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))"


class PatternError(Exception):
    """A pattern that Java cannot be made to understand alike."""


def java_pattern(pattern: str, options: str = "") -> str:
    """The pattern for ``java.util.regex``; ``options`` are DuckDB's (i, s, c, g)."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            piece, at = _escape(pattern, at, in_class=False)
        elif letter == "[":
            piece, at = _class(pattern, at)
        elif letter == "$":
            piece, at = r"\z", at + 1
        elif letter == "{" and not _QUANTIFIER.match(pattern, at):
            piece, at = r"\{", at + 1
        elif letter == "(" and pattern.startswith("(?", at):
            piece, at = _group(pattern, at)
        else:
            piece, at = letter, at + 1
        parts.append(piece)
    flags = "d" + ("iu" if "i" in options else "") + ("s" if "s" in options else "")
    return f"(?{flags}){''.join(parts)}"


def java_replacement(text: str, shift: int) -> str:
    """A replacement: ``\\1`` is ``$1`` in Java, groups counted ``shift`` further; ``\\0`` is the whole match."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "\\" and text[at + 1 : at + 2].isdigit():
            parts.append(f"${int(text[at + 1]) + shift}")
            at += 2
            continue
        if letter == "\\" and text[at + 1 : at + 2] != "\\":
            raise PatternError(f"替换文字 {text!r} 里的反斜杠后面只能是数字或反斜杠")
        if letter == "\\":
            at += 1
        is_after_group = bool(parts) and parts[-1].startswith("$") and letter.isdigit()
        parts.append("\\" + letter if letter in "\\$" or is_after_group else letter)
        at += 1
    return "".join(parts)


def _escape(pattern: str, at: int, *, in_class: bool) -> tuple[str, int]:
    letter = pattern[at + 1 : at + 2]
    if letter == "Q":
        end = pattern.find(r"\E", at)
        end = len(pattern) if end < 0 else end
        return re.escape(pattern[at + 2 : end]), min(end + 2, len(pattern))
    if letter == "s":
        return (_SPACE if in_class else f"[{_SPACE}]"), at + 2
    if letter == "S":
        return f"[^{_SPACE}]", at + 2  # inside a class a union, as in RE2
    if letter == "v":
        return r"\x0B", at + 2
    if letter in ("b", "B") and not in_class:
        return (_EDGE if letter == "b" else _NO_EDGE), at + 2
    if letter in ("p", "P", "C") or letter.isdigit():
        raise PatternError(f"正则里的 \\{letter} 不可移植")
    return pattern[at : at + 2], at + 2


def _class(pattern: str, at: int) -> tuple[str, int]:
    parts = ["["]
    at += 1
    if pattern.startswith("^", at):
        parts.append("^")
        at += 1
    is_first = True
    while at < len(pattern):
        letter = pattern[at]
        posix = _POSIX.match(pattern, at)
        if letter == "]" and not is_first:
            return "".join([*parts, "]"]), at + 1
        if posix:
            if posix[2] not in _POSIX_NAMES:
                raise PatternError(f"正则里的 {posix[0]} 不可移植")
            parts.append(f"\\{'P' if posix[1] else 'p'}{{{_POSIX_NAMES[posix[2]]}}}")
            at = posix.end()
        elif letter == "\\":
            piece, at = _escape(pattern, at, in_class=True)
            parts.append(piece)
        else:
            parts.append("\\" + letter if letter in "[]&^" else letter)
            at += 1
        is_first = False
    raise PatternError(f"正则 {pattern!r} 缺少 ]")


def _group(pattern: str, at: int) -> tuple[str, int]:
    if pattern.startswith("(?P<", at):
        return "(?<", at + 4
    flags = _FLAGS.match(pattern, at)
    if flags is None:
        return pattern[at : at + 2], at + 2
    if set(flags[1]) - set("is-"):
        raise PatternError(f"正则里的 (?{flags[1]}) 不可移植")
    return f"(?{flags[1].replace('i', 'iu')}{flags[2]}", flags.end()
