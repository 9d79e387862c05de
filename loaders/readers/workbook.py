"""Excel workbooks: calamine reads the values in a process of its own, our own pass adds what it drops.

What is put together here: guard, facts, values. How the child is kept belongs to :mod:`loaders.readers.worker`.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import polars as pl

from loaders.guard import Limits, Meter, check_entries, check_extent, inflate, open_archive, refuse_doctype
from loaders.readers.frames import blank_to_null, from_columns, put
from loaders.readers.sheet_facts import Facts, scan_sheet
from loaders.readers.workbook_parts import Book, read_book
from loaders.readers.worker import WORKER
from loaders.sheet import Sheet, SourceFile

_LONG = "超过 15 位的数字，末尾几位可能已失真"


def read_xlsx(data: bytes, source: SourceFile, limits: Limits) -> list[Sheet]:
    """Every worksheet, hidden ones too, in the workbook's order."""
    with open_archive(io.BytesIO(data)) as archive:
        check_entries(archive, limits)
        book, facts = _survey(archive, limits)
        broken = {part for part, found in facts.items() if found.unknown_error}
        if broken:
            data = _errors_as_text(archive, broken, limits)
    by_name = {book.sheets[part]: found for part, found in facts.items()}
    return [
        _to_sheet(header, columns, source, "xlsx", by_name.get(header["name"], Facts()), book.date_1904)
        for header, columns in WORKER.read(data, limits)
    ]


def read_xls(data: bytes, source: SourceFile, limits: Limits) -> list[Sheet]:
    """Every worksheet of a BIFF workbook; error values and formulas without result cannot be told from blanks."""
    return [_to_sheet(header, columns, source, "xls", Facts()) for header, columns in WORKER.read(data, limits)]


def _survey(archive: zipfile.ZipFile, limits: Limits) -> tuple[Book, dict[str, Facts]]:
    """Every part unpacked once, within bounds; the worksheets scanned on the way."""
    book = read_book(archive, Meter(limits))
    meter = Meter(limits)
    facts: dict[str, Facts] = {}
    for entry in archive.infolist():
        chunks = refuse_doctype(inflate(archive, entry, meter), f"{entry.filename} ")
        name = book.sheets.get(entry.filename)
        if name is None:
            for _ in chunks:
                pass
            continue
        found = facts[entry.filename] = scan_sheet(chunks, book)
        check_extent(found.rows, found.columns, limits.cells, f"工作表“{name}”")
    return book, facts


def _errors_as_text(archive: zipfile.ZipFile, parts: set[str], limits: Limits) -> bytes:
    """The workbook with the error cells of these parts as texts: one error unknown to calamine costs the sheet."""
    result = io.BytesIO()
    meter = Meter(limits)
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        for entry in archive.infolist():
            content = b"".join(inflate(archive, entry, meter))
            if entry.filename in parts:
                content = re.sub(rb'(<(?:\w+:)?c\b[^<>]*\bt=)"e"', rb'\1"str"', content)
            copy.writestr(entry.filename, content)
    return result.getvalue()


def _to_sheet(
    header: dict[str, Any], columns: list[bytes], source: SourceFile, kind: str, facts: Facts, date_1904: bool = False
) -> Sheet:
    frame = from_columns(
        pl.Series([blob.decode()]).str.split(separator).explode()
        for blob, separator in zip(columns, header["separators"], strict=True)
    )
    frame = put(blank_to_null(frame), ((row, column, text) for row, column, _, text in facts.finds if text is not None))
    doubtful = {(row, column): why for row, column, why, _ in facts.finds}
    for row, column in header["long"]:
        doubtful.setdefault((row, column), _LONG)
    merges = tuple(sorted((first, left, last, right) for first, left, last, right in header["merges"]))
    return Sheet(
        source,
        header["name"],
        frame,
        merges=merges,
        hidden=header["hidden"],
        date_1904=date_1904,
        format=kind,
        doubtful=tuple((row, column, why) for (row, column), why in sorted(doubtful.items())),
    )
