"""The text tables of an export as the files an authority sends: sheets, lists, a bundle, or parquet.

Which file has which form, order and wording is data (``exports.yaml``). The same tables give the
same bytes: times inside files are fixed.
"""

from __future__ import annotations

import csv
import html
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from checks.tables import TABLES
from generator.variant import FOLDER, read

CREATED = datetime(2026, 10, 20, 9, 0, 0)
BUNDLE = "许可证副本附表.zip"
_TAG_HEAD = (
    '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv="Content-Type" '
    'content="text/html; charset=utf-8"/></head><body>\n<table class="tabtd" border="1">\n'
)


@dataclass(frozen=True)
class SheetSpec:
    """One file of an export."""

    table: str
    file: str
    fields: tuple[str, ...]
    form: str = "xlsx"
    title: str = ""
    encoding: str = "utf-8"
    headings: dict[str, str] = field(default_factory=dict)
    only: dict[str, str] = field(default_factory=dict)
    bundle: bool = False
    bands: dict[str, Any] | None = None
    merge_down: tuple[str, ...] = ()

    def wordings(self) -> list[str]:
        """The headings of all columns, groups included."""
        by_name = TABLES[self.table].by_name
        return [self.headings.get(name) or by_name[name].heading for name in self.fields]


@cache
def _data() -> dict[str, Any]:
    return dict(read(FOLDER / "exports.yaml"))


@cache
def sheets(period: str) -> tuple[SheetSpec, ...]:
    """All files of one quarter's export."""
    changes = _data()["periods"].get(period, {})
    found = []
    for key, base in _data()["sheets"].items():
        spec = {"table": key, **base, **changes.get(key, {})}
        spec["fields"] = tuple(spec["fields"])
        spec["merge_down"] = tuple(spec.get("merge_down", ()))
        spec.setdefault("title", TABLES[spec["table"]].title)
        found.append(SheetSpec(**spec))
    return tuple(found)


def _split_heading(heading: str) -> tuple[str, str]:
    for group in _data()["groups"]:
        if heading.startswith(group + "/"):
            return group, heading[len(group) + 1 :]
    return "", heading


def _rows(spec: SheetSpec, frame: pl.DataFrame) -> list[tuple[str | None, ...]]:
    for name, value in spec.only.items():
        frame = frame.filter(pl.col(name) == value)
    if "sequence" in spec.fields and spec.only:
        frame = frame.with_columns(pl.int_range(1, pl.len() + 1).over("permit_no").cast(pl.String).alias("sequence"))
    missing = [pl.lit("/").alias(name) for name in spec.fields if name not in frame.columns]
    return frame.with_columns(missing).select(spec.fields).rows()


