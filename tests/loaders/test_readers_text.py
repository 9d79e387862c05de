"""Text files: all records, all fields, at their record numbers, whatever the quotes and encodings."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest
from handmade import read, refusal, rows_of, save

from loaders.guard import DEFAULT, Limits
from loaders.readers import delimited

TABLE = "许可证编号,单位名称,限值\n000123,联通𠮷厂,1.0\n110105198001011234,乙,\n"
ROWS = [("许可证编号", "单位名称", "限值"), ("000123", "联通𠮷厂", "1.0"), ("110105198001011234", "乙", None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
def test_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    content = TABLE.replace(",", delimiter).encode(encoding)
    sheet = read(save(tmp_path, content, "导出.xls"))[0]
    assert rows_of(sheet) == ROWS
    assert (sheet.format, sheet.name, sheet.first_row, sheet.doubtful) == ("text", "", 1, ())
    assert encoding.startswith(sheet.encoding)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param(
            "标题\n\na,b\n1,2\n3,4\n", [("标题", None), (None, None), ("a", "b"), ("1", "2"), ("3", "4")], id="title"
        ),
        pytest.param(
            "a,b\n1,2,3,4\n5\n", [("a", "b", None, None), ("1", "2", "3", "4"), ("5", None, None, None)], id="ragged"
        ),
        pytest.param(
            "a\tb\n甲,乙,丙,丁\t2\n3\t4\n", [("a", "b"), ("甲,乙,丙,丁", "2"), ("3", "4")], id="commas in text"
        ),
        pytest.param('a;b\n"1,2,3,4,5";6\n', [("a", "b"), ("1,2,3,4,5", "6")], id="delimiter inside quotes"),
        pytest.param('a,b\n"1\n2,3",4\n5,6\n', [("a", "b"), ("1\n2,3", "4"), ("5", "6")], id="line end inside quotes"),
        pytest.param('a,b\n5"管,"x"y\n', [("a", "b"), ('5"管', "xy")], id="stray quotes"),
        pytest.param("a,b\r1,2\r", [("a", "b"), ("1", "2")], id="old line ends"),
        pytest.param("a,b\r\n1,2\r\n\r\n", [("a", "b"), ("1", "2"), (None, None)], id="blank line at the end"),
        pytest.param("a,b,,\n1,2,,\n", [("a", "b"), ("1", "2")], id="empty columns"),
        pytest.param("编号\n1\n", [("编号",), ("1",)], id="one column"),
        pytest.param('a,b\n"",2\n', [("a", "b"), (None, "2")], id="empty in quotes"),
        pytest.param("a,b\n  ,\u3000\n", [("a", "b"), ("  ", "\u3000")], id="blanks are text"),
    ],
)
def test_records(tmp_path: Path, text: str, rows: list[tuple[str | None, ...]]) -> None:
    assert rows_of(read(save(tmp_path, text.encode(), "x.csv"))[0]) == rows


def test_one_ragged_record_does_not_change_the_delimiter(tmp_path: Path) -> None:
    text = "a,b,c\n" + "1,2,3\n" * 10 + "1;2;3;4;5;6;7;8,9\n" + "1,2,3\n" * 10
    sheet = read(save(tmp_path, text.encode()))[0]
    assert sheet.cells.shape == (22, 3)
    assert rows_of(sheet)[11] == ("1;2;3;4;5;6;7;8", "9", None)


def test_an_unclosed_quote_loses_nothing_and_is_marked(tmp_path: Path) -> None:
    text = 'a,b,c\n1,2,3\n1,"乙,3\n1,2,3\n1,2,3\n4,5",6\n7,8,9\n'
    sheet = read(save(tmp_path, text.encode()))[0]
    assert rows_of(sheet)[2:] == [("1", "乙,3\n1,2,3\n1,2,3\n4,5", "6"), ("7", "8", "9")]
    assert [(row, column) for row, column, _ in sheet.doubtful] == [(2, 1)]
    endless = text.replace('5"', "5") + "1,2,3\n" * 30_000
    assert "引号没有成对" in refusal(save(tmp_path, endless.encode()))


def test_every_field_agrees_with_the_standard_reader() -> None:
    draw = random.Random(20)
    ways = {True: 0, False: 0}
    for _ in range(1500):
        text = "".join(
            draw.choice(["a", '"', ",", "\n", "\r\n", "中", " ", '"b,"', '"c",']) for _ in range(draw.randint(1, 25))
        )
        expected = [[field or None for field in record] for record in csv.reader(io.StringIO(text, newline=""))]
        frame = delimited._read_regular(text.encode(), ",", DEFAULT)
        ways[frame is None] += 1
        if frame is not None:
            found = [[field or None for field in row] for row in frame.rows()]
            width = max(map(len, expected), default=0)
            assert [row[:width] for row in found] == [row + [None] * (width - len(row)) for row in expected], repr(text)
    assert min(ways.values()) > 100


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\n\r\n , ,\n", "没有内容"),
        ("甲,乙\n".encode("gb18030") * 9 + "\n丙".encode() + b"\xff,1\n", "读到第 11 行"),
        (b"a" + b"," * 20_000, "20001 列"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, fault: str) -> None:
    assert fault in refusal(save(tmp_path, content, "x.csv"))


def test_extent_is_bounded(tmp_path: Path) -> None:
    path = save(tmp_path, b"a,b\n" * 100, "x.csv")
    assert "100 行 × 2 列" in refusal(path, Limits(table_cells=150))
    assert read(path)[0].cells.shape == (100, 2)
