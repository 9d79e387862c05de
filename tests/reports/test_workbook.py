"""The safe writer by itself: names, texts, return codes, values, whole files."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from checks.errors import ExitCode, UserError
from reports.files import safe_file_name, whole_file
from reports.height import count_lines, row_height
from reports.keys import ALPHABET, is_problem_number, problem_number, short_district, split_row_key
from reports.style import Style
from reports.workbook import WorkbookError, clean_text, open_book, safe_sheet_name

_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("城东区", "城东区"),
        ("a[b]:*?/\\c", "a_b______c"),
        ("'引号'", "引号"),
        ("History", "History_"),
        ("", "表"),
        ("x" * 40, "x" * 31),
        ("𠮷" * 20, "𠮷" * 15),
        ("坏\x00名", "坏_名"),
    ],
)
def test_sheet_names(name: str, expected: str) -> None:
    assert safe_sheet_name(name, set()) == expected


def test_sheet_names_are_unique_whatever_their_case() -> None:
    taken: set[str] = set()
    names = [safe_sheet_name(name, taken) for name in ("Abc", "aBC", "x" * 31, "x" * 35)]
    assert names == ["Abc", "aBC_2", "x" * 31, "x" * 29 + "_2"]


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("城东区台账", "城东区台账.xlsx"),
        ('a<>:"/\\|?*b', "a_________b.xlsx"),
        ("con", "_con.xlsx"),
        ("LPT1.x", "_LPT1.x.xlsx"),
        ("尾点. .", "尾点.xlsx"),
        ("..", "未命名.xlsx"),
        ("../../etc/passwd", "_.._etc_passwd.xlsx"),
    ],
)
def test_file_names(stem: str, expected: str) -> None:
    assert safe_file_name(stem, ".xlsx") == expected


def test_file_names_are_unique_and_short_enough() -> None:
    taken: set[str] = set()
    assert [safe_file_name(name, ".xlsx", taken) for name in ("A", "a")] == ["A.xlsx", "a_2.xlsx"]
    assert len(safe_file_name("县" * 300, ".xlsx").encode()) <= 200


def test_clean_text() -> None:
    assert clean_text("甲\r\n乙\r丙\t丁") == "甲\n乙\n丙\t丁"
    assert clean_text("\x01\ud800x") == "\ufffd\ufffdx"
    assert clean_text("_x000D_") == "_x000D_"
    cut = clean_text("𠮷" * 30, limit=50)
    assert len(cut.encode("utf-16-le")) <= 100
    assert cut.endswith("原有 60 个字符）")


def test_values_keep_their_kind(tmp_path: Path) -> None:
    path = tmp_path / "kinds.xlsx"
    values = (7, 0.125, True, None, float("nan"), 10**17, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4), "=1", [1])
    with open_book(path, date(2026, 1, 1)) as book:
        book.add_sheet("x").write_row(0, values, Style())
    read = [cell.value for cell in openpyxl.load_workbook(path)["x"][1]]
    assert read == [
        *(7, 0.125, "是", None, "nan", "100000000000000000"),
        *(datetime(2026, 1, 2), datetime(2026, 1, 2, 3, 4), "=1", "[1]"),
    ]


def write_cells(path: Path, rows: list[int], is_large: bool) -> None:
    with open_book(path, date(2026, 1, 1), is_large=is_large) as book:
        sheet = book.add_sheet("x")
        for row in rows:
            sheet.write(row, 0, "a", Style())


@pytest.mark.parametrize("is_large", [False, True])
def test_refusals_of_xlsxwriter_are_errors_and_leave_no_file(tmp_path: Path, is_large: bool) -> None:
    with pytest.raises(WorkbookError, match="1048576"):
        write_cells(tmp_path / "refused.xlsx", [0, 1_048_576], is_large)
    assert list(tmp_path.iterdir()) == []


def test_rows_out_of_order_are_an_error_where_they_would_be_lost(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError):
        write_cells(tmp_path / "a.xlsx", [0, 5, 6, 1], is_large=True)
    assert list(tmp_path.iterdir()) == []


def test_an_option_with_a_comma_is_an_error(tmp_path: Path) -> None:
    with open_book(tmp_path / "b.xlsx", date(2026, 1, 1)) as book:
        sheet = book.add_sheet("x")
        with pytest.raises(WorkbookError, match="comma"):
            sheet.add_choices(1, 2, 0, ["甲,乙"], "")


def write_half(path: Path) -> None:
    with whole_file(path) as handle:
        handle.write(b"half")
        raise RuntimeError


def test_a_failed_file_leaves_the_old_one_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_the_users_error(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    (tmp_path / "folder.csv").mkdir()
    for target in (blocker / "a.csv", tmp_path / "folder.csv"):
        with pytest.raises(UserError) as caught, whole_file(target) as handle:
            handle.write(b"x")
        assert caught.value.exit_code == ExitCode.INPUT
        assert str(target) in caught.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.csv"]


_FULL_DISK = """
import resource, sys
from pathlib import Path
import polars as pl
from checks.errors import UserError
from reports.ledger import write_ledgers
from make_case import finding, frame, run_facts
rows = pl.concat([frame([finding(0, 0)])] * int(sys.argv[2])).with_columns(
    finding_id=pl.int_range(pl.len()).hash().cast(pl.String), message=pl.int_range(pl.len()).hash(7).cast(pl.String)
)
if sys.argv[3] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    write_ledgers(rows, run_facts(), Path(sys.argv[1]))
except UserError as error:
    sys.exit(f"{int(error.exit_code)} {error.message}")
