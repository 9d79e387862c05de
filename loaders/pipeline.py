"""One load: files in, one batch out, wholly or not at all.

Reading, matching, casting and checking are done by their modules; here they are put in order,
numbered and written in one transaction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from checks.contracts import CAST_RULES, breaches
from checks.errors import ExitCode, UserError
from checks.tables import TABLES, Table
from checks.tables.fields import SYSTEM_COLUMNS
from loaders.cast import cast
from loaders.extract import Extract, Part, extract, file_context
from loaders.layout_match import match, nearest
from loaders.layout_model import Catalogue
from loaders.match_model import Match
from loaders.readers import Source, list_sources, read_source
from loaders.sheet import Sheet
from loaders.warehouse import next_id, transaction

#: How a period is written: year, quarter, half-year or month.
PERIOD_FORM = re.compile(r"^[0-9]{4}(Q[1-4]|H[12]|M(0[1-9]|1[0-2]))?$")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SheetReport:
    """What became of one sheet."""

    file: str
    sheet: str
    layout: str
    score: float
    loaded: dict[str, int]
    rejected: int
    context_rows: int
    unknown_headings: tuple[str, ...]


@dataclass
class LoadReport:
    """What a load did. ``batches`` gives the batch of each period; none when nothing new came in or on a dry run."""

    batches: dict[str, int] = field(default_factory=dict)
    periods: list[str] = field(default_factory=list)
    sheets: list[SheetReport] = field(default_factory=list)
    loaded: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # (table, why rejected) -> rows
    contract_failures: int = 0
    already_loaded: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)  # sheets passed over inside known files
    skipped: list[str] = field(default_factory=list)  # unknown files, passed over on request

    @property
    def rows_in(self) -> int:
        """Data rows that came in: loaded and rejected ones."""
        return sum(self.loaded.values()) + sum(self.rejected.values())


@dataclass(frozen=True)
class LoadOptions:
    """How to load: ``layout`` forces one, ``skip_unknown`` passes over files that nothing fits.

    Without ``period`` a file belongs to the period that its folder is named after, else to
    ``default_period``. Files below ``own_folder`` (the workspace) are ours and not read.
    """

    default_period: str
    period: str | None = None
    layout: str | None = None
    dry_run: bool = False
    skip_unknown: bool = False
    own_folder: Path | None = None

    def period_of(self, source: Source) -> str:
        """The period that a source belongs to."""
        if self.period:
            return self.period
        folders = [*source.path.parts[:-1], *source.name.split("/")[:-1]]
        return next((name for name in reversed(folders) if PERIOD_FORM.match(name)), self.default_period)


def load_files(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    layouts: Catalogue,
    options: LoadOptions,
    progress: Progress = lambda done, total, name: None,
) -> LoadReport:
    """Load ``paths`` into the warehouse behind ``connection``, one batch for each period, all or nothing.

    UserError INPUT for a file that cannot be read or that no layout fits; the warehouse is then
    as before. Files whose bytes are already in the warehouse for the period are passed over.
    """
    report = LoadReport()
    sources = [source for source in list_sources(paths) if not _is_below(source.path, options.own_folder)]
    by_period: dict[str, list[Source]] = {}
    for source in sources:
        by_period.setdefault(options.period_of(source), []).append(source)
    report.periods = sorted(by_period)
    unknown: list[str] = []
    done = 0
    with transaction(connection):
        for period in report.periods:  # the older first: a later batch replaces an earlier one
            batch = _Batch(connection, report, period)
            for source in by_period[period]:
                progress(done, len(sources), source.name)
                unknown.extend(_load_source(batch, source, layouts, options))
                done += 1
            batch.close()
        progress(done, done, "")
        if unknown and not (options.skip_unknown and (report.sheets or report.already_loaded)):
            raise _nothing_fits(unknown)
        report.skipped = unknown
        if options.dry_run:
            raise _DryRunDone(report)
    return report


def _is_below(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.resolve().is_relative_to(folder.resolve())


class _DryRunDone(Exception):  # noqa: N818  # not an error: it carries the report out of the rolled-back transaction
    def __init__(self, report: LoadReport) -> None:
        super().__init__("dry run")
        self.report = report


def dry_run(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    layouts: Catalogue,
    options: LoadOptions,
    progress: Progress = lambda done, total, name: None,
) -> LoadReport:
    """Do everything that a load does, roll it back, and tell what it would have done."""
    try:
        return load_files(connection, paths, layouts, options, progress)
    except _DryRunDone as done:
        done.report.batches = {}
        return done.report


def _load_source(batch: _Batch, source: Source, layouts: Catalogue, options: LoadOptions) -> list[str]:
    """Load one source; the answer has a line for a file that no layout fits.

    A copy of a file, under whatever name, is the same statement: loaded twice it would look like
    records that were reported twice.
    """
    sheets = read_source(source)
    if sheets and sheets[0].source.sha256 in batch.known:
        batch.report.already_loaded.append(sheets[0].source.name)
        return []
    batch.known.update(sheet.source.sha256 for sheet in sheets)
    filled = [(sheet, match(sheet, layouts, only=options.layout)) for sheet in sheets if sheet.cells.height]
    fitting = [(sheet, found) for sheet, found in filled if found is not None]
    if not fitting:
        return [_unknown_line(source.name, [sheet for sheet, _ in filled], layouts)]
    batch.report.unmatched.extend(f"{sheet.source.name}［{sheet.name}］" for sheet, found in filled if found is None)
    first = [extract(sheet, found) for sheet, found in fitting]
    # The tables of one permit's detail page do not repeat its number: another sheet of the file has it.
    context = file_context(source.name, first)
    for (sheet, found), extracted in zip(fitting, first, strict=True):
        again = extracted.rejected.height and context
        batch.add(source.path.parent.as_posix(), sheet, found, extract(sheet, found, context) if again else extracted)
    return []


def _unknown_line(name: str, sheets: list[Sheet], layouts: Catalogue) -> str:
    if not sheets:
        return f"{name}：文件里没有数据。请确认导出是否完整"
    best = sorted((guess for sheet in sheets for guess in nearest(sheet, layouts)), key=lambda guess: -guess[1])
    titles = dict.fromkeys(f"{layout.title}［{layout.name}］" for layout, _ in best)
    guesses = "、".join(list(titles)[:3])
    return f"{name}：认不出是哪张表，最接近的版式：{guesses or '无'}"


def _nothing_fits(lines: list[str]) -> UserError:
    advice = "仓库未改动。用 permit-audit inspect 查看表头并补一个版式，或用 --skip-unknown 跳过这些文件"
    return UserError("\n".join([*lines, advice]), ExitCode.INPUT)


class _Batch:
    """The rows of one period on their way into the warehouse, numbered as they come.

    ``known`` holds the hashes of what the warehouse already has for the period.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, report: LoadReport, period: str) -> None:
        self.connection = connection
        self.report = report
        self.period = period
        self.known = {
            row[0]
            for row in connection.execute(
                "SELECT s.sha256 FROM sheets s JOIN batches b USING (batch_id) WHERE b.period = ?", [period]
            ).fetchall()
        }
        self._is_empty = True
        self.batch_id = next_id(connection, "batches", "batch_id")
        self._sheet_id = next_id(connection, "sheets", "sheet_id")
        self._source_id = next_id(connection, "sources", "source_id")
        self._rid = max(next_id(connection, f"data.{name}", "rid") for name in TABLES if name != "permits")

    def add(self, folder: str, sheet: Sheet, found: Match, extracted: Extract) -> None:
        """Cast, check and write the rows of one sheet of a file in ``folder``."""
        self._is_empty = False
        sheet_id, self._sheet_id = self._sheet_id, self._sheet_id + 1
        loaded: dict[str, int] = {}
        for part in extracted.parts:
            loaded[part.table_name] = loaded.get(part.table_name, 0) + part.source_rows
            self._add_part(folder, sheet, found, sheet_id, part)
        rejected = extracted.rejected.with_columns(
            batch_id=pl.lit(self.batch_id, pl.Int32), sheet_id=pl.lit(sheet_id, pl.Int32)
        )
        self._insert("rejected_rows", rejected, ("batch_id", "sheet_id", "source_row", "reason", "cells"))
        self._keep_raw(sheet, sheet_id)
        main = found.layout.table
        rows_in = sum(loaded.values()) + rejected.height
        self.connection.execute(
            "INSERT INTO sheets VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                sheet_id,
                self.batch_id,
                sheet.source.name,
                sheet.source.sha256,
                sheet.source.size,
                sheet.name,
                sheet.format,
                sheet.encoding,
                found.layout.name,
                found.score,
                rows_in,
                rejected.height,
                extracted.context_rows,
                [item.heading for item in found.unknown],
            ],
        )
        self.report.loaded.update(loaded)
        self.report.rejected[main] += rejected.height
        self.report.reasons.update((main, reason) for reason in rejected["reason"])
        self.report.sheets.append(
            SheetReport(
                sheet.source.name,
                sheet.name,
                found.layout.name,
                found.score,
                loaded,
                rejected.height,
                extracted.context_rows,
                tuple(item.heading for item in found.unknown),
            )
        )

    def _add_part(self, folder: str, sheet: Sheet, found: Match, sheet_id: int, part: Part) -> None:
        table = TABLES[part.table_name]
        source_id, self._source_id = self._source_id, self._source_id + 1
        typed = cast(table, part.frame, date_1904=sheet.date_1904, separators=part.separators)
        first_rid, self._rid = self._rid, self._rid + part.frame.height
        frame = typed.frame.with_columns(
            rid=pl.int_range(first_rid, self._rid, dtype=pl.Int64, eager=True),
            batch_id=pl.lit(self.batch_id, pl.Int32),
            source_id=pl.lit(source_id, pl.Int32),
        )
        provided = [
            column.name for name in part.provided if name in table.by_name for column in table.by_name[name].columns
        ]
        self._insert(f"data.{table.name}", frame, (*SYSTEM_COLUMNS, *table.columns))
        self.connection.execute(
            "INSERT INTO sources VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                source_id,
                sheet_id,
                self.batch_id,
                table.name,
                found.layout.name,
                folder,
                sheet.source.name,
                sheet.name,
                frame.height,
                sorted(provided),
            ],
        )
        self._insert(
            "presence",
            frame.select("batch_id", "source_id", "subject")
            .unique()
            .with_columns(table_name=pl.lit(table.name), layout=pl.lit(found.layout.name), folder=pl.lit(folder)),
            ("batch_id", "source_id", "table_name", "layout", "folder", "subject"),
        )
        failures = _failures(table, part, frame, typed.failures, sheet)
        self.report.contract_failures += failures.height
        failures = failures.with_columns(
            batch_id=pl.lit(self.batch_id, pl.Int32),
            source_id=pl.lit(source_id, pl.Int32),
            table_name=pl.lit(table.name),
        )
        self._insert(
            "contract_failures",
            failures,
            ("batch_id", "source_id", "rid", "table_name", "rule_id", "field", "heading", "cell", "text", "expected"),
        )

    def _keep_raw(self, sheet: Sheet, sheet_id: int) -> None:
        raw = sheet.cells.select(
            sheet_id=pl.lit(sheet_id, pl.Int32),
            source_row=pl.int_range(pl.len(), dtype=pl.Int32) + sheet.first_row,
            cells=pl.concat_list(pl.all()),
        )
        self._insert("raw_rows", raw, ("sheet_id", "source_row", "cells"))

    def _insert(self, table: str, frame: pl.DataFrame, columns: Sequence[str]) -> None:
        if not frame.height:
            return
        self.connection.register("incoming", frame.select(columns).to_arrow())
        names = ", ".join(columns)
        self.connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")
        self.connection.unregister("incoming")

    def close(self) -> None:
        """Write the batch record, unless nothing new came in."""
        if self._is_empty:
            return
        values = [self.batch_id, datetime.now(), self.period, None]
        self.connection.execute("INSERT INTO batches VALUES (?,?,?,?)", values)
        self.report.batches[self.period] = self.batch_id


