"""How a canonical table is declared: fields that a layout may fill, and the columns they become.

A *field* is what an export prints under one heading; a *column* is what the warehouse stores.
Most fields become one column. A period becomes two dates, a quantity such as ``5mg/Nm3``
becomes text, value, lower value and unit. No casting happens here (see :mod:`loaders.cast`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """How the text of a field is read."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    DATE = "date"
    FLAG = "flag"  # 是 / 否
    LIST = "list"  # values joined by an ASCII comma
    COORDINATE = "coordinate"  # decimal degrees, or degrees-minutes-seconds
    PERIOD = "period"  # 2026-01-01至2030-12-31
    QUANTITY = "quantity"  # 5mg/Nm3, 6~9, 1级, a bare number
    POLLUTANT = "pollutant"  # canonical name, and the name as written


#: The pieces of a compound field: suffix, DuckDB type, what the piece holds.
_PIECES: dict[Kind, tuple[tuple[str, str, str], ...]] = {
    Kind.TEXT: (("", "VARCHAR", ""),),
    Kind.NUMBER: (("", "DOUBLE", ""),),
    Kind.INTEGER: (("", "BIGINT", ""),),
    Kind.DATE: (("", "DATE", ""),),
    Kind.FLAG: (("", "BOOLEAN", ""),),
    Kind.LIST: (("", "VARCHAR[]", ""),),
    Kind.COORDINATE: (("", "DOUBLE", ""),),
    Kind.PERIOD: (("_from", "DATE", "起"), ("_to", "DATE", "止")),
    Kind.QUANTITY: (
        ("", "DOUBLE", ""),
        ("_min", "DOUBLE", "下限"),
        ("_unit", "VARCHAR", "单位"),
        ("_text", "VARCHAR", "原文"),
    ),
    Kind.POLLUTANT: (("", "VARCHAR", ""), ("_text", "VARCHAR", "原文")),
}


#: Group headings over several columns; a slash after any other word belongs to the heading itself.
GROUPS = (
    "排放口地理坐标/",
    "汇入受纳自然水体处地理坐标/",
    "受纳自然水体信息/",
    "受纳污水处理厂信息/",
    "国家或地方污染物排放标准/",
    "许可年排放量限值（t/a）/",
    "年许可排放量限值（t/a）/",
    "入河排污口/",
    "厂界噪声排放限值/",
    "生产时段/",
    "设施参数/",
    "污染防治设施/",
    "位置/",
    "自行贮存/利用/处置固体废物基本信息/",
    "监测结果（折标，小时浓度，mg/m3）/",
    "时段/",
)
_SAYS_LITTLE = {
    "名称",
    "编号",
    "经度",
    "纬度",
    "昼间",
    "夜间",
    "备注",
    "第一年",
    "第二年",
    "第三年",
    "第四年",
    "第五年",
}


@dataclass(frozen=True)
class Column:
    """One stored column: name, DuckDB type, Chinese heading and the field it comes from."""

    name: str
    dtype: str
    heading: str
    field: str

    @property
    def label(self) -> str:
        """The heading without its group, as a person names the column; kept where the rest says too little."""
        group = next((group for group in GROUPS if self.heading.startswith(group)), "")
        rest = self.heading.removeprefix(group)
        return f"{group[:-1]}{rest}" if rest.split("（")[0] in _SAYS_LITTLE else rest


@dataclass(frozen=True)
class RowCheck:
    """A check of a contract over several columns of one row, as SQL true = right.

    ``expect`` uses the same portable SQL as catalogue rules; null means "cannot tell".
    """

    name: str
    title: str
    expect: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """What an export prints under one heading.

    ``heading`` may hold a group (``排放口地理坐标/经度``); ``variants`` are other wordings.
    ``allowed`` is a closed list, ``pattern`` a full-match regular expression, ``low`` and
    ``high`` are inclusive bounds in the unit of the column; a breach of any of them is a
    contract finding. ``required`` means that a blank is a contract finding. ``empty`` replaces
    the usual list of texts that mean "nothing" for this field.
    """

    name: str
    heading: str
    kind: Kind = Kind.TEXT
    variants: tuple[str, ...] = ()
    description: str = ""
    required: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    low: float | None = None
    high: float | None = None
    empty: tuple[str, ...] | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The stored columns of this field, the main one first."""
        return tuple(
            Column(self.name + suffix, dtype, self.heading + (f"（{label}）" if label else ""), self.name)
            for suffix, dtype, label in _PIECES[self.kind]
        )


@dataclass(frozen=True)
class Table:
    """One canonical table: one part of a permit, one row per record.

    ``key`` names the columns that tell a record apart inside a permit (the record's address in
    a ledger); ``unique`` says that two rows with one key are a contract finding. ``identify``
    lists columns of which at least one must be filled, else the row is rejected.
    """

    name: str
    title: str
    part: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    unique: bool = False
    identify: tuple[str, ...] = ("permit_no",)
    description: str = ""
    checks: tuple[RowCheck, ...] = ()
    is_list: bool = False  # a list kept for a whole area: it covers every unit, listed or not

    def __str__(self) -> str:
        return self.name

    @cached_property
    def columns(self) -> dict[str, Column]:
        """All stored columns by name, in declared order."""
        return {column.name: column for field in self.fields for column in field.columns}

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """All fields by name."""
        return {field.name: field for field in self.fields}


#: Columns that every stored row has besides those of its table.
SYSTEM_COLUMNS: dict[str, str] = {
    "rid": "BIGINT",  # unique in the warehouse, rising in reading order
    "batch_id": "INTEGER",
    "source_id": "INTEGER",
    "source_row": "INTEGER",  # row of the sheet as a person counts it, from 1
    "subject": "VARCHAR",  # the permit, or the unit where there is no permit number
}