def _csv(spec: SheetSpec, rows: Sequence[tuple[str | None, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_split_heading(heading)[1] for heading in spec.wordings()])
    writer.writerows(rows)
    return text.getvalue().encode(spec.encoding)


def _json(spec: SheetSpec, rows: Sequence[tuple[str | None, ...]]) -> bytes:
    names = spec.wordings()
    number = {name for name in spec.fields if TABLES[spec.table].by_name[name].kind == "integer"}
    records = [
        {
            heading: int(value) if key in number and str(value).isdigit() else value
            for key, heading, value in zip(spec.fields, names, row, strict=True)
        }
        for row in rows
    ]
    return json.dumps(records, ensure_ascii=False, indent=0).encode("utf-8")


def _html(spec: SheetSpec, rows: Sequence[tuple[str | None, ...]]) -> bytes:
    """The public list: long names are shortened on screen, the full text stands in ``title``."""
    lines = [_TAG_HEAD, "<tr>", *(f"<th>{html.escape(heading)}</th>" for heading in spec.wordings()), "</tr>\n"]
    for row in rows:
        lines.append("<tr>")
        for name, value in zip(spec.fields, row, strict=True):
            text = html.escape(value or "")
            if name == "industry_name" and len(text) > 10:
                lines.append(f'<td title="{text}">{text[:10]}..</td>')
            elif name == "detail_address":
                lines.append('<td><a href="#">查看</a></td>')
            else:
                lines.append(f"<td>{text}</td>")
        lines.append("</tr>\n")
    return "".join([*lines, "</table></body></html>"]).encode("utf-8")


@dataclass
class _Line:
    """A printed line: its cells, and ranges of columns to merge."""

    cells: list[str | None]
    merges: tuple[tuple[int, int], ...] = ()


def _banded(spec: SheetSpec, frame: pl.DataFrame, totals: pl.DataFrame) -> list[_Line]:
    """Rows of a limits table with group rows and totals, permit by permit."""
    width, label = len(spec.fields), spec.fields.index(spec.bands["label"])  # type: ignore[index]  # bands are given here
    bands: dict[str, str] = spec.bands["groups"]  # type: ignore[index]
    named = ["permit_no", "unit_name"]
    amounts = [name for name in spec.fields if name.startswith("amount_")]
    lines: list[_Line] = []
    by_permit = dict(totals.group_by(named, maintain_order=True))
    own = dict(frame.group_by(named, maintain_order=True))
    for key in dict.fromkeys([*own, *by_permit]):
        part, sums = own.get(key, frame.clear()), by_permit.get(key, totals.clear())
        for group, total in bands.items():
            rows = part.filter(pl.col("outlet_class").fill_null("/") == group).select(spec.fields).rows()
            if group and (rows or total):
                start: list[str | None] = [None] * width
                start[0], start[1], start[label] = str(key[0]), str(key[1]), group
                lines.append(_Line(start, ((label, width - 1),)))
            lines += [_Line(list(row)) for row in rows]
            for record in sums.filter(pl.col("scope") == total).to_dicts() if total else ():
                cells: list[str | None] = ["/"] * width
                cells[0], cells[1], cells[label], cells[label + 1] = str(key[0]), str(key[1]), total, None
                cells[spec.fields.index("pollutant")] = record["pollutant"]
                for name in amounts:
                    cells[spec.fields.index(name)] = record[name]
                lines.append(_Line(cells, ((label, label + 1),)))
        others = part.filter(~pl.col("outlet_class").fill_null("/").is_in(list(bands)))
        if len(others):
            raise ValueError(f"{spec.file}: group rows for {others['outlet_class'].unique().to_list()} are not known")
    return lines


def _merge_spans(spec: SheetSpec, rows: Sequence[tuple[str | None, ...]]) -> list[tuple[int, int, int]]:
    """Runs of equal source, code, name and content in one permit: first row, last row, column."""
    columns = [spec.fields.index(name) for name in spec.merge_down]
    keys = [(row[0], *(row[column] for column in columns)) for row in rows]
    spans, start = [], 0
    for index in range(1, len(keys) + 1):
        if index == len(keys) or keys[index] != keys[start]:
            if index - start > 1:
                spans += [(start, index - 1, column) for column in columns]
            start = index
    return spans


def _xlsx(spec: SheetSpec, lines: Sequence[_Line], spans: Sequence[tuple[int, int, int]] = ()) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"created": CREATED})
    sheet = book.add_worksheet("Sheet1")
    width = len(spec.fields)
    sheet.merge_range(0, 0, 0, width - 1, spec.title)
    pairs = [_split_heading(heading) for heading in spec.wordings()]
    top = 3 if any(group for group, _ in pairs) else 2
    column = 0
    while column < width:
        group, text = pairs[column]
        end = column
        while group and end + 1 < width and pairs[end + 1][0] == group:
            end += 1
        if top == 2:
            sheet.write_string(1, column, text)
        elif not group:
            sheet.merge_range(1, column, 2, column, text)
        else:
            if end > column:
                sheet.merge_range(1, column, 1, end, group)
            else:
                sheet.write_string(1, column, group)
            for index in range(column, end + 1):
                sheet.write_string(2, index, pairs[index][1])
        column = end + 1
    hidden = {(row, column) for first, last, column in spans for row in range(first + 1, last + 1)}
    for number, line in enumerate(lines):
        for index, value in enumerate(line.cells):
            if value and (number, index) not in hidden:
                sheet.write_string(top + number, index, value)
        for first, last in line.merges:
            sheet.merge_range(top + number, first, top + number, last, line.cells[first] or "")
    for first, last, column in spans:
        sheet.merge_range(top + first, column, top + last, column, lines[first].cells[column] or "")
    book.close()
    return target.getvalue()


def _content(spec: SheetSpec, tables: dict[str, pl.DataFrame]) -> bytes | None:
    frame = tables.get(spec.table)
    if frame is None:
        return None
    if spec.bands:
        lines = _banded(spec, frame, tables[spec.bands["totals"]])
        return _xlsx(spec, lines) if spec.form == "xlsx" else _csv(spec, [tuple(line.cells) for line in lines])
    rows = _rows(spec, frame)
    if spec.form == "xlsx":
        return _xlsx(spec, [_Line(list(row)) for row in rows], _merge_spans(spec, rows) if spec.merge_down else ())
    return {"csv": _csv, "json": _json, "html": _html}[spec.form](spec, rows)


def write_forms(tables: dict[str, pl.DataFrame], period: str, folder: Path) -> None:
    """Write one quarter's export as files of many forms."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():  # a file left from an older sample would be loaded twice
        old.unlink()
    bundled: list[tuple[str, bytes]] = []
    for spec in sheets(period):
        content = _content(spec, tables)
        if content is None:
            continue
        if spec.bundle:
            bundled.append((spec.file, content))
        else:
            (folder / spec.file).write_bytes(content)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(bundled):
            info = zipfile.ZipInfo(name, date_time=CREATED.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content, compresslevel=9)
    (folder / BUNDLE).write_bytes(target.getvalue())


def _with_totals(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Totals as the platform prints them: as rows of the limits table, named in the column of the outlet."""
    merged = dict(tables)
    for limits, totals in (("air_limits", "air_totals"), ("water_limits", "water_totals")):
        rows = merged.pop(totals)
        own = rows["scope"] == "企业合计"
        if own.any():
            merged[totals] = rows.filter(own).drop("scope")
        printed = rows.filter(~own).rename({"scope": "outlet_code"})
        merged[limits] = pl.concat(
            [tables[limits], printed.select(c for c in printed.columns if c != "sequence")], how="diagonal"
        )
    return merged


def write_parquet(tables: dict[str, pl.DataFrame], folder: Path, part: int = 0) -> None:
    """Write one file per table with canonical headings; ``part`` numbers the chunks."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in _with_totals(tables).items():
        by_name = TABLES[name].by_name
        named = [pl.col(column).alias(by_name[column].heading) for column in frame.columns if column in by_name]
        target = folder / f"{TABLES[name].title}_{part:04d}.parquet"
        frame.select(named).write_parquet(target, compression="zstd", compression_level=1)
