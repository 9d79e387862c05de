"""Findings (or any frame) as one file for other programs and for people: csv, json, parquet, xlsx.

No ledger: nothing here is to be filled in and handed back.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from checks.errors import ExitCode, UserError, nearest
from reports.files import whole_file
from reports.style import Style
from reports.workbook import ROW_LIMIT, PageSetup, clean_text, open_book

FORMATS = ("csv", "json", "parquet", "xlsx")
_ORDER = ("district", "permit_no", "rule_id", "record", "finding_id")
_RISKY = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SLICE = 50_000  # rows turned into Python values at a time
_LARGE = 20_000


def export_findings(findings: pl.DataFrame, target: Path | None, format: str) -> None:
    """Write the findings in their fixed order to ``target``, or to standard output (csv and json only) for None.

    A csv file has a byte-order mark, for Excel; a csv on standard output has none, for other programs.
    """
    if format not in FORMATS:
        near = "、".join(nearest(format, list(FORMATS), 1) or FORMATS)
        raise UserError(f"不支持的导出格式“{format}”，可用 {'、'.join(FORMATS)}（是否要 {near}？）", ExitCode.USAGE)
    frame = findings.sort([name for name in _ORDER if name in findings.columns], maintain_order=True)
    if target is None:
        if format not in ("csv", "json"):
            raise UserError(f"{format} 不能写到标准输出：请用 -o 给出文件名，或改用 csv、json", ExitCode.USAGE)
        sys.stdout.flush()
        _WRITERS[format](frame, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    elif format == "xlsx":
        _write_xlsx(frame, target)
    else:
        with whole_file(target) as handle:
            if format == "csv":
                handle.write("\ufeff".encode())
            _WRITERS[format](frame, handle)


def safe_csv_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula: ``'`` before a risky first character, unless it is a number."""
    text = clean_text(text, limit=sys.maxsize)
    return f"'{text}" if _RISKY.match(text) and not _NUMBER.fullmatch(text) else text


def _rows(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    for piece in frame.iter_slices(_SLICE):
        yield from piece.iter_rows()


def _write_csv(frame: pl.DataFrame, handle: BinaryIO) -> None:
    text = io.TextIOWrapper(handle, encoding="utf-8", newline="")
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(frame.columns)
        for row in _rows(frame):
            writer.writerow([_csv_cell(value) for value in row])
        text.flush()
    finally:
        text.detach()  # the handle belongs to the caller


def _csv_cell(value: object) -> object:
    plain = _plain(value)
    return safe_csv_text(plain) if isinstance(plain, str) else plain


def _write_json(frame: pl.DataFrame, handle: BinaryIO) -> None:
    handle.write(b"[")
    names = frame.columns
    for number, row in enumerate(_rows(frame)):
        record = {name: _json_value(value) for name, value in zip(names, row, strict=True)}
        separator = ",\n" if number else "\n"
        handle.write((separator + json.dumps(record, ensure_ascii=False, allow_nan=False)).encode())
    handle.write(b"\n]\n")


def _write_parquet(frame: pl.DataFrame, handle: BinaryIO) -> None:
    frame.write_parquet(handle)


_WRITERS = {"csv": _write_csv, "json": _write_json, "parquet": _write_parquet}


def _write_xlsx(frame: pl.DataFrame, target: Path) -> None:
    head, cell = Style(bold=True, fill="#D9E2EC"), Style(is_top=True, border=False)
    with open_book(target, date(2000, 1, 1), is_large=frame.height > _LARGE) as book:
        for start in range(0, max(frame.height, 1), ROW_LIMIT):
            sheet = book.add_sheet("问题" if start == 0 else f"问题{start // ROW_LIMIT + 1}")
            sheet.set_widths([min(max(len(name) + 4, 14), 40) for name in frame.columns])
            sheet.write_row(0, frame.columns, head)
            rows = frame.slice(start, ROW_LIMIT)
            for at, row in enumerate(_rows(rows), start=1):
                sheet.write_row(at, [_plain(value) for value in row], cell, height=15)
            sheet.freeze(1)
            sheet.set_filter(0, rows.height, len(frame.columns) - 1)
            sheet.set_page(PageSetup("", repeat=0))


def _plain(value: object) -> object:
    """A value as one cell: lists and structures as JSON, dates as ISO text, none as nothing."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


def _json_value(value: object) -> object:
    if isinstance(value, float) and value not in (float("inf"), float("-inf")) and value == value:
        return value
    if isinstance(value, float):
        return None
    return value if isinstance(value, (str, int, bool, list, dict, type(None))) else str(_plain(value))
