"""Folders and archives: what is listed, in which order, under which name; and the real exports, all of them."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from handmade import read, rows_of, save, workbook, zipped

from checks.errors import ExitCode, UserError
from loaders.readers import close_readers, list_sources, read_files, read_source
from loaders.readers import sources as sources_module

CSV = "编号,名称\n1,甲\n"
BOOK = workbook('<row r="1"><c r="A1"><v>1</v></c></row>')


def names(*paths: Path) -> list[str]:
    return [source.name for source in list_sources(paths)]


def test_folders_are_walked_in_order_without_notes_and_locks(tmp_path: Path) -> None:
    for name in (
        "b.csv",
        "a.csv",
        "子/c.csv",
        "planted.csv",
        "~$a.xlsx",
        ".x.csv",
        "README.md",
        "子/.git/d",
        "__MACOSX/e.csv",
        "Thumbs.db",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    assert names(tmp_path) == ["a.csv", "b.csv", "planted.csv", "子/c.csv"]
    assert names(tmp_path / "README.md", tmp_path / "a.csv") == ["README.md", "a.csv"]


@pytest.mark.parametrize("path", ["不在.xlsx", "空"])
def test_missing_file_and_empty_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "空").mkdir()
    with pytest.raises(UserError, match=path) as caught:
        list_sources([tmp_path / path])
    assert caught.value.exit_code is ExitCode.INPUT


def _gbk_zip(name: str) -> bytes:
    """A zip as Chinese Windows makes it: the name in GBK, without the flag that says UTF-8."""
    stand_in = "x" * len(name.encode("gbk"))
    return zipped({stand_in: CSV}).replace(stand_in.encode(), name.encode("gbk"))


@pytest.mark.parametrize(
    ("content", "listed"),
    [
        (
            zipped({"b.csv": CSV, "a/许可.csv": CSV, "a/": "", "__MACOSX/a.csv": "", "~$b.csv": ""}),
            ["a/许可.csv", "b.csv"],
        ),
        (zipped({"许可.xlsx": BOOK, "许可.XLSX": BOOK}), ["许可.XLSX", "许可.xlsx"]),
        (zipped({"a\\b.csv": CSV}), ["a/b.csv"]),
        (_gbk_zip("排污许可.csv"), ["排污许可.csv"]),
        (
            zipped({"内.zip": zipped({"c.csv": CSV, "d.xlsx": BOOK}), "a.xlsx": BOOK}),
            ["a.xlsx", "内.zip/c.csv", "内.zip/d.xlsx"],
        ),
    ],
)
def test_archives_are_opened_up(tmp_path: Path, content: bytes, listed: list[str]) -> None:
    path = save(tmp_path, content, "上报.xlsx")
    found = list_sources([path])
    assert [source.name for source in found] == [f"上报.xlsx/{name}" for name in listed]
    for source in found:
        sheet = read_source(source)[0]
        assert rows_of(sheet)[0] in [("编号", "名称"), ("1",)]
        assert sheet.source.name == source.name
        assert sheet.source.sha256 == hashlib.sha256(CSV.encode() if sheet.format == "text" else BOOK).hexdigest()


def test_a_workbook_whose_first_entry_is_odd_is_still_a_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        odd = zipped({"a.txt": "", **{name: archive.read(name) for name in archive.namelist()}})
    assert names(save(tmp_path, odd)) == ["导出.xlsx"]
    assert names(save(tmp_path, zipped({"a.xlsx": odd}), "外.zip")) == ["外.zip/a.xlsx"]
    assert [rows_of(sheet) for sheet in read(tmp_path / "外.zip")] == [[("1",)]]


def test_one_bad_entry_does_not_hide_the_others(tmp_path: Path) -> None:
    deep = zipped({"2.zip": zipped({"3.zip": zipped({"x.csv": CSV}), "y.csv": CSV})})
    path = save(tmp_path, zipped({"a.csv": CSV, "b.zip": deep[:-30], "c.csv": b"", "d.zip": deep}), "外.zip")
    told: dict[str, str] = {}
    for source in list_sources([path]):
        try:
            told[source.name] = str(rows_of(read_source(source)[0])[0])
        except UserError as error:
            told[source.name] = error.message
    assert told["外.zip/a.csv"] == "('编号', '名称')"
    assert "不完整" in told["外.zip/b.zip"]
    assert told["外.zip/c.csv"] == "外.zip/c.csv：文件是空的（0 字节）"
    assert "嵌套超过 2 层" in told["外.zip/d.zip/2.zip"]


def test_an_archive_is_opened_once_for_all_its_entries(tmp_path: Path) -> None:
    close_readers()
    path = save(tmp_path, zipped({f"{i}.csv": CSV for i in range(20)}), "外.zip")
    assert len(list(read_files([path]))) == 20
    assert sources_module._archive.cache_info().misses == 1
    save(tmp_path, zipped({"neu.csv": "改,了\n"}), "外.zip")
    assert rows_of(read(path)[0]) == [("改", "了")]
    close_readers()


def test_a_file_that_vanishes_is_the_users_error(tmp_path: Path) -> None:
    source = list_sources([save(tmp_path, CSV.encode(), "a.csv")])[0]
    source.path.unlink()
    with pytest.raises(UserError, match=r"a\.csv：无法打开"):
        read_source(source)


def test_all_forms_read_whole(forms_dir: Path) -> None:
    told = set(
        re.findall(r"[^\s,|`]+?\.(?:xlsx|xls|csv|json)(?=[ ,|])", (forms_dir / "README.md").read_text(encoding="utf-8"))
    )
    sheets = {sheet.source.name: sheet for sheet in read_files([forms_dir])}
    assert set(sheets) >= told - {"permit_tables.csv"}
    assert len(sheets) == 34
    assert not any(sheet.doubtful for sheet in sheets.values())
    listed = rows_of(sheets["许可信息公开列表.xls"])
    assert all("dataid=" in str(row[8]) for row in listed[1:])
    assert not any("..." in str(cell) or "…" in str(cell) for row in listed for cell in row)
    bands = sheets["大气污染物有组织排放许可限值.xlsx"]
    assert bands.cells.shape == (198, 14)
    assert bands.merges[0] == (0, 0, 0, 13)
    assert sheets["许可证版本列表.json"].cells.row(0) == ("许可证编号", "业务类型", "版本", "办结日期", "有效期限")


# Where the README counts records other than as rows below one heading row of the sheets added up.
HEADINGS = {
    "cleaner_production_shanghai_2020.xlsx": 5,
    "key_polluters_shanghai_2020.xlsx": 2,
    "admin_licences_shanghai_2020.xlsx": 3,
    "facilities_shanghai_2020.xlsx": 3,
    "manual_monitoring_shanghai_2020.xlsx": 3,
    "eia_projects_shanghai_2020.xlsx": 3,
}


def test_all_real_files_read_whole(real_dir: Path) -> None:
    told = dict(re.findall(r"`([^`]+)` \((\d+) records", (real_dir / "README.md").read_text(encoding="utf-8")))
    rows: dict[str, int] = {}
    for sheet in read_files([real_dir]):
        if not sheet.name.startswith("values."):
            rows[sheet.source.name] = rows.get(sheet.source.name, 0) + sheet.cells.height
    assert set(rows) == {path.name for path in real_dir.iterdir()} - {"README.md"}
    counted = {name: rows[name] - HEADINGS.get(name, 1) for name in told}
    assert counted == {name: int(count) for name, count in told.items()}
    ragged = read(real_dir / "self_monitoring_enterprises_shandong_2019.csv")[0]
    assert ragged.cells.width == 9
    scale = read(real_dir / "gov_penalty_scale_jiangmen_2020.xls")
    assert [sheet.cells.height > 0 for sheet in scale] == [True] * 12 + [False] * 2
    assert sum(len(sheet.merges) for sheet in scale) > 850
