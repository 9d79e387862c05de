"""Every contract refuses a bad value, passes an empty one, and says which row and which clause."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from checks.contracts import CAST_RULES, CONTRACT_RULES, POLARS_TYPES, breaches, clauses
from checks.tables import TABLES, Field, Kind, Table

GOOD = {
    "VARCHAR": "文字",
    "DOUBLE": 1.0,
    "BIGINT": 1,
    "DATE": dt.date(2026, 1, 1),
    "BOOLEAN": True,
    "VARCHAR[]": ["文字"],
}
PATTERN_EXAMPLES = {
    "permit_no": "91350100M000100Y43001P",
    "credit_code": "91350100M000100Y43",
    "org_code": "M000100Y4",
    "postcode": "250100",
}


def good_value(field: Field) -> object:
    if field.allowed:
        return field.allowed[0]
    if field.pattern:
        return PATTERN_EXAMPLES[field.name]
    if field.low is not None:
        return type(GOOD[field.columns[0].dtype])(field.low)
    return GOOD[field.columns[0].dtype]


def frame_of(table: Table, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema: dict[str, pl.DataType] = {"rid": pl.Int64(), "subject": pl.String()}
    schema |= {column.name: POLARS_TYPES[column.dtype] for column in table.columns.values()}
    return pl.DataFrame([{"rid": 100 + i, "subject": f"S{i}", **row} for i, row in enumerate(rows)], schema=schema)


def good_row(table: Table) -> dict[str, object]:
    row: dict[str, object] = {}
    for field in table.fields:
        for column in field.columns:
            row[column.name] = GOOD[column.dtype]
        row[field.columns[0].name] = good_value(field)
    return row


def bad_value(field: Field) -> object:
    if field.allowed:
        return "没有这个选项"
    if field.pattern:
        return "错误编码O"
    if field.high is not None:
        return field.high + 1
    return field.low - 1 if field.low is not None else None


@pytest.mark.parametrize("table", TABLES.values(), ids=str)
def test_good_row_and_empty_row(table: Table) -> None:
    required = {field.name for field in table.fields if field.required}
    empty = {column: None for field in table.fields if field.name not in required for column in [field.name]}
    rows = [good_row(table), {k: v for k, v in good_row(table).items() if k in required or k not in empty}]
    if table.checks:
        rows = [{k: v for k, v in row.items() if not k.startswith("limit")} for row in rows]
    assert breaches(table, frame_of(table, rows)).height == 0


CONSTRAINED = [
    (table, field)
    for table in TABLES.values()
    for field in table.fields
    if field.allowed or field.pattern or field.low is not None or field.high is not None
]


@pytest.mark.parametrize(("table", "field"), CONSTRAINED, ids=lambda x: x.name)
def test_bad_value_is_refused_with_its_row(table: Table, field: Field) -> None:
    bad = {**good_row(table), field.columns[0].name: bad_value(field)}
    if table.name == "disclosed_limits":
        bad |= {"limit_unit": None, "limit_low": None}
    found = breaches(table, frame_of(table, [{**bad, field.columns[0].name: good_value(field)}, bad]))
    assert found.select("rid", "field").rows() == [(101, field.name)]


@pytest.mark.parametrize("table", TABLES.values(), ids=str)
def test_value_of_another_type_is_our_fault(table: Table) -> None:
    column = next(iter(table.columns.values()))
    frame = frame_of(table, [good_row(table)]).with_columns(pl.lit(3.5).alias(column.name))
    with pytest.raises(RuntimeError, match=table.name):
        breaches(table, frame)


@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.unique], ids=str)
def test_repeated_key_is_refused_but_not_an_empty_one(table: Table) -> None:
    row = good_row(table)
    frame = frame_of(table, [row, row, row]).with_columns(subject=pl.lit("same"))
    assert breaches(table, frame)["rule_id"].to_list() == ["C-014"] * 3
    if table.key:
        blank = frame.with_columns(pl.lit(None, frame.schema[table.key[0]]).alias(table.key[0]))
        assert breaches(table, blank).filter(pl.col("rule_id") == "C-014").height == 0


def test_required_cell() -> None:
    table = TABLES["execution_reports"]
    frame = frame_of(table, [good_row(table), {**good_row(table), "report_type": None}])
    assert breaches(table, frame).rows() == [(101, "C-010", "report_type", "必填")]


def test_row_check_waste_gas_in_water_unit() -> None:
    table = TABLES["disclosed_limits"]
    rows = [
        {"medium": "AIR", "limit_unit": "mg/L"},
        {"medium": "WATER", "limit_unit": "mg/L"},
        {"medium": "AIR", "limit_unit": None},
        {"medium": "AIR", "limit_low": 9.0, "limit_high": 6.0},
    ]
    assert breaches(table, frame_of(table, rows)).select("rid", "field").rows() == [
        (100, "air_limit_in_water_unit"),
        (103, "limit_bounds_swapped"),
    ]


def test_lazy_frames_are_not_accepted() -> None:
    with pytest.raises(TypeError, match="eager"):
        breaches(TABLES["products"], frame_of(TABLES["products"], []).lazy())  # type: ignore[arg-type]  # the fault tested


def test_every_clause_has_a_rule_and_a_unique_name() -> None:
    for table in TABLES.values():
        names = [clause.name for clause in clauses(table)]
        assert len(names) == len(set(names)), table.name
        assert {clause.rule_id for clause in clauses(table)} <= set(CONTRACT_RULES)
    assert set(CAST_RULES) == set(Kind) - {Kind.TEXT, Kind.LIST, Kind.POLLUTANT}