"""


def _write_in_child(folder: Path, rows: int, kind: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _FULL_DISK, str(folder), str(rows), kind]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(_ROOT), str(Path(__file__).parent)]),
        "PYTHONUTF8": "1",
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="file size limits are a POSIX facility")
@pytest.mark.parametrize("rows", [2_000, 21_000])
def test_a_file_that_may_not_grow_leaves_nothing_behind(tmp_path: Path, rows: int) -> None:
    ended = _write_in_child(tmp_path, rows, "limit")
    assert ended.stderr.startswith("3 写不出文件 "), ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 2, ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rows", [5_000, 21_000])
def test_a_full_disk_is_named_and_leaves_nothing_behind(tmp_path: Path, rows: int) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs Linux and root to mount a small tmpfs")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        ended = _write_in_child(folder, rows, "disk")
        left = list(folder.iterdir())
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert "磁盘已满" in ended.stderr
    assert ended.stderr.startswith(f"3 写不出文件 {folder}"), ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 2, ended.stderr
    assert left == []


def test_problem_numbers() -> None:
    number = problem_number("城东区", "G-045", "0123456789abcdef")
    assert number == problem_number("城东区", "G-045", "0123456789abcdef")
    assert number.startswith("城东-G045-")
    assert is_problem_number(number)
    for at in range(len(number) - 11, len(number)):
        for other in ALPHABET.replace(number[at], ""):
            assert not is_problem_number(number[:at] + other + number[at + 1 :])
        if at + 1 < len(number) and number[at] != number[at + 1]:
            assert not is_problem_number(number[:at] + number[at + 1] + number[at] + number[at + 2 :])
    assert not is_problem_number("")
    many = {problem_number("城东区", "G-045", f"{key:016x}") for key in range(20_000)}
    assert len(many) == 20_000


@pytest.mark.parametrize(
    ("district", "short"),
    [
        ("城东区", "城东"),
        ("城区", "城区"),
        ("", "未填"),
        ("高新技术产业开发区", "高新技术"),
        ("=cmd|x", "cmdx"),
        ("岭南县", "岭南"),
    ],
)
def test_short_districts(district: str, short: str) -> None:
    assert short_district(district) == short


def test_split_row_key() -> None:
    assert split_row_key(" abc:0123abcd ") == ("abc", "0123abcd")
    assert split_row_key("abc") is None


def test_heights_grow_with_the_text() -> None:
    assert count_lines("", 10) == 1
    assert count_lines("十个字符宽的栏", 14) == 1
    assert count_lines("十个字符宽的栏多", 14) == 2
    assert count_lines("甲\n乙\n丙", 14) == 3
    assert count_lines("91110105E12345678X001V", 12) == 2
    assert count_lines("排放标准 DB37/2801.6-2018", 16) == 2
    assert row_height([("字" * 50, 10.0), ("短", 10.0)]) == pytest.approx(4 + 10 * 15.3)
    assert row_height([("字" * 5000, 10.0)]) == 409.0
