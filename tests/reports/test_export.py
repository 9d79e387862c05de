"""Findings as files for other programs: complete, in a fixed order, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from make_case import finding, frame, some_findings
from polars.testing import assert_frame_equal

from checks.errors import ExitCode, UserError
from reports.export import export_findings, safe_csv_text

_ORDER = ["district", "permit_no", "rule_id", "record", "finding_id"]


@pytest.mark.parametrize("format", ["csv", "json", "parquet", "xlsx"])
def test_all_formats_hold_all_rows_in_order_and_the_same_bytes(tmp_path: Path, format: str) -> None:
    expected = some_findings().sort(_ORDER)
    path = tmp_path / f"findings.{format}"
    export_findings(some_findings(), path, format)
    if format == "parquet":
        assert_frame_equal(pl.read_parquet(path), expected)
    elif format == "json":
        assert json.loads(path.read_text(encoding="utf-8")) == expected.to_dicts()
        assert "城东区" in path.read_text(encoding="utf-8")
    elif format == "csv":
        assert path.read_bytes().startswith(b"\xef\xbb\xbfrun_id,")
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
        texts = [
            {key: "" if value is None else str(value) for key, value in row.items()} for row in expected.to_dicts()
        ]
        assert rows == texts
    else:
        rows = list(openpyxl.load_workbook(path)["问题"].iter_rows(values_only=True))
        assert list(rows[0]) == expected.columns
        assert rows[1:] == expected.rows()
    again = tmp_path / f"again.{format}"
    export_findings(some_findings().sample(fraction=1, shuffle=True, seed=1), again, format)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("format", ["csv", "json", "parquet", "xlsx"])
def test_no_findings_are_still_a_readable_file(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"findings.{format}"
    export_findings(frame([]), path, format)
    if format == "json":
        assert json.loads(path.read_text(encoding="utf-8")) == []
    elif format == "csv":
        assert path.read_text(encoding="utf-8-sig").splitlines() == [",".join(frame([]).columns)]
    elif format == "parquet":
        assert_frame_equal(pl.read_parquet(path), frame([]))
    else:
        assert openpyxl.load_workbook(path)["问题"].max_row == 1


@pytest.mark.parametrize(
    "text", ["=1+1", "+a", "-a", "@a", "＝1", "＋a", "－a", "＠a", "\tx", "\rx", "-1+2", "+86 10", "--"]
)
def test_risky_csv_cells_are_defused(text: str) -> None:
    assert safe_csv_text(text) == "'" + text.replace("\r", "\n")


@pytest.mark.parametrize("text", ["-1", "+1.5", "-.5", "-1e-3", "普通", "1=1", "", "a-b", "000123"])
def test_harmless_csv_cells_stay(text: str) -> None:
    assert safe_csv_text(text) == text


@pytest.mark.parametrize("format", ["csv", "json"])
def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes], format: str) -> None:
    export_findings(frame([finding(0, 0, message="=1+1")]), None, format)
    out = capfdbinary.readouterr().out
    assert not out.startswith(b"\xef\xbb\xbf")
    if format == "json":
        assert json.loads(out)[0]["message"] == "=1+1"
    else:
        assert next(csv.DictReader(io.StringIO(out.decode(), newline="")))["message"] == "'=1+1"


def test_wrong_formats_are_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="xlsx") as caught:
        export_findings(frame([]), tmp_path / "a", "xls")
    assert caught.value.exit_code == ExitCode.USAGE
    with pytest.raises(UserError, match="标准输出"):
        export_findings(frame([]), None, "parquet")
    assert list(tmp_path.iterdir()) == []


def test_xlsx_export_has_no_formulas(tmp_path: Path) -> None:
    export_findings(frame([finding(0, 0, message="=1+1", permit_no="http://x")]), tmp_path / "a.xlsx", "xlsx")
    row = openpyxl.load_workbook(tmp_path / "a.xlsx")["问题"][2]
    assert {cell.data_type for cell in row} <= {"s", "n"}
    assert [cell.value for cell in row if cell.value == "=1+1"] == ["=1+1"]
    assert not [cell for cell in row if cell.hyperlink]
