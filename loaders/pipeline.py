"""One load: files in, one batch out, wholly or not at all.

Reading, matching, casting and checking are done by their modules; here they are put in order,
numbered and written in one transaction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from checks.contracts import CAST_RULES, breaches, repeats
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
            batch = Batch(connection, report, period)
            for source in by_period[period]:
                progress(done, len(sources), source.name)
                unknown.extend(_load_source(batch, source, layouts, options))
                done += 1
            batch.close()
        progress(done, done, "")
        settle(report, unknown, options)
    return report


def settle(report: LoadReport, unknown: list[str], options: LoadOptions) -> None:
    """The last word inside the transaction: may what was read stay, although there were ``unknown`` sources?"""
    if unknown and not (options.skip_unknown and (report.sheets or report.already_loaded)):
        raise _nothing_fits(unknown)
    report.skipped = unknown
    if options.dry_run:
        raise _DryRunDone(report)


def _is_below(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.resolve().is_relative_to(folder.resolve())


class _DryRunDone(Exception):  # noqa: N818  # not an error: it carries the report out of the rolled-back transaction
    def __init__(self, report: LoadReport) -> None:
        super().__init__("dry run")
        self.report = report


def dry_run(load: Callable[[], LoadReport]) -> LoadReport:
    """Do everything that ``load`` does with the option ``dry_run``, roll it back, and tell what it would have done."""
    try:
        return load()
    except _DryRunDone as done:
        done.report.batches = {}
        return done.report


def _load_source(batch: Batch, source: Source, layouts: Catalogue, options: LoadOptions) -> list[str]:
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
        return [unknown_line(source.name, [sheet for sheet, _ in filled], layouts)]
    batch.report.unmatched.extend(f"{sheet.source.name}［{sheet.name}］" for sheet, found in filled if found is None)
    first = [extract(sheet, found) for sheet, found in fitting]
    # The tables of one permit's detail page do not repeat its number: another sheet of the file has it.
    context = file_context(source.name, first)
    for (sheet, found), extracted in zip(fitting, first, strict=True):
        again = extracted.rejected.height and context
        statement = batch.begin(source.path.parent.as_posix(), sheet, found)
        statement.add(sheet, extract(sheet, found, context) if again else extracted)
        statement.close()
    return []


def unknown_line(name: str, sheets: list[Sheet], layouts: Catalogue) -> str:
    """What to tell about a source that no layout fits: its name and what it looks like."""
    if not sheets:
        return f"{name}：文件里没有数据。请确认导出是否完整"
    best = sorted((guess for sheet in sheets for guess in nearest(sheet, layouts)), key=lambda guess: -guess[1])
    titles = dict.fromkeys(f"{layout.title}［{layout.name}］" for layout, _ in best)
    guesses = "、".join(list(titles)[:3])
    return f"{name}：认不出是哪张表，最接近的版式：{guesses or '无'}"


def _nothing_fits(lines: list[str]) -> UserError:
    advice = "仓库未改动。用 permit-audit inspect 查看表头并补一个版式，或用 --skip-unknown 跳过这些文件"
    return UserError("\n".join([*lines, advice]), ExitCode.INPUT)


class Batch:
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

    def begin(self, folder: str, sheet: Sheet, found: Match) -> Statement:
        """A place for the rows of one sheet of a file in ``folder``."""
        self._is_empty = False
        sheet_id, self._sheet_id = self._sheet_id, self._sheet_id + 1
        return Statement(self, folder, sheet, found, sheet_id)

    def take_source(self) -> int:
        """A number for the rows of one canonical table in one sheet."""
        source_id, self._source_id = self._source_id, self._source_id + 1
        return source_id

    def take_rids(self, count: int) -> pl.Series:
        """Numbers for so many rows."""
        first, self._rid = self._rid, self._rid + count
        return pl.int_range(first, self._rid, dtype=pl.Int64, eager=True)

    def insert(self, table: str, frame: pl.DataFrame, columns: Sequence[str]) -> None:
        """Write rows to a table of the warehouse."""
        if not frame.height:
            return
        # DuckDB finds the frame by its name here. Registered, it would be kept until the transaction ends.
        incoming = frame.select(columns).to_arrow()  # noqa: F841
        names = ", ".join(columns)
        self.connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")

    def close(self) -> None:
        """Write the batch record, unless nothing new came in."""
        if self._is_empty:
            return
        values = [self.batch_id, datetime.now(), self.period, None]
        self.connection.execute("INSERT INTO batches VALUES (?,?,?,?)", values)
        self.report.batches[self.period] = self.batch_id


@dataclass
class _Source:
    """The rows of one canonical table in one sheet, as far as they are written; ``keys`` waits for all of them."""

    table: Table
    source_id: int
    first: Part
    rows: int = 0
    subjects: list[pl.DataFrame] = field(default_factory=list)
    keys: list[pl.DataFrame] = field(default_factory=list)  # what tells a repeated key
    texts: list[pl.DataFrame] = field(default_factory=list)  # the key's last field as it was written


class Statement:
    """What one sheet says, cast, checked and written piece by piece; a file's sheet is one piece.

    All that needs every row (repeated keys, who is spoken of, the counts) is done by ``close``.
    """

    def __init__(self, batch: Batch, folder: str, sheet: Sheet, found: Match, sheet_id: int) -> None:
        self._batch = batch
        self._folder = folder
        self._sheet = sheet
        self._found = found
        self._sheet_id = sheet_id
        self._sources: dict[str, _Source] = {}
        self._loaded: dict[str, int] = {}
        self._rejected = 0
        self._context_rows = 0

    def add(self, sheet: Sheet, extracted: Extract, headings: int = 0) -> None:
        """Write the rows of one piece, whose first ``headings`` rows were already told by a piece before."""
        batch = self._batch
        for part in extracted.parts:
            self._loaded[part.table_name] = self._loaded.get(part.table_name, 0) + part.source_rows
            self._add_part(sheet, part)
        rejected = extracted.rejected.with_columns(
            batch_id=pl.lit(batch.batch_id, pl.Int32), sheet_id=pl.lit(self._sheet_id, pl.Int32)
        )
        batch.insert("rejected_rows", rejected, ("batch_id", "sheet_id", "source_row", "reason", "cells"))
        self._keep_raw(sheet, headings)
        self._rejected += rejected.height
        self._context_rows += extracted.context_rows - headings
        batch.report.reasons.update((self._found.layout.table, reason) for reason in rejected["reason"])

    def close(self) -> None:
        """Write what is known now that all rows are in, and report."""
        batch, sheet, found = self._batch, self._sheet, self._found
        for source in self._sources.values():
            self._close_source(source)
        unknown = [item.heading for item in found.unknown]
        batch.connection.execute(
            "INSERT INTO sheets VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                self._sheet_id,
                batch.batch_id,
                sheet.source.name,
                sheet.source.sha256,
                sheet.source.size,
                sheet.name,
                sheet.format,
                sheet.encoding,
                found.layout.name,
                found.score,
                sum(self._loaded.values()) + self._rejected,
                self._rejected,
                self._context_rows,
                unknown,
            ],
        )
        batch.report.loaded.update(self._loaded)
        batch.report.rejected[found.layout.table] += self._rejected
        batch.report.sheets.append(
            SheetReport(
                sheet.source.name,
                sheet.name,
                found.layout.name,
                found.score,
                self._loaded,
                self._rejected,
                self._context_rows,
                tuple(unknown),
            )
        )

    def _add_part(self, sheet: Sheet, part: Part) -> None:
        table, batch = TABLES[part.table_name], self._batch
        source = self._sources.get(table.name)
        if source is None:
            source = self._sources[table.name] = _Source(table, batch.take_source(), part)
        typed = cast(table, part.frame, date_1904=sheet.date_1904, separators=part.separators)
        frame = typed.frame.with_columns(
            rid=batch.take_rids(part.frame.height),
            batch_id=pl.lit(batch.batch_id, pl.Int32),
            source_id=pl.lit(source.source_id, pl.Int32),
        )
        batch.insert(f"data.{table.name}", frame, (*SYSTEM_COLUMNS, *table.columns))
        source.rows += frame.height
        source.subjects.append(frame.select("subject").unique())
        if table.unique:
            source.keys.append(frame.select("rid", "source_row", "subject", *table.key))
            source.texts.append(part.frame.select("source_row", *(set(table.key[-1:]) & set(part.frame.columns))))
        self._keep_failures(source, part, _failures(table, part, frame, typed.failures, sheet))

    def _close_source(self, source: _Source) -> None:
        table, batch = source.table, self._batch
        if source.keys:
            keys = pl.concat(source.keys)
            repeated = repeats(table, keys).join(keys.select("rid", "source_row"), on="rid")
            if repeated.height:
                part = replace(source.first, frame=pl.concat(source.texts))
                self._keep_failures(source, part, repeated)
        provided = [
            column.name
            for name in source.first.provided
            if name in table.by_name
            for column in table.by_name[name].columns
        ]
        batch.connection.execute(
            "INSERT INTO sources VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                source.source_id,
                self._sheet_id,
                batch.batch_id,
                table.name,
                self._found.layout.name,
                self._folder,
                self._sheet.source.name,
                self._sheet.name,
                source.rows,
                sorted(provided),
            ],
        )
        texts = {"table_name": table.name, "layout": self._found.layout.name, "folder": self._folder}
        batch.insert(
            "presence",
            pl.concat(source.subjects)
            .unique()
            .with_columns(
                pl.lit(batch.batch_id, pl.Int32).alias("batch_id"),
                pl.lit(source.source_id, pl.Int32).alias("source_id"),
                *(pl.lit(text).alias(name) for name, text in texts.items()),
            ),
            ("batch_id", "source_id", "table_name", "layout", "folder", "subject"),
        )

    def _keep_failures(self, source: _Source, part: Part, failures: pl.DataFrame) -> None:
        if not failures.height:
            return
        batch, table = self._batch, source.table
        batch.report.contract_failures += failures.height
        told = _told(table, part, failures).with_columns(
            batch_id=pl.lit(batch.batch_id, pl.Int32),
            source_id=pl.lit(source.source_id, pl.Int32),
            table_name=pl.lit(table.name),
        )
        batch.insert(
            "contract_failures",
            told,
            ("batch_id", "source_id", "rid", "table_name", "rule_id", "field", "heading", "cell", "text", "expected"),
        )

    def _keep_raw(self, sheet: Sheet, headings: int) -> None:
        raw = sheet.cells.select(
            sheet_id=pl.lit(self._sheet_id, pl.Int32),
            source_row=pl.int_range(pl.len(), dtype=pl.Int32) + sheet.first_row,
            cells=pl.concat_list(pl.all()),
        )
        self._batch.insert("raw_rows", raw.slice(headings), ("sheet_id", "source_row", "cells"))


def _failures(table: Table, part: Part, frame: pl.DataFrame, cast_failures: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
    """Contract failures of the rows of one part: from the cast, the contract and doubtful cells."""
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
        breaches(table, frame, rows_only=True).join(unread, on=["rid", "field"], how="anti").join(rows, on="rid")
    )
    doubtful = _doubtful(part, rows, sheet)
    return pl.concat([from_cast, from_contract.select(from_cast.columns), doubtful])


def _told(table: Table, part: Part, failures: pl.DataFrame) -> pl.DataFrame:
    """Each failure with its heading, its cell and what was written there."""
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
