"""Layouts read from YAML: the built-in ones and those that a user keeps in the workspace.

Every mistake in a file is a UserError that names file, layout and key. What a layout means is told
in :mod:`loaders.layout_model`; nothing here looks at a sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from checks.errors import UserError, nearest
from checks.tables import TABLES
from loaders.layout_model import Bands, Catalogue, Layout, Totals

_KEYS = frozenset(
    """name title table names headings joined columns require ignore when named form constants fill_down bands totals
    split separators replace""".split()  # noqa: SIM905 (reads better than twenty quoted words)
)


def load_layouts(extra: Sequence[Path] = ()) -> Catalogue:
    """The built-in layouts and those of ``extra`` YAML files; a layout of the same name replaces the built-in one."""
    layouts = {layout.name: layout for layout in _built_in()}
    for path in extra:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"版式文件读不了：{path}（{error}）。应是 UTF-8 的 YAML 文件") from error
        layouts.update((layout.name, layout) for layout in read_layouts(text, str(path)))
    return Catalogue(tuple(layouts.values()))


@lru_cache(maxsize=1)
def _built_in() -> tuple[Layout, ...]:
    found: list[Layout] = []
    for item in sorted(files("loaders.layouts").iterdir(), key=lambda item: item.name):
        if item.name.endswith(".yaml"):
            found += read_layouts(item.read_text(encoding="utf-8"), f"loaders/layouts/{item.name}")
    return tuple(found)


def read_layouts(text: str, origin: str) -> list[Layout]:
    """The layouts of one YAML text; UserError naming ``origin`` and the wrong key."""
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (a safe loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行" if mark else "文件"
        raise UserError(
            f"版式文件有误：{origin}，{where}不是正确的 YAML（{getattr(error, 'problem', error)}）"
        ) from error
    entries = data if isinstance(data, list) else [data]
    found: list[Layout] = []
    for number, entry in enumerate(entries, start=1):
        layout = _read_entry(_Entry(entry, origin, number))
        if any(layout.name == other.name for other in found):
            raise UserError(f"版式文件有误：{origin}：版式名 {layout.name} 出现两次，名称不能重复")
        found.append(layout)
    return found


class _Entry:
    """One YAML entry; every access checks the kind of the value and says which key is wrong."""

    def __init__(self, entry: Any, origin: str, number: int) -> None:
        self.origin = origin
        self.label = f"第 {number} 个版式"
        if not isinstance(entry, dict):
            raise self.error("", "应是键值对（name、title、table …）", entry)
        self.data: dict[str, Any] = entry
        if isinstance(entry.get("name"), str):
            self.label = f"版式 {entry['name']}"

    def error(self, key: str, expected: str, found: Any) -> UserError:
        where = f"{self.origin}，{self.label}" + (f"，键 {key}" if key else "")
        return UserError(f"版式文件有误：{where}：{expected}，实为 {found!r}。请改正后重试")

    def unknown(self, key: str, what: str, found: str, known: Iterable[str]) -> UserError:
        hint = "、".join(nearest(found, list(known)))
        return self.error(key, what + (f"（相近的有 {hint}）" if hint else ""), found)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.error(key, "应是文字且不能缺", value)
        return value

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, "应是 true 或 false", value)
        return value

    def texts(self, key: str, value: Any) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in items):
            raise self.error(key, "应是文字或文字的列表", value)
        return tuple(str(item) for item in items)

    def listed(self, key: str) -> tuple[str, ...]:
        return self.texts(key, self.data.get(key) or [])

    def pattern(self, key: str, value: Any) -> re.Pattern[str]:
        try:
            return re.compile(str(value), re.IGNORECASE)
        except re.error as error:
            raise self.error(key, f"应是正则表达式（{error}）", value) from error

    def cell_pattern(self, key: str, value: Any) -> re.Pattern[str]:
        """A pattern held against whole columns: the engine there knows no look-around."""
        found = self.pattern(key, value)
        if re.search(r"\(\?[=!<]|\\[1-9]", found.pattern):
            raise self.error(key, "这里的正则表达式不支持前后查找和反向引用", value)
        return found

    def table(self, key: str, value: Any) -> str:
        if value not in TABLES:
            raise self.unknown(key, "没有这个标准表", str(value), TABLES)
        return str(value)

    def fields(self, key: str, names: Iterable[str], table: str) -> tuple[str, ...]:
        for name in (names := tuple(names)):
            if name not in TABLES[table].by_name:
                raise self.unknown(key, f"标准表 {table} 没有这个字段", name, TABLES[table].by_name)
        return names

    def pairs(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(key, "应是键值对", value)
        return {str(name): item for name, item in value.items()}

    def by_field(self, key: str, table: str) -> dict[str, Any]:
        pairs = self.pairs(key, self.data.get(key) or {})
        self.fields(key, pairs, table)
        return pairs


def _read_entry(entry: _Entry) -> Layout:
    for key in entry.data:
        if key not in _KEYS:
            raise entry.unknown(str(key), "不认识的键", str(key), sorted(_KEYS))
    table = entry.table("table", entry.data.get("table"))
    return Layout(
        name=entry.text("name"),
        title=entry.text("title", TABLES[table].title),
        table=table,
        names=tuple(entry.pattern("names", text) for text in entry.listed("names")),
        headings=_texts_by_field(entry, "headings", table),
        joined=_read_joined(entry, table),
        columns=entry.fields("columns", entry.listed("columns"), table),
        require=tuple(
            entry.fields("require", entry.texts("require", item), table) for item in entry.data.get("require") or []
        ),
        ignore=entry.listed("ignore"),
        when={name: entry.cell_pattern("when", value) for name, value in entry.by_field("when", table).items()},
        named=entry.flag("named"),
        form=entry.flag("form"),
        constants={name: str(value) for name, value in entry.by_field("constants", table).items()},
        fill_down=entry.fields("fill_down", entry.listed("fill_down"), table),
        bands=_read_bands(entry, table),
        totals=_read_totals(entry),
        split={name: str(value) for name, value in entry.by_field("split", table).items()},
        separators=_texts_by_field(entry, "separators", table),
        replace={
            name: {old: str(new) for old, new in entry.pairs("replace", value).items()}
            for name, value in entry.by_field("replace", table).items()
        },
        origin=entry.origin,
    )


def _texts_by_field(entry: _Entry, key: str, table: str) -> Mapping[str, tuple[str, ...]]:
    return {name: entry.texts(key, value) for name, value in entry.by_field(key, table).items()}


def _read_joined(entry: _Entry, table: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    found = {}
    for name, value in entry.by_field("joined", table).items():
        if not isinstance(value, list) or len(value) != 2:
            raise entry.error("joined", "应是两个标题列表：[[起], [止]]", value)
        found[name] = (entry.texts("joined", value[0]), entry.texts("joined", value[1]))
    return found


def _read_bands(entry: _Entry, table: str) -> Bands | None:
    if entry.data.get("bands") is None:
        return None
    data = entry.pairs("bands", entry.data["bands"])
    entry.fields("bands", [str(data.get("field"))], table)
    return Bands(data["field"], entry.cell_pattern("bands", data.get("pattern", "")), bool(data.get("as_prefix")))


def _read_totals(entry: _Entry) -> Totals | None:
    if entry.data.get("totals") is None:
        return None
    data = entry.pairs("totals", entry.data["totals"])
    table = entry.table("totals", data.get("table"))
    entry.fields("totals", [str(data.get("field"))], table)
    replace = {old: str(new) for old, new in entry.pairs("totals", data.get("replace") or {}).items()}
    return Totals(table, data["field"], entry.cell_pattern("totals", data.get("pattern", "")), replace)
