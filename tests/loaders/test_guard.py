"""Hostile files are refused with their real fault, before any library opens them."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from handmade import MAIN, read, refusal, save, text_cell, workbook, workbook_parts, worksheet, zipped

from loaders.guard import DEFAULT, Limits, Meter, UnreadableError, check_entries, inflate, open_archive, refuse_doctype
from loaders.readers import list_sources

ONE = f'<row r="1">{text_cell("A1", "许可证编号")}</row>'
PARTS = workbook_parts(worksheet(ONE))
BIG = 11 << 20  # above the size from which the ratio counts


@pytest.mark.parametrize(
    ("part", "content"),
    [
        pytest.param("xl/worksheets/sheet1.xml", worksheet(" " * BIG + ONE), id="white space"),
        pytest.param(
            "xl/worksheets/sheet1.xml", worksheet(f'<row r="1">{text_cell("A1", "a" * BIG)}</row>'), id="one text"
        ),
        pytest.param("xl/worksheets/sheet1.xml", worksheet("<row/>" * (BIG // 6)), id="rows"),
        pytest.param("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{"<si/>" * (BIG // 5)}</sst>', id="shared strings"),
        pytest.param("xl/media/image1.png", "\0" * BIG, id="a part that is no XML"),
        pytest.param("xl/workbook.xml", PARTS["xl/workbook.xml"] + " " * BIG, id="workbook"),
    ],
)
def test_bombs(tmp_path: Path, part: str, content: str) -> None:
    bomb = zipped({**PARTS, part: content})
    assert len(bomb) < 1 << 17
    assert f"{part} 的压缩比异常" in refusal(save(tmp_path, bomb))


def test_unpacked_size_counts_over_all_parts(tmp_path: Path) -> None:
    parts = {**PARTS, "xl/a.bin": bytes(600_000), "xl/b.bin": bytes(600_000)}
    path = save(tmp_path, zipped(parts))
    assert "解压后超过 1 MB" in refusal(path, Limits(bytes=1 << 20))
    assert read(path)


def test_a_directory_that_lies_about_sizes(tmp_path: Path) -> None:
    real = zipped({**PARTS, "xl/worksheets/sheet1.xml": worksheet(ONE + "<!-- -->" * 1000)})
    size = len(worksheet(ONE + "<!-- -->" * 1000).encode())
    assert real.count(struct.pack("<I", size)) == 2
    assert "sheet1.xml 已损坏" in refusal(save(tmp_path, real.replace(struct.pack("<I", size), struct.pack("<I", 700))))


@pytest.mark.parametrize("part", PARTS)
def test_document_types_in_any_part(tmp_path: Path, part: str) -> None:
    laughs = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
    assert f"{part} 含有 DOCTYPE" in refusal(save(tmp_path, zipped({**PARTS, part: laughs + PARTS[part]})))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("cut", [1, 5, 17, 400])
def test_a_document_type_across_pieces(encoding: str, cut: int) -> None:
    content = ("<?xml?>" + " " * 100 + "<!DOCTYPE x>" + " " * 100).encode(encoding)
    pieces = [content[i : i + cut] for i in range(0, len(content), cut)]
    with pytest.raises(UnreadableError, match="DOCTYPE"):
        list(refuse_doctype(pieces))
    clean = [piece.replace(b"!", b"?") for piece in pieces]
    assert list(refuse_doctype(clean)) == clean


@pytest.mark.parametrize(
    ("rows", "extent"),
    [
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "1048576 行 × 16384 列"),
        (
            '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="9000"><c r="A9000"><v>1</v></c></row>',
            "9000 行",
        ),
    ],
)
def test_extent_is_bounded(tmp_path: Path, rows: str, extent: str) -> None:
    message = refusal(save(tmp_path, workbook(rows)))
    assert "工作表“数据”" in message
    assert extent in message


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ('<row r="1"><c r="A999999999" t="e"><v>#N/A</v></c></row>', "999999999 行"),
        ('<row r="1">' + '<c r="A1" t="e">' * 20_000, "损坏"),
        ('<row r="1" ' + '<c t="e" ' * 20_000, "损坏"),
    ],
)
def test_cells_that_lie_or_never_end(tmp_path: Path, rows: str, fault: str) -> None:
    assert fault in refusal(save(tmp_path, workbook(rows)))


def test_a_stray_cell_far_down_still_reads(tmp_path: Path) -> None:
    rows = ONE + '<row r="20000"><c r="AD20000"><v>7</v></c></row>'
    sheet = read(save(tmp_path, workbook(rows)))[0]
    assert sheet.cells.shape == (20_000, 30)
    assert sheet.cells["c29"][-1] == "7"


def _entry(name: str, **facts: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for key, value in facts.items():
        setattr(info, key, value)
    return info


def _bundle(*entries: zipfile.ZipInfo | str) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of the duplicate that is wanted here
        for entry in entries:
            archive.writestr(entry, "编号,名称\n1,甲\n")
    return result.getvalue()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(_bundle("a.csv", "../../evil.csv"), "越界的文件名", id="parent folder"),
        pytest.param(_bundle("/etc/evil.csv"), "越界的文件名", id="absolute"),
        pytest.param(_bundle("C:\\evil.csv"), "越界的文件名", id="drive"),
        pytest.param(_bundle("a\\..\\..\\evil.csv"), "越界的文件名", id="backslash"),
        pytest.param(_bundle(_entry("link", external_attr=0o120777 << 16)), "符号链接", id="symlink"),
        pytest.param(_bundle("a.csv", "a.csv"), "重名文件", id="duplicate"),
        pytest.param(_bundle(_entry("b.csv", compress_type=zipfile.ZIP_LZMA)), "压缩方法", id="method"),
        pytest.param(_bundle("a.csv")[:-10], "不完整", id="truncated"),
        pytest.param(_bundle(), "没有可读的文件", id="empty"),
        pytest.param(_bundle("README.md", ".hidden", "__MACOSX/a.csv"), "没有可读的文件", id="nothing but notes"),
        pytest.param(_bundle(*(f"{i}.csv" for i in range(5001))), "超过上限 5000", id="too many"),
    ],
)
def test_bad_bundles(tmp_path: Path, content: bytes, fault: str) -> None:
    assert fault in refusal(save(tmp_path, content, "上报.zip"))


def test_a_locked_bundle(tmp_path: Path) -> None:
    content = bytearray(_bundle("a.csv"))
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + place] |= 1
    assert "密码" in refusal(save(tmp_path, bytes(content), "锁.zip"))


def test_bombs_in_bundles(tmp_path: Path) -> None:
    content = zipped({"a.csv": bytes(BIG)})
    path = save(tmp_path, content, "a.zip")
    assert refusal_of_member(path, "a.csv") == "a.zip/a.csv：a.csv 的压缩比异常（疑似压缩炸弹），拒绝读取"
    assert "解压后超过" in refusal(path, Limits(bytes=1 << 20))


def refusal_of_member(path: Path, member: str) -> str:
    message = refusal(path)
    assert message.startswith(f"{path.name}/{member}：")
    return message


def test_nested_sizes_are_summed(tmp_path: Path) -> None:
    inner = zipped({"a.csv": "a,b\n" * 75_000})
    path = save(tmp_path, zipped({f"{i}.zip": inner for i in range(5)}), "外.zip")
    faults = [source.fault for source in list_sources([path], limits=Limits(bytes=1 << 20))]
    assert faults[:3] == [""] * 3
    assert all("解压后超过 1 MB" in fault for fault in faults[3:])


def test_time_is_bounded() -> None:
    with open_archive(io.BytesIO(zipped({"a": "x"}))) as archive:
        check_entries(archive, DEFAULT)
        with pytest.raises(UnreadableError, match="检查用时超过"):
            list(inflate(archive, archive.infolist()[0], Meter(Limits(seconds=-1))))
