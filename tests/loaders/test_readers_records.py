"""JSON and parquet: records under their key names, numbers as written, dates as people write them."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from handmade import read, refusal, rows_of, save

from loaders.guard import Limits
from loaders.sheet import Sheet


def records(sheet: Sheet) -> list[dict[str, str | None]]:
    header, *rows = rows_of(sheet)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_array_of_objects(tmp_path: Path, encoding: str) -> None:
    text = '[{"许可证编号": "000123", "版本": 1.50, "重": 110105198001011234}, {"版本": null, "旧": true, "空": ""}]'
    sheet = read(save(tmp_path, text.encode(encoding), "列表.txt"))[0]
    assert rows_of(sheet) == [
        ("许可证编号", "版本", "重", "旧", "空"),
        ("000123", "1.50", "110105198001011234", None, None),
        (None, None, None, "TRUE", ""),
    ]
    assert (sheet.first_row, sheet.format, sheet.name) == (0, "json", "")


def test_nested_arrays_carry_what_is_around_them(tmp_path: Path) -> None:
    data = {
        "total": 1,
        "values": [
            {
                "number": "A",
                "name": "厂",
                "scope": {"name": "内", "district": "乙区", "limits": [{"pollutant": "SO2", "name": "限值"}]},
                "changes": [{"number": "A0", "version": 1}, {"version": 2, "deep": [{"x": 1}]}],
                "pollutants": ["SO2", "NOx", None],
                "none": [],
            }
        ],
    }
    sheets = {sheet.name: sheet for sheet in read(save(tmp_path, json.dumps(data).encode()))}
    assert list(sheets) == ["values", "values.scope.limits", "values.changes", "values.changes.deep"]
    own = {"number": "A", "name": "厂", "pollutants": "SO2,NOx,", "district": "乙区", "scope.name": "内"}
    assert records(sheets["values"]) == [{**own, "total": "1"}]
    assert records(sheets["values.changes"]) == [
        {**own, "total": "1", "number": "A0", "version": "1"},
        {**own, "total": "1", "number": "A", "version": "2"},
    ]
    assert records(sheets["values.scope.limits"])[0]["name"] == "限值"
    assert records(sheets["values.changes.deep"])[0].items() >= {"x": "1", "version": "2", "district": "乙区"}.items()


def test_one_object_is_one_record(tmp_path: Path) -> None:
    assert records(read(save(tmp_path, b'{"a": 1, "b": {"c": [1, 2]}}'))[0]) == [{"a": "1", "c": "1,2"}]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('[{"a": 1},\n {"b": ', "JSON 第 2 行"),
        ('["a", "b"]', "没有对象数组"),
        ('[{"a":' + "[" * 100_000, "嵌套过深"),
        ('[{"a":' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}]", "嵌套过深"),
    ],
)
def test_json_that_cannot_be_read(tmp_path: Path, content: str, fault: str) -> None:
    assert fault in refusal(save(tmp_path, content.encode(), "列表.json"))


def test_parquet_as_text(tmp_path: Path) -> None:
    path = tmp_path / "表.parquet"
    pl.DataFrame(
        {
            "编号": ["000123", None],
            "数": [5.0, 0.1],
            "整": [7, None],
            "日": [date(2023, 1, 5), None],
            "时": [datetime(2023, 1, 5), datetime(2023, 1, 5, 8, 30)],
            "是": [True, None],
            "价": [Decimal("1.50"), None],
            "列": [["a", "b"], None],
            "数列": [[1.0, 2.5], []],
            "构": [{"a": 1}, {"a": 2}],
            "类": pl.Series(["x", "y"], dtype=pl.Categorical),
        }
    ).write_parquet(path)
    sheet = read(path)[0]
    assert rows_of(sheet) == [
        ("编号", "数", "整", "日", "时", "是", "价", "列", "数列", "构", "类"),
        ("000123", "5", "7", "2023-01-05", "2023-01-05", "TRUE", "1.50", "a,b", "1,2.5", '{"a":1}', "x"),
        (None, "0.1", None, None, "2023-01-05 08:30:00", None, None, None, "", '{"a":2}', "y"),
    ]
    assert (sheet.first_row, sheet.format) == (0, "parquet")
    assert "2 行 × 11 列" in refusal(path, Limits(table_cells=21))


def test_broken_parquet(tmp_path: Path) -> None:
    path = tmp_path / "表.parquet"
    pl.DataFrame({"a": range(1000)}).write_parquet(path)
    content = path.read_bytes()
    assert "不完整或已损坏" in refusal(save(tmp_path, content[:-100], "半.parquet"))
    assert "不完整或已损坏" in refusal(save(tmp_path, b"PAR1" + bytes(60) + content[64:], "坏.parquet"))