def _failures(table: Table, part: Part, frame: pl.DataFrame, cast_failures: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """Contract failures of one part, each with its cell: from the cast, the contract and doubtful cells."""
    rows = frame.select("rid", "source_row")
    kinds = {name: CAST_RULES[field.kind] for name, field in table.by_name.items() if field.kind in CAST_RULES}
    from_cast = cast_failures.join(rows, on="source_row").select(
        "rid",
        "source_row",
        pl.col("field").replace_strict(kinds, default="C-001").alias("rule_id"),
        "field",
        "expected",
    )
    unread = from_cast.select("rid", "field")
    from_contract = (  # a cell that could not be read is told once, not also as empty
        breaches(table, frame).join(unread, on=["rid", "field"], how="anti").join(rows, on="rid")
    )
    doubtful = _doubtful(part, rows, sheet)
    failures = pl.concat([from_cast, from_contract.select(from_cast.columns), doubtful])
    if not failures.height:
        return failures.with_columns(heading=pl.lit(""), cell=pl.lit(""), text=pl.lit(""))
    return failures.with_columns(
        heading=pl.col("field").map_elements(lambda name: _heading(table, name), return_dtype=pl.String),
        cell=pl.struct("field", "source_row").map_elements(
            lambda at: _address(table, part, at["field"], at["source_row"]), return_dtype=pl.String
        ),
    ).join(_texts(table, part, failures), on=["source_row", "field"], how="left")


def _doubtful(part: Part, rows: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    by_position = {position: name for name, position in part.positions.items()}
    found = [
        (sheet.first_row + row, by_position[column], why)
        for row, column, why in sheet.doubtful
        if column in by_position
    ]
    schema: dict[str, Any] = {"source_row": rows.schema["source_row"], "field": pl.String, "expected": pl.String}
    return (
        pl.DataFrame(found, schema=schema, orient="row")
        .join(rows, on="source_row")
        .select("rid", "source_row", pl.lit("C-030").alias("rule_id"), "field", "expected")
    )


def _fields_of(table: Table, name: str) -> list[str]:
    """The field called ``name``, or the fields that the row check called ``name`` looks at."""
    for check in table.checks:
        if check.name == name:
            return [table.columns[column].field for column in check.columns]
    return [name]


def _heading(table: Table, name: str) -> str:
    return "、".join(table.by_name[part].heading for part in _fields_of(table, name))


def _address(table: Table, part: Part, name: str, row: int) -> str:
    cells = [
        f"{column_letter(part.positions[each])}{part.rows.get(each, row)}"
        for each in _fields_of(table, name)
        if each in part.positions
    ]
    return "、".join(cells)


def _texts(table: Table, part: Part, failures: pl.DataFrame) -> pl.DataFrame:
    """What was written in the failing cells."""
    texts = []
    for name, group in failures.group_by("field"):
        fields = [each for each in _fields_of(table, str(name[0])) if each in part.frame.columns]
        written = (
            pl.concat_str([pl.col(each).fill_null("") for each in fields], separator="；") if fields else pl.lit("")
        )
        texts.append(
            part.frame.join(group.select("source_row").unique(), on="source_row", how="semi").select(
                "source_row", pl.lit(name[0]).alias("field"), written.alias("text")
            )
        )
    return pl.concat(texts).unique(["source_row", "field"], keep="first", maintain_order=True)


def column_letter(position: int) -> str:
    """``A`` for 0, ``AA`` for 26: how a spreadsheet names a column."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
