"""The problem ledgers of a run: one workbook per district with nothing but its own rows, and one for the city.

Which rows go into which workbook, and the sheet 问题台账 itself; the sheets around it are in ``ledger_explanation``
and ``ledger_summary``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from reports.columns import LEDGER_COLUMNS, PRINTED, FilledBy, LedgerColumn
from reports.counts import count_all
from reports.facts import RunFacts
from reports.files import safe_file_name
from reports.height import row_height
from reports.keys import fingerprint, short_district
from reports.ledger_explanation import write_explanation
from reports.ledger_parts import HEADER, NOTE, TITLE, Contents
from reports.ledger_summary import write_summary, write_units
from reports.render import hide_districts, render_findings
from reports.style import Style, severity_style
from reports.workbook import ROW_LIMIT, Book, PageSetup, SheetWriter, open_book

#: What the workbook of findings without a district is called.
NO_DISTRICT = "未填区县"
_CITY = "全市"
_LARGE = 20_000  # findings from which a workbook is written with flat memory
_HEADER_ROW = 3
_FROZEN_COLUMNS = 4

_CELL = Style(is_top=True)
_OPEN = Style(is_top=True, locked=False, fill="#FFFDE7")


def _style(column: LedgerColumn) -> Style:
    base = _OPEN if column.filled_by is FilledBy.DISTRICT else _CELL
    return replace(base, is_centred=column.is_centred, is_date=column.is_date)


_STYLES = {column.key: _style(column) for column in LEDGER_COLUMNS}
# The texts that decide how high a row is.
_MEASURED = [(c.key, c.width) for c in LEDGER_COLUMNS if c.is_printed and c.filled_by is FilledBy.BUREAU]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Ledger:
    """A ledger that was written. ``district`` is None for the city's; ``fingerprint`` covers all row keys."""

    path: Path
    district: str | None
    findings: int
    units: int
    number: str
    fingerprint: str


