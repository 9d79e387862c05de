"""Workbooks: every cell where it stands, as the text a person sees, and what calamine drops."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from handmade import STRICT, read, refusal, rows_of, save, text_cell, workbook, workbook_parts, worksheet, zipped

from loaders.guard import DEFAULT, Limits, UnreadableError
from loaders.readers import close_readers
from loaders.readers.worker import WORKER


def cell_text(folder: Path, cell: str, **options: str) -> tuple[str | None, str]:
    """Text and doubt of one cell at A1."""
    sheet = read(save(folder, workbook(f'<row r="1">{cell}</row>', **options)))[0]
    doubts = [why for row, column, why in sheet.doubtful if (row, column) == (0, 0)]
    return (rows_of(sheet)[0][0] if sheet.cells.height else None), "".join(doubts)


@pytest.mark.parametrize(
    ("cell", "text", "doubt"),
    [
        ("<v>1E+999999999</v>", "inf", "超过 15 位"),
        ("<v>5</v>", "5", ""),
        ("<v>5.0</v>", "5", ""),
        ("<v>-0.1</v>", "-0.1", ""),
        ("<v>0.30000000000000004</v>", "0.30000000000000004", ""),
        ("<v>1E-5</v>", "0.00001", ""),
        ("<v>110105198001011234</v>", "110105198001011234", "超过 15 位"),
        ("<v>1.10105198001011E+17</v>", "110105198001011000", "超过 15 位"),
        ("<v>123456789012345</v>", "123456789012345", ""),
        ("<f>1+2</f><v>3</v>", "3", ""),
        ("<f>1+2</f>", None, "公式没有计算结果"),
        ("<f>1+2</f><v></v>", None, "公式没有计算结果"),
    ],
)
def test_numbers_keep_their_digits(tmp_path: Path, cell: str, text: str | None, doubt: str) -> None:
    found, why = cell_text(tmp_path, f'<c r="A1">{cell}</c>')
    assert found == text
    assert why.startswith(doubt)
    assert bool(why) == bool(doubt)


@pytest.mark.parametrize(
    ("style", "value", "text", "doubt"),
    [
        (1, "44931", "2023-01-05", ""),  # built-in 27, no code in the file
        (2, "44931", "2023-01-05", ""),  # built-in 57
        (4, "44931", "2023-01-05", ""),
        (5, "44931", "2023-01-05", ""),  # a date-time format at midnight
        (5, "44931.4375", "2023-01-05 10:30:00", ""),
        (4, "20230105", "20230105", "日期格式里的数不是日期"),
        (3, "0.1234", "12.34%", "百分数格式，存储的数是 0.1234"),
        (3, "0.07", "7%", "百分数格式，存储的数是 0.07"),
        (6, "2.5", "2.5", ""),  # letters inside quotes make no date
    ],
)
def test_formats_decide_what_a_number_is(tmp_path: Path, style: int, value: str, text: str, doubt: str) -> None:
    assert cell_text(tmp_path, f'<c r="A1" s="{style}"><v>{value}</v></c>') == (text, doubt)


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#SPILL!", "#某种新错误"])
def test_errors_are_kept_and_known_as_errors(tmp_path: Path, error: str) -> None:
    rows = f'<row r="1">{text_cell("A1", "名称")}</row><row r="2"><c r="B2" t="e"><v>{error}</v></c></row>'
    sheet = read(save(tmp_path, workbook(rows)))[0]
    assert rows_of(sheet) == [("名称", None), (None, error)]
    assert sheet.doubtful == ((1, 1, "错误值"),)
    assert cell_text(tmp_path, text_cell("A1", "#N/A")) == ("#N/A", "")


def test_dates_of_a_1904_book(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" s="4"><v>43469</v></c></row>'
    sheet = read(save(tmp_path, workbook(rows, properties='<workbookPr date1904="1"/>')))[0]
    assert rows_of(sheet) == [("2023-01-05",)]
    assert sheet.date_1904


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("a_x000D_b", "a\rb"),
        ("", None),
        ("  ", "  "),
        ("\u3000", "\u3000"),
        ("\xa0\u200b", "\xa0\u200b"),
        ("１２３", "１２３"),
        ("000123", "000123"),
        ("𠮷田", "𠮷田"),
        ("上\n下", "上\n下"),
        ("=1+1", "=1+1"),
        ("a\x1fb", "a\x1fb"),  # the byte that separates cells on their way out of the child
    ],
)
def test_texts_are_not_touched(tmp_path: Path, stored: str, text: str | None) -> None:
    rows = f'<row r="1">{text_cell("A1", stored)}{text_cell("B1", "右")}</row>'
    assert rows_of(read(save(tmp_path, workbook(rows)))[0]) == [(text, "右")]


CELLS = '<row r="2"><c r="B2"><v>1</v></c></row><row r="4"><c r="C4"><v>2</v></c></row>'
EXPECTED = [(None,) * 3, (None, "1", None), (None,) * 3, (None, None, "2")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(workbook(CELLS), id="leading blank rows and columns"),
        pytest.param(workbook(CELLS, before='<dimension ref="A1"/>'), id="dimension too small"),
        pytest.param(workbook(CELLS, before='<dimension ref="A1:XFD1048576"/>'), id="dimension too large"),
        pytest.param(workbook("</row>".join(reversed(CELLS.split("</row>")[:2])) + "</row>"), id="rows out of order"),
        pytest.param(workbook(CELLS, main=STRICT), id="strict"),
        pytest.param(workbook(CELLS + '<row r="5"><c r="XFD5" s="1"/></row>'), id="styled blank far away"),
        pytest.param(
            workbook("<row/><row><c/><c><v>1</v></c></row><row/><row><c/><c/><c><v>2</v></c></row>"),
            id="no references",
        ),
        pytest.param(
            zipped(
                workbook_parts(
                    re.sub("<(/?)", r"<\1x:", worksheet(CELLS)).replace("xmlns=", "xmlns:x="),
                )
            ),
            id="prefix",
        ),
    ],
)
def test_positions_are_exact(tmp_path: Path, content: bytes) -> None:
    assert rows_of(read(save(tmp_path, content))[0]) == EXPECTED


def test_facts_are_placed_without_references_and_with_prefix(tmp_path: Path) -> None:
    rows = '<row><c><v>1</v></c></row><row><c/><c t="e"><v>#N/A</v></c></row>'
    bare = read(save(tmp_path, workbook(rows)))[0]
    prefixed = re.sub("<(/?)", r"<\1x:", worksheet(rows)).replace("xmlns=", "xmlns:x=")
    for sheet in (bare, read(save(tmp_path, zipped(workbook_parts(prefixed))))[0]):
        assert rows_of(sheet) == [("1", None), (None, "#N/A")]
        assert sheet.doubtful == ((1, 1, "错误值"),)


def test_facts_beyond_the_first_megabyte(tmp_path: Path) -> None:
    filler = "".join(
        f'<row r="{i}"><c r="A{i}"><v>{i}</v></c><c r="AB{i}"><v>1</v></c></row>' for i in range(1, 30_001)
    )
    last = '<row r="30001"><c r="AC30001"><v>110105198001011234</v></c></row>'
    assert len(filler) > 1 << 20
    sheet = read(save(tmp_path, workbook(filler + last)))[0]
    assert sheet.cells.shape == (30_001, 29)
    assert sheet.cells["c28"][-1] == "110105198001011234"
    assert [(row, column) for row, column, _ in sheet.doubtful] == [(30_000, 28)]


def test_a_book_as_excel_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(path)
    shown, hidden, very = book.add_worksheet("排放口"), book.add_worksheet("隐藏"), book.add_worksheet("深藏")
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=排放口!$A$1:$A$2"})
    book.add_chartsheet("图").set_chart(chart)
    empty = book.add_worksheet("空")
    shown.merge_range("A1:C1", "大气排放口基本情况表")
    shown.merge_range("A2:A3", "编号")
    shown.write_datetime("B4", datetime(2023, 1, 5, 8, 30), book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
    shown.write_datetime("C4", date(2023, 1, 5), book.add_format({"num_format": "yyyy年m月d日"}))
    shown.write_datetime("A5", time(8, 30), book.add_format({"num_format": "hh:mm"}))
    shown.write_boolean("A4", True)
    shown.set_row(3, None, None, {"hidden": True})
    hidden.write_string("A1", "x")
    hidden.hide()
    very.write_string("A1", "y")
    very.very_hidden()
    assert empty is not None
    book.close()
    sheets = read(path)
    assert [(sheet.name, sheet.hidden) for sheet in sheets] == [
        ("排放口", False),
        ("隐藏", True),
        ("深藏", True),
        ("空", False),
    ]
    assert rows_of(sheets[0])[3:] == [("TRUE", "2023-01-05 08:30:00", "2023-01-05"), ("08:30:00", None, None)]
    assert sheets[0].merges == ((0, 0, 0, 2), (1, 0, 2, 0))
    assert sheets[0].first_row == 1
    assert sheets[3].cells.height == 0


def test_openpyxl_books_and_source(tmp_path: Path) -> None:
    path = tmp_path / "错后缀.xls"
    book = openpyxl.Workbook()
    book.active.append(["许可证编号", 1.5])
    book.save(path)
    sheet = read(path)[0]
    assert rows_of(sheet) == [("许可证编号", "1.5")]
    assert (sheet.format, sheet.source.name, sheet.source.size) == ("xlsx", "错后缀.xls", path.stat().st_size)


def test_a_biff_book_whatever_its_ending(tmp_path: Path, real_dir: Path) -> None:
    content = (real_dir / "inspection_form_merged_cells.xls").read_bytes()
    sheets = read(save(tmp_path, content, "其实是xls.xlsx"))
    assert [sheet.name for sheet in sheets] == ["检验单", "路侧绿化 (2)", "中间交工证书", "评定表", "Sheet1"]
    assert (sheets[0].format, len(sheets[0].merges)) == ("xls", 20)
    assert "损坏" in refusal(save(tmp_path, content[:3000], "半个.xls"))
    second = content.index(b"\xe1\x00\x02\x00\xb0\x04")  # the record after the start, where a password would stand
    locked = content[:second] + b"\x2f" + content[second + 1 :]
    assert "已加密" in refusal(save(tmp_path, locked, "锁.xls"))


def test_missing_sheet_part_is_named(tmp_path: Path) -> None:
    parts = workbook_parts(worksheet(CELLS))
    del parts["xl/worksheets/sheet1.xml"]
    assert "工作表“数据”的内容缺失" in refusal(save(tmp_path, zipped(parts)))


def test_truncated_and_damaged_books(tmp_path: Path) -> None:
    content = workbook(CELLS)
    assert "不完整" in refusal(save(tmp_path, content[: len(content) // 2]))
    place = content.index(b"xl/worksheets/sheet1.xml") + 60
    assert "sheet1.xml 已损坏" in refusal(save(tmp_path, content[:place] + bytes(20) + content[place + 20 :]))


def test_a_child_that_dies_costs_one_file_only(tmp_path: Path) -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    loose = Limits(cells=1 << 60)  # past our own check, as something unforeseen would be
    assert "中途退出" in refusal(save(tmp_path, workbook(far)), loose)
    assert rows_of(read(save(tmp_path, workbook(CELLS)))[0]) == EXPECTED


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c></row>' for i in range(1, 40_001))
    with pytest.raises(UnreadableError, match="读取超过 0 秒"):
        WORKER.read(workbook(rows), Limits(seconds=0))
    assert WORKER.read(workbook(CELLS), DEFAULT)[0][0]["height"] == 4


def test_one_child_serves_many_files_and_starts_again_after_closing(tmp_path: Path) -> None:
    path = save(tmp_path, workbook(CELLS))
    read(path)
    first = WORKER._process
    read(path)
    assert WORKER._process is first
    close_readers()
    assert WORKER._process is None
    assert rows_of(read(path)[0]) == EXPECTED
