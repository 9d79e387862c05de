"""JSON: every array of objects becomes a sheet named by its path, whatever it is nested in.

Numbers keep the digits of the text. Which key means what is the layouts' business.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from loaders.guard import Limits, UnreadableError, check_extent
from loaders.readers.frames import from_columns
from loaders.sheet import Sheet, SourceFile
from loaders.sniff import to_utf8

Record = dict[str, str | None]


def read(data: bytes, source: SourceFile, limits: Limits) -> list[Sheet]:
    """One sheet per array of objects, in the order met; row 0 holds the key names, record 1 is row 1.

    Scalars of the objects around an array are carried along into its records, unless a record has its own
    of the same name. A root object without any array is one record.
    """
    text, encoding = to_utf8(data)
    try:
        root = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"JSON 第 {error.lineno} 行第 {error.colno} 列有误，文件可能不完整") from error
    except RecursionError as error:
        raise UnreadableError("JSON 嵌套过深，拒绝读取") from error
    tables: dict[str, list[Record]] = {}
    try:
        _collect(root, "", {}, tables)
    except RecursionError as error:
        raise UnreadableError("JSON 嵌套过深，拒绝读取") from error
    if not tables and isinstance(root, dict) and root:
        tables[""] = [_flatten(root)]
    if not tables:
        raise UnreadableError("JSON 里没有对象数组，读不出记录")
    return [_to_sheet(name, records, source, encoding, limits) for name, records in tables.items()]


def _to_sheet(name: str, records: list[Record], source: SourceFile, encoding: str, limits: Limits) -> Sheet:
    keys = list(dict.fromkeys(key for record in records for key in record))
    check_extent(len(records), len(keys), limits.cells, f"{name} ")
    columns = [[key, *(record.get(key) for record in records)] for key in keys]
    return Sheet(source, name, from_columns(columns), first_row=0, format="json", encoding=encoding)


def _collect(node: Any, path: str, around: Record, tables: dict[str, list[Record]]) -> None:
    """Put every array of objects at or below ``node`` into ``tables``."""
    if isinstance(node, list):
        for item in node:
            if isinstance(item, dict):
                record = _flatten(item)
                carried = {key: value for key, value in around.items() if key not in record}
                tables.setdefault(path, []).append({**record, **carried})
                _collect_members(item, path, {**around, **record}, tables)
    elif isinstance(node, dict):
        _collect_members(node, path, {**around, **_flatten(node)}, tables)


def _collect_members(node: dict[str, Any], path: str, around: Record, tables: dict[str, list[Record]]) -> None:
    for key, value in node.items():
        if isinstance(value, dict | list):
            _collect(value, f"{path}.{key}" if path else key, around, tables)


def _flatten(node: dict[str, Any]) -> Record:
    """The scalars of an object and of the objects in it, by their last name, or by the dotted one if that is taken."""
    record: Record = {}
    for names, value in sorted(_leaves(node, ()), key=lambda leaf: len(leaf[0])):
        name = names[-1] if names[-1] not in record else ".".join(names)
        record[name] = value
    return record


def _leaves(node: dict[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str | None]]:
    for key, value in node.items():
        names = (*above, key)
        if isinstance(value, dict):
            yield from _leaves(value, names)
        elif not isinstance(value, list):
            yield names, _to_text(value)
        elif scalars := [_to_text(item) or "" for item in value if not isinstance(item, dict)]:
            yield names, ",".join(scalars)


def _to_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return json.dumps(value, ensure_ascii=False)
