"""What a file is, and how it is encoded, from its bytes alone."""

from __future__ import annotations

import pytest
from handmade import workbook, zipped

from loaders.guard import UnreadableError
from loaders.sniff import Format, sniff, to_utf8

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
BOOK_2003 = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>'


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (workbook(""), Format.XLSX),
        (zipped({"a.csv": "x", "b/xl/workbook.xml": "x"}), Format.ZIP),
        (OLE + "Workbook".encode("utf-16-le"), Format.XLS),
        (b"PAR1....", Format.PARQUET),
        (b"\xef\xbb\xbf <HTML><body>", Format.HTML),
        ("<html>".encode("utf-16"), Format.HTML),
        ("<table><tr><td>编号".encode("gbk"), Format.HTML),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html><html>', Format.HTML),
        (BOOK_2003.encode(), Format.SPREADSHEET_XML),
        (b' [ {"a": 1}]', Format.JSON),
        ('{"许可证": 1}'.encode("gb18030"), Format.JSON),
        ('[{"a": 1}]'.encode("utf-16"), Format.JSON),
        ("[2020]12号,某厂\n".encode(), Format.TEXT),
        (b"<5,mg/L\n", Format.TEXT),
        ("编号,名称\n".encode("utf-16-le"), Format.TEXT),
    ],
)
def test_formats(data: bytes, kind: Format) -> None:
    assert sniff(data) is kind


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "文件是空的"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "已加密"),
        (OLE + "WordDocument".encode("utf-16-le"), "Word"),
        (OLE, "xls 不完整"),
        (zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "Word"),
        (zipped({"[Content_Types].xml": "", "xl/workbook.bin": ""}), "xlsb"),
        (zipped({"mimetype": "x", "content.xml": ""}), "OpenDocument"),
        (b"%PDF-1.7", "PDF"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"\x89PNG\r\n", "图片"),
        (b"\x01\x02\x00\x00\x05\x00\x07", "无法识别"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "MHT"),
        (b'<?xml version="1.0"?><note/>', "不是表格"),
    ],
)
def test_what_cannot_be_read_is_named(data: bytes, fault: str) -> None:
    with pytest.raises(UnreadableError, match=fault):
        sniff(data)


LINES = "许可证编号,名称\n913701,联通𠮷厂\n" * 3


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_encodings(written: str, told: str) -> None:
    assert to_utf8(LINES.encode(written)) == (LINES.encode(), told)


@pytest.mark.parametrize("text", ["联通", "许可编号,名称", "㐀"])
def test_short_chinese_samples_are_gb18030(text: str) -> None:
    assert to_utf8(text.encode("gb18030")) == (text.encode(), "gb18030")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_characters_across_pieces(encoding: str) -> None:
    text = "a" + "许可𠮷" * 250_000
    assert to_utf8(text.encode(encoding))[0] == text.encode()


def test_two_encodings_in_one_file_are_refused_with_the_place() -> None:
    data = "甲,乙\n".encode("gb18030") * 100 + b"\x80\n" + "丙\n".encode() * 3
    with pytest.raises(UnreadableError, match=r"按 GB18030 读到第 101 行（第 600 字节）出错"):
        to_utf8(data)
    half = "丙丁\n".encode() * 400_000 + b"\xff\xff\n"
    with pytest.raises(UnreadableError, match=r"按 UTF-8 读到第 400001 行（第 2800000 字节）"):
        to_utf8(half)
