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


@dataclass(frozen=True)
class Column:
    """One stored column: name, DuckDB type, Chinese heading and the field it comes from."""

    name: str
    dtype: str
    heading: str
    field: str


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
