"""What a layout is: how one kind of export fills one canonical table.

Frozen facts and the index of known headings. Reading them from YAML is the work of
:mod:`loaders.layout`, comparing them with a sheet that of :mod:`loaders.layout_match`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as default_of
from functools import cached_property

from checks.errors import UserError, nearest
from checks.tables import TABLES, Table
from loaders.headings import heading_key, leaf, wordings


@dataclass(frozen=True)
class Bands:
    """Rows across the table that name the group of the rows below: 主要排放口."""

    field: str
    pattern: re.Pattern[str]
    as_prefix: bool = False  # the band goes before the row's own text: 重污染天气应对要求/全厂合计


@dataclass(frozen=True)
class Totals:
    """Rows that sum up and belong to another table: 主要排放口合计 to air_totals."""

    table: str
    field: str
    pattern: re.Pattern[str]
    replace: Mapping[str, str] = default_of(default_factory=dict)


@dataclass(frozen=True)
class HeadingIndex:
    """The known headings of one layout in comparable form, each with the field it fills."""

    exact: dict[str, str]
    bare: dict[str, tuple[str, ...]]
    leaf: dict[str, tuple[str, ...]]
    units: dict[str, frozenset[str]]
    ignored: frozenset[str]

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every comparable name that could mean something to this layout."""
        return frozenset([*self.exact, *self.bare, *self.leaf, *self.ignored])


@dataclass(frozen=True)
class Layout:
    """One kind of sheet; every attribute is a key of the YAML entry.

    - ``table``: the canonical table that the rows go to; ``headings``: further wordings by field.
    - ``names``: regular expressions for title row, file name or sheet name; ``named``: one of them must fit.
    - ``when``: by field, a pattern that most values fit; without a fitting name it must hold.
    - ``columns``: the fields that this export usually has (default: all of the table's).
    - ``require``: fields that must be there; a list inside the list means one of them.
    - ``ignore``: headings that are known and not needed; ``constants``: texts by field for every row.
    - ``joined``: two columns that make one field, such as first and last day of a period.
    - ``form``: the sheet may also be label and value cells, one record in all.
    - ``fill_down``: fields whose blanks repeat the text above, from the outer to the inner one.
    - ``bands``, ``totals``: group rows inside the table; ``split``: one row for each item of a cell.
    - ``separators``: by list field, what separates items besides the ASCII comma.
    - ``replace``: by field, codes and the words that they stand for.
    """

    name: str
    title: str
    table: str
    names: tuple[re.Pattern[str], ...] = ()
    headings: Mapping[str, tuple[str, ...]] = default_of(default_factory=dict)
    joined: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = default_of(default_factory=dict)
    columns: tuple[str, ...] = ()
    require: tuple[tuple[str, ...], ...] = ()
    ignore: tuple[str, ...] = ()
    when: Mapping[str, re.Pattern[str]] = default_of(default_factory=dict)
    named: bool = False
    form: bool = False
    constants: Mapping[str, str] = default_of(default_factory=dict)
    fill_down: tuple[str, ...] = ()
    bands: Bands | None = None
    totals: Totals | None = None
    split: Mapping[str, str] = default_of(default_factory=dict)
    separators: Mapping[str, tuple[str, ...]] = default_of(default_factory=dict)
    replace: Mapping[str, Mapping[str, str]] = default_of(default_factory=dict)
    origin: str = ""

    @property
    def target(self) -> Table:
        """The canonical table that the rows go to."""
        return TABLES[self.table]

    @cached_property
    def expected(self) -> tuple[str, ...]:
        """The fields that this export usually has, besides the permit and the unit."""
        filled = {*self.constants, *((self.bands.field,) if self.bands and not self.bands.as_prefix else ())}
        names = self.columns or tuple(self.target.by_name)
        return tuple(name for name in names if name not in filled and name not in ("permit_no", "unit_name"))

    @cached_property
    def index(self) -> HeadingIndex:
        """Known headings, this layout's own wordings before those of the table."""
        return _build_index(self)

    def heading_of(self, name: str) -> str:
        """The Chinese heading of a field."""
        return self.target.by_name[name].heading


@dataclass(frozen=True)
class Catalogue:
    """All layouts by name, and which of them know a heading."""

    layouts: tuple[Layout, ...]

    def __iter__(self) -> Iterator[Layout]:
        return iter(self.layouts)

    def __len__(self) -> int:
        return len(self.layouts)

    def __getitem__(self, name: str) -> Layout:
        """The layout called ``name``; UserError with the nearest names if there is none."""
        for layout in self.layouts:
            if layout.name == name:
                return layout
        known = [layout.name for layout in self.layouts]
        hint = "、".join(nearest(name, known)) or "用 permit-audit inspect 查看全部"
        raise UserError(f"没有名为 {name} 的版式。相近的有：{hint}")

    @cached_property
    def by_key(self) -> dict[str, tuple[int, ...]]:
        """Comparable heading to the positions of the layouts that know it."""
        found: dict[str, list[int]] = {}
        for position, layout in enumerate(self.layouts):
            for key in layout.index.keys:
                found.setdefault(key, []).append(position)
        return {key: tuple(positions) for key, positions in found.items()}


def _build_index(layout: Layout) -> HeadingIndex:
    wording: list[tuple[str, str]] = []  # (printed heading, field), the most telling first
    for name, headings in layout.headings.items():
        wording += [(heading, name) for heading in headings]
    for name, parts in layout.joined.items():
        wording += [(heading, f"{name}:{number}") for number, part in enumerate(parts) for heading in part]
    for item in layout.target.fields:
        wording.append((item.heading, item.name))
    for item in layout.target.fields:
        wording += [(variant, item.name) for variant in item.variants]
    for name, headings in wordings()["fields"].items():
        if name in layout.target.by_name:
            wording += [(heading, name) for heading in headings]
    exact: dict[str, str] = {}
    bare: dict[str, list[str]] = {}
    leaves: dict[str, list[str]] = {}
    units: dict[str, set[str]] = {}
    for heading, name in wording:
        key = heading_key(heading)
        exact.setdefault(key.name, name)
        units.setdefault(name, set()).add(key.unit)
        for names, text in ((bare, key.bare), (leaves, leaf(key.bare))):
            if name not in names.setdefault(text, []):
                names[text].append(name)
    order = {item.name: position for position, item in enumerate(layout.target.fields)}
    return HeadingIndex(
        exact,
        {key: tuple(names) for key, names in bare.items()},
        {key: tuple(sorted(names, key=lambda name: order.get(name, 0))) for key, names in leaves.items()},
        {name: frozenset(values - {""}) for name, values in units.items()},
        frozenset(heading_key(text).name for text in layout.ignore),
    )