def write_ledgers(
    findings: pl.DataFrame,
    facts: RunFacts,
    folder: Path,
    *,
    headings: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> list[Ledger]:
    """Write the city's ledger and one per audited district into ``folder``; the same facts give the same bytes.

    ``headings``: Chinese names for the columns in the evidence. ``progress`` is told (done, all, file name).
    """
    rows = render_findings(findings, headings)
    subjects = facts.subjects.with_columns(pl.col("district").cast(pl.String).fill_null("").str.strip_chars())
    names = sorted({*rows["district"], *(name for name in subjects["district"] if name)})
    wanted: list[str | None] = [None, *names]
    taken: set[str] = set()
    written = []
    for done, district in enumerate(wanted, start=1):
        contents = _contents(rows, subjects, facts, district, tuple(names))
        path = folder / safe_file_name(f"{contents.title}_{facts.run_id}", ".xlsx", taken)
        _write_workbook(path, contents)
        written.append(
            Ledger(
                path=path,
                district=None if district is None else district or NO_DISTRICT,
                findings=contents.counts.problems,
                units=contents.counts.with_problems,
                number=contents.number,
                fingerprint=contents.fingerprint,
            )
        )
        if progress:
            progress(done, len(wanted), path.name)
    return written


def _contents(
    rows: pl.DataFrame, subjects: pl.DataFrame, facts: RunFacts, district: str | None, names: tuple[str, ...]
) -> Contents:
    others: tuple[str, ...] = ()
    if district is not None:
        rows = rows.filter(pl.col("district") == district)
        subjects = subjects.filter(pl.col("district") == district)
        others = tuple(name for name in names if name and name != district)
        own = rows["source_file"].unique().to_list()
        hidden = {name: hide_districts(name, others, district) for name in own}
        rows = rows.with_columns(pl.col("source_file").replace(hidden))
    name = _CITY if district is None else district or NO_DISTRICT
    period = "、".join(_period_text(period) for period in facts.periods)
    return Contents(
        facts=facts,
        district=district,
        name=name,
        others=others,
        rows=rows,
        counts=count_all(rows, subjects),
        subjects=subjects,
        title=f"{name}排污许可证质量问题台账" + (f"（{period}）" if period else ""),
        number=f"{facts.run_id}-{_CITY if district is None else short_district(district)}",
        fingerprint=fingerprint(rows["row_key"]),
    )


def _period_text(period: str) -> str:
    match = re.fullmatch(r"(\d{4})Q([1-4])", period)
    return f"{match[1]}年第{'一二三四'[int(match[2]) - 1]}季度" if match else period


def _write_workbook(path: Path, contents: Contents) -> None:
    facts = contents.facts
    with open_book(path, facts.as_of, is_large=contents.rows.height > _LARGE) as book:
        book.set_properties(
            contents.title,
            contents.number,
            {
                "台账编号": contents.number,
                "内容指纹": contents.fingerprint,
                "运行编号": facts.run_id,
                "审核基准日": facts.as_of.isoformat(),
                "规则库版本": facts.catalogue_version,
            },
        )
        write_explanation(book.add_sheet("说明"), contents)
        write_summary(book, book.add_sheet("汇总"), contents)
        for number, start in enumerate(range(0, max(contents.rows.height, 1), ROW_LIMIT), start=1):
            sheet = book.add_sheet("问题台账" if number == 1 else f"问题台账{number}")
            _write_problems(book, sheet, contents, contents.rows.slice(start, ROW_LIMIT), start)
        write_units(book, contents)


def _write_problems(book: Book, sheet: SheetWriter, contents: Contents, rows: pl.DataFrame, start: int) -> None:
    last_column = len(LEDGER_COLUMNS) - 1
    first, last = _HEADER_ROW + 1, _HEADER_ROW + max(rows.height, 1)
    sheet.set_widths(
        [column.width for column in LEDGER_COLUMNS],
        hidden=[at for at, column in enumerate(LEDGER_COLUMNS) if column.is_hidden],
    )
    _write_heading(sheet, contents)
    _write_header(sheet)
    for offset, row in enumerate(rows.iter_rows(named=True)):
        _write_problem(sheet, first + offset, start + offset + 1, row)
    if rows.is_empty():
        text = f"本次审核没有发现问题（受检单位 {contents.counts.audited} 家，有问题的 0 家）。"
        sheet.merge(first, 0, PRINTED - 1, text, Style(is_centred=True, size=11), height=30)
    else:
        _add_checks(sheet, first, last)
    sheet.freeze(first, _FROZEN_COLUMNS)
    sheet.set_filter(_HEADER_ROW, last, last_column)
    sheet.protect()
    sheet.set_page(PageSetup(contents.footer, repeat=_HEADER_ROW, area=(last, PRINTED - 1)))


def _write_heading(sheet: SheetWriter, contents: Contents) -> None:
    last = PRINTED - 1
    facts, counts = contents.facts, contents.counts
    sheet.merge(0, 0, last, contents.title, TITLE, height=34)
    line = (
        f"台账编号：{contents.number}    内容指纹：{contents.fingerprint}    审核基准日：{facts.as_of.isoformat()}    "
        f"受检单位 {counts.audited} 家，有问题的 {counts.with_problems} 家，问题 {counts.problems} 条"
    )
    sheet.merge(1, 0, last, line, NOTE, height=20)
    blank = "填报单位：______________    填报人：__________    联系电话：______________    填报日期：______________"
    sheet.merge(2, 0, last, blank, Style(border=False, locked=False), height=22)


def _write_header(sheet: SheetWriter) -> None:
    sheet.set_height(_HEADER_ROW, row_height((c.heading, c.width) for c in LEDGER_COLUMNS if not c.is_hidden) + 4)
    for at, column in enumerate(LEDGER_COLUMNS):
        style = HEADER[column.filled_by]
        sheet.write(_HEADER_ROW, at, column.heading, style)


def _write_problem(sheet: SheetWriter, at: int, sequence: int, row: dict[str, object]) -> None:
    row["sequence"] = sequence
    sheet.set_height(at, row_height([(str(row[key] or ""), width) for key, width in _MEASURED]))
    for column, (key, style) in enumerate(_STYLES.items()):
        if key == "severity":
            style = severity_style(style, str(row["severity"]))
        sheet.write(at, column, row.get(key), style)


def _add_checks(sheet: SheetWriter, first: int, last: int) -> None:
    for at, column in enumerate(LEDGER_COLUMNS):
        if column.options:
            sheet.add_choices(first, last, at, column.options, column.hint)
        elif column.is_date:
            sheet.add_date_check(first, last, at, column.hint)
