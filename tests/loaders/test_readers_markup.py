"""HTML and XML saved as .xls: what the page shows, and the full text where it shows less."""

from __future__ import annotations

from pathlib import Path

import pytest
from handmade import read, refusal, rows_of, save

from loaders.guard import Limits

PAGE = '<html><head><meta http-equiv="Content-Type" content="text/html; charset={}"></head><body>{}</body></html>'


def page(body: str, told: str = "utf-8", written: str = "utf-8") -> bytes:
    return PAGE.format(told, body).encode(written)


def table(*rows: str) -> str:
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("utf-8", "utf-8"),
        ("gb2312", "gb18030"),
        ("gbk", "utf-8"),
        ("utf-8", "gb18030"),
        ("x-none", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_encoding_as_told_or_as_is(tmp_path: Path, told: str, written: str) -> None:
    content = page(table("<th>编号</th><th>名称</th>", "<td>000123</td><td>联通𠮷厂</td>"), told, written)
    sheet = read(save(tmp_path, content, "列表.xls"))[0]
    assert rows_of(sheet) == [("编号", "名称"), ("000123", "联通𠮷厂")]
    assert (sheet.format, sheet.name, sheet.first_row) == ("html", "", 1)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<td title="某某化工股份有限公司">某某化工...</td>', "某某化工股份有限公司"),
        ('<td><span title="某某化工股份有限公司"> 某某化工… </span></td>', "某某化工股份有限公司"),
        ('<td title="点击排序">编号</td>', "编号"),
        ('<td title="热电联产">热电联产</td>', "热电联产"),
        ('<td><a href="/x?a=1&amp;dataid=2eb3">查看</a></td>', "/x?a=1&dataid=2eb3"),
        ('<td><a href="/y">甲厂</a></td>', "甲厂"),
        ("<td>查看</td>", "查看"),
        ("<td>&nbsp;</td>", None),
        ("<td>  一 \n 二<br>三&nbsp;</td>", "一 二\n三"),
        ("<td>a<!-- b -->c<script>d</script></td>", "ac"),
        ("<td>110105198001011234</td>", "110105198001011234"),
    ],
)
def test_cell_texts(tmp_path: Path, cell: str, text: str | None) -> None:
    sheet = read(save(tmp_path, page(table(f"<td>左</td>{cell}<td>右</td>"))))[0]
    assert rows_of(sheet) == [("左", text, "右")]


def test_spans_are_merges(tmp_path: Path) -> None:
    body = table(
        '<td colspan="2" rowspan="2">a</td><td>b</td>', "<td>c</td>", '<td>d</td><td colspan="x">e</td><td>f</td>'
    )
    sheet = read(save(tmp_path, page(body)))[0]
    assert rows_of(sheet) == [("a", None, "b"), (None, None, "c"), ("d", "e", "f")]
    assert sheet.merges == ((0, 0, 1, 1),)
    endless = page(table('<td colspan="999999999" rowspan="999999999">a</td><td>b</td>'))
    assert read(save(tmp_path, endless))[0].cells.shape == (1, 1001)


def test_tables_in_tables_and_several_tables(tmp_path: Path) -> None:
    inner = table("<td>甲</td>")
    body = (
        table(f"<td>{inner}</td><td>{table('<td>乙</td>')}</td>")
        + "<table><caption>丙 表</caption><tr><td>丙</td></tr></table>"
    )
    sheets = read(save(tmp_path, page(body)))
    assert [(sheet.name, rows_of(sheet)) for sheet in sheets] == [
        ("表格1", [("甲",)]),
        ("表格2", [("乙",)]),
        ("丙 表", [("丙",)]),
    ]


def test_a_page_without_table(tmp_path: Path) -> None:
    assert "没有表格" in refusal(save(tmp_path, page("<div>请登录</div>"), "列表.xls"))


XML = """<?xml version="1.0" encoding="{}"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel"><Worksheet ss:Name="许可"><Table>{}</Table></Worksheet>
 <Worksheet ss:Name="隐"><Table/><x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet>
</Workbook>"""
XML_ROWS = """<Row ss:Index="2"><Cell ss:MergeAcross="1" ss:MergeDown="1"><Data ss:Type="String">编号</Data></Cell>
<Cell><Data ss:Type="Number">5.0</Data></Cell></Row>
<Row><Cell ss:Index="4"><Data ss:Type="DateTime">2023-01-05T00:00:00.000</Data></Cell>
<Cell><Data ss:Type="Boolean">1</Data></Cell><Cell><Data ss:Type="Error">#N/A</Data></Cell>
<Cell><Data ss:Type="Number">110105198001011234</Data></Cell></Row>"""


@pytest.mark.parametrize(("told", "written"), [("UTF-8", "utf-8"), ("GBK", "gbk")])
def test_spreadsheet_2003(tmp_path: Path, told: str, written: str) -> None:
    shown, hidden = read(save(tmp_path, XML.format(told, XML_ROWS).encode(written), "旧.xls"))
    assert rows_of(shown) == [
        (None,) * 7,
        ("编号", None, "5", None, None, None, None),
        (None, None, None, "2023-01-05", "TRUE", "#N/A", "110105198001011234"),
    ]
    assert shown.merges == ((1, 0, 2, 1),)
    assert [(row, column) for row, column, _ in shown.doubtful] == [(2, 5), (2, 6)]
    assert [(sheet.name, sheet.hidden) for sheet in (shown, hidden)] == [("许可", False), ("隐", True)]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (XML.format("UTF-8", '<Row ss:Index="99999999"/>'), "超过 1048576 行"),
        (
            XML.format("UTF-8", '<Row><Cell ss:Index="99999"><Data ss:Type="String">a</Data></Cell></Row>'),
            "超过 16384 列",
        ),
        (XML.format("UTF-8", XML_ROWS)[:-40], "文件可能不完整"),
        (XML.format("UTF-8", "").replace("<Workbook", '<!DOCTYPE a [<!ENTITY b "c">]><Workbook', 1), "DOCTYPE"),
    ],
)
def test_hostile_or_broken_spreadsheet_2003(tmp_path: Path, content: str, fault: str) -> None:
    assert fault in refusal(save(tmp_path, content.encode(), "旧.xls"))


def test_extent_of_html_is_bounded(tmp_path: Path) -> None:
    path = save(tmp_path, page(table("<td>a</td><td>b</td>", "<td>a</td><td>b</td>")))
    assert "2 行 × 2 列" in refusal(path, Limits(cells=3))
