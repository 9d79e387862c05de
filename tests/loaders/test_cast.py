"""Texts as exports print them, cast to values; what cannot be read is a failure and a null."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from checks.tables import TABLES, Field, Kind, Table
from loaders.cast import Cast, cast
from loaders.pollutant_names import aliases, canonical_name, name_key

D = date


def read(field: Field, *texts: str | None, **options: Any) -> Cast:
    frame = pl.DataFrame(
        {"source_row": range(1, len(texts) + 1), field.name: texts},
        schema={"source_row": pl.Int32, field.name: pl.String},
    )
    return cast(Table("t", "表", "air", (field,)), frame, **options)


def one(kind: Kind, text: str | None, heading: str = "项", **options: Any) -> Any:
    """The value, or the string FAILED."""
    result = read(Field("x", heading, kind), text, **options)
    if not result.failures.is_empty():
        assert result.frame["x" if "x" in result.frame.columns else "x_from"].to_list() == [None]
        return "FAILED"
    if kind is Kind.PERIOD:
        return result.frame.select("x_from", "x_to").row(0)
    return result.frame["x"].to_list()[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-01-02", D(2020, 1, 2)),
        ("2020/1/2", D(2020, 1, 2)),
        ("2020.01.02", D(2020, 1, 2)),
        ("2020年1月2日", D(2020, 1, 2)),
        ("２０２０－０１－０２", D(2020, 1, 2)),
        ("2020-01-02 10:30", D(2020, 1, 2)),
        ("2020-01-02T10:30:59", D(2020, 1, 2)),
        ("20200102", D(2020, 1, 2)),
        ("43832", D(2020, 1, 2)),  # serial of a spreadsheet
        ("43832.75", D(2020, 1, 2)),
        ("1514649600000", D(2017, 12, 31)),  # milliseconds at Beijing midnight
        (" ", None),
        ("／", None),
        (None, None),
        ("2020-13-01", "FAILED"),
        ("2019-02-29", "FAILED"),
        ("2020", "FAILED"),
        ("32000", "FAILED"),  # a serial before 1990 is some other number
        ("九月", "FAILED"),
    ],
)
def test_date(text: str | None, value: object) -> None:
    assert one(Kind.DATE, text) == value


def test_serial_of_the_other_date_system() -> None:
    assert one(Kind.DATE, "42370", date_1904=True) == D(2020, 1, 2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-07-27至2023-07-26", (D(2020, 7, 27), D(2023, 7, 26))),
        ("2020-07-272023-07-26", (D(2020, 7, 27), D(2023, 7, 26))),
        ("2020/7/27 - 2023/7/26", (D(2020, 7, 27), D(2023, 7, 26))),
        ("2020.7.27～2023.7.26", (D(2020, 7, 27), D(2023, 7, 26))),
        ("自2020年7月27日起至2023年7月26日止", (D(2020, 7, 27), D(2023, 7, 26))),
        ("2020年7月27日到2023年7月26日", (D(2020, 7, 27), D(2023, 7, 26))),
        ("20200727-20230726", (D(2020, 7, 27), D(2023, 7, 26))),
        ("2020-07-27 00:00:00至2023-07-26 00:00:00", (D(2020, 7, 27), D(2023, 7, 26))),
        ("2020-07-27至长期", (D(2020, 7, 27), None)),
        ("2020-07-27至", (D(2020, 7, 27), None)),
        ("/", (None, None)),
        ("2020-07-27", "FAILED"),
        ("三年", "FAILED"),
    ],
)
def test_period(text: str, value: object) -> None:
    assert one(Kind.PERIOD, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("117.142341", 117.142341),
        ("117度30分4.04秒", 117.50112222),
        ("113° 18′ 48.74″", 113.31353889),
        ("113°18'48.74\"", 113.31353889),
        ("东经113度18分", 113.3),
        ("113.5°", 113.5),
        ("117度70分4秒", "FAILED"),
        ("某地", "FAILED"),
    ],
)
def test_coordinate(text: str, value: object) -> None:
    assert one(Kind.COORDINATE, text) == (value if value == "FAILED" else pytest.approx(value, abs=1e-8))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", 1234.5),
        ("１，２３４", 1234.0),
        ("17.49t/a", 17.49),  # the unit of the heading itself
        ("17.49 吨/年", 17.49),
        ("t/a", None),
        ("1×10^3", 1000.0),
        ("1.5E-3", 0.0015),
        ("０.５", 0.5),
        ("\u200b5\u00a0", 5.0),
        ("ND", None),
        ("未填报", None),
        ("-1", -1.0),
        ("40mg/L", "FAILED"),
        ("6~9", "FAILED"),
        ("60倍", "FAILED"),
        ("12,34", "FAILED"),
    ],
)
def test_number(text: str, value: object) -> None:
    assert one(Kind.NUMBER, text, heading="限值（t/a）") == value


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("3.0", 3), ("3.5", "FAILED"), ("三", "FAILED"), ("无", None)])
def test_integer(text: str, value: object) -> None:
    assert one(Kind.INTEGER, text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("是", "有", "1", "TRUE")),
        *((text, False) for text in ("否", "无", "0", "false")),
        ("/", None),
        ("null", None),
        ("在建", "FAILED"),
    ],
)
def test_flag(text: str, value: object) -> None:
    assert one(Kind.FLAG, text) == value


@pytest.mark.parametrize(
    ("text", "value", "low", "unit"),
    [
        ("5mg/Nm3", 5.0, None, "mg/Nm3"),
        ("15 mg/m³", 15.0, None, "mg/m3"),
        ("6~9", 9.0, 6.0, None),
        ("6-9", 9.0, 6.0, None),
        ("6—9", 9.0, 6.0, None),
        ("6.5～9.5（无量纲）", 9.5, 6.5, "无量纲"),
        ("10mg/L~20mg/L", 20.0, 10.0, "mg/L"),
        ("1级", 1.0, None, "级"),
        ("60倍", 60.0, None, "倍"),
        ("5（8）", 5.0, None, None),
        ("＜1", 1.0, None, None),
        ("≤20", 20.0, None, None),
        ("≥60%", None, 60.0, "%"),
        ("0.1ng-TEQ/m3", 0.1, None, "ng-TEQ/m3"),
        ("1×10^3", 1000.0, None, None),
        ("1,000", 1000.0, None, None),
        ("1（%）", 1.0, None, "%"),
    ],
)
def test_quantity(text: str, value: float | None, low: float | None, unit: str | None) -> None:
    result = read(Field("x", "限值", Kind.QUANTITY), text)
    assert result.failures.is_empty()
    assert result.frame.select("x", "x_min", "x_unit").row(0) == (value, low, unit)
    assert result.frame["x_text"].item().startswith(text[0].replace("＜", "<"))


@pytest.mark.parametrize("text", ["mg/Nm3", "/mg/Nm3", "/", "", "—"])
def test_quantity_that_prints_only_its_unit_is_nothing(text: str) -> None:
    table = TABLES["air_limits"]
    frame = pl.DataFrame({"source_row": [7], "conc_limit": [text]}, schema_overrides={"source_row": pl.Int32})
    result = cast(table, frame)
    assert result.failures.is_empty()
    assert result.frame.select("conc_limit", "conc_limit_text").row(0) == (None, None)


@pytest.mark.parametrize("text", ["ND", "未检出", "不得检出"])
def test_not_detected_keeps_its_text(text: str) -> None:
    result = read(Field("x", "值", Kind.QUANTITY), text)
    assert result.failures.is_empty()
    assert result.frame.select("x", "x_text").row(0) == (None, text)


@pytest.mark.parametrize("text", ["45;35", "很多", "甲苯与二甲苯合计15", "9~6"])
def test_quantity_that_is_none(text: str) -> None:
    result = read(Field("x", "值", Kind.QUANTITY), "1", text)
    assert result.failures.rows() == [(2, "x", text, "数值、范围或带单位的数值（如 5mg/Nm3、6~9、1级）")]
    assert result.frame["x"].to_list() == [1.0, None]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("废气,废水", ["废气", "废水"]),
        ("/,加油站大气污染物排放标准GB20952-2020", ["加油站大气污染物排放标准GB20952-2020"]),
        ("a,,b,", ["a", "b"]),
        ("连续排放，流量稳定", ["连续排放，流量稳定"]),  # a Chinese comma is part of the text
        ("1,2-二氯乙烷,甲苯,1,3-丁二烯,1,2,4-三氯苯", ["1,2-二氯乙烷", "甲苯", "1,3-丁二烯", "1,2,4-三氯苯"]),
        ("ＤＢ31／933－2015", ["DB31/933-2015"]),
        ("/", None),
        (",", None),
    ],
)
def test_list(text: str, items: list[str] | None) -> None:
    assert one(Kind.LIST, text) == items


def test_list_of_a_layout_with_other_separators() -> None:
    result = read(Field("x", "项", Kind.LIST), "甲，乙;丙", separators={"x": ("，", ";")})
    assert result.frame["x"].to_list() == [["甲", "乙", "丙"]]


def test_text_is_tidied_but_keeps_chinese_punctuation() -> None:
    texts = [
        "ＦＱ－０４\u3000\u00a0Ｅ６",
        "间断排放，排放期间\n流量不稳定；有规律（夜间）",
        "\u200b",
        "1＃",
        "无",
        "NULL",
    ]
    values = read(Field("x", "项"), *texts).frame["x"].to_list()
    assert values == ["FQ-04 E6", "间断排放，排放期间 流量不稳定；有规律（夜间）", None, "1#", None, None]


def test_field_with_its_own_empty_texts() -> None:
    assert read(Field("x", "项", empty=("", "/")), "无", "/", "-").frame["x"].to_list() == ["无", None, "-"]


@pytest.mark.parametrize(
    ("texts", "subject"),
    [
        ({"permit_no": " 91370112macm2tdf4t001p", "unit_name": "甲"}, "91370112MACM2TDF4T001P"),
        ({"permit_no": "-", "credit_code": "91370112MACM2TDF4T", "unit_name": "甲"}, "91370112MACM2TDF4T"),
        ({"permit_no": "0", "credit_code": "\u200b0", "unit_name": "甲(济南)公司"}, "甲（济南）公司"),
    ],
)
def test_subject_is_the_surest_identity(texts: dict[str, str], subject: str) -> None:
    frame = pl.DataFrame({"source_row": [2], **{name: [text] for name, text in texts.items()}})
    assert cast(TABLES["permit_records"], frame).frame["subject"].item() == subject


def test_columns_that_the_source_lacks_are_null_and_typed() -> None:
    frame = pl.DataFrame({"source_row": pl.Series([2, 3], dtype=pl.Int32), "permit_no": ["a", "b"]})
    result = cast(TABLES["air_limits"], frame).frame
    assert result.columns == ["source_row", *TABLES["air_limits"].columns, "subject"]
    assert result.schema["amount_y1_t"] == pl.Float64
    assert result["amount_y1_t"].null_count() == 2


@pytest.mark.parametrize(
    ("text", "medium", "name"),
    [
        ("CODcr", "water", "化学需氧量"),
        ("氨氮(NH3-N)", "water", "氨氮"),
        ("总磷(以 P 计）", "water", "总磷"),
        ("PH值", "", "pH值"),
        ("悬浮物（SS）", "water", "悬浮物"),
        ("VOCs", "air", "挥发性有机物"),
        ("氨（氨气）", "air", "氨"),
        ("汞", "air", "汞及其化合物"),
        ("汞", "water", "总汞"),
        ("汞", "", "汞"),  # either, so neither
        ("化学需氧量（CODMn）", "water", "化学需氧量（CODMn）"),  # the bracket says something else
        ("氮氧化合物", "air", "氮氧化合物"),  # a wrong name stays for a rule to find
        ("TVOC", "air", "总挥发性有机物"),
        ("某物(甲)", "air", "某物（甲）"),
    ],
)
def test_canonical_pollutant(text: str, medium: str, name: str) -> None:
    assert canonical_name(text, medium) == name


def test_medium_of_the_row_decides() -> None:
    frame = pl.DataFrame(
        {"source_row": [1, 2], "permit_no": ["a", "a"], "source_kind": ["废气", "废水"], "pollutant": ["铅", "铅"]}
    )
    result = cast(TABLES["monitoring_plan"], frame).frame
    assert result.select("pollutant", "pollutant_text").rows() == [("铅及其化合物", "铅"), ("总铅", "铅")]


def test_an_alias_means_one_pollutant_of_its_medium() -> None:
    for names in aliases().values():
        for key, name in names.items():
            assert key == name_key(name) or key not in {name_key(other) for other in set(names.values()) - {name}}
