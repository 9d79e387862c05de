"""A load from a database: each table is read, spooled, matched, and goes the way of every file.

The warehouse is written in one transaction, piece by piece; what is no business of a database
(casting, contracts, provenance) is done by :mod:`loaders.pipeline`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import polars as pl

from checks.errors import ExitCode, UserError, nearest
from loaders.database.matching import as_sheet, heading_rows, match_table
from loaders.database.model import Database, RemoteTable
from loaders.database.spool import Spool, keep
from loaders.extract import extract
from loaders.layout_match import SAMPLE_ROWS
from loaders.layout_model import Catalogue
from loaders.match_model import Match
from loaders.pipeline import Batch, LoadOptions, LoadReport, Progress, settle, unknown_line
from loaders.sheet import Sheet, SourceFile
from loaders.warehouse import transaction


def load_tables(
    connection: duckdb.DuckDBPyConnection,
    database: Database,
    wanted: Mapping[str, str],
    layouts: Catalogue,
    options: LoadOptions,
    progress: Progress = lambda done, total, name: None,
) -> LoadReport:
    """Load the tables of ``database`` as one batch, all or nothing.

    ``wanted`` names the tables to load, each with its canonical table or an empty text; when it is
    empty every table of the schema is one. UserError INPUT for a table that is not there or that
    no layout fits, and when the connection breaks; the warehouse is then as before.
    """
    tables = database.tables()
    chosen = _chosen(database, tables, wanted)
    report = LoadReport()
    period = options.period or options.default_period
    report.periods = [period]
    unknown: list[str] = []
    with transaction(connection):
        batch = Batch(connection, report, period)
        for done, (table, target) in enumerate(chosen):
            progress(done, len(chosen), table.name)

            def told(rows: int, done: int = done, name: str = table.name) -> None:
                progress(done, len(chosen), f"{name} {rows:,} 行")

            loading = _TableLoad(batch, database, table, layouts, options)
            unknown += loading.run(target, told)
        batch.close()
        progress(len(chosen), len(chosen), "")
        if not unknown and not report.sheets and not report.already_loaded:
            raise UserError(
                f"{database.address} 的 {len(chosen)} 张表都是空的。仓库未改动，请确认库名和模式", ExitCode.INPUT
            )
        settle(report, unknown, options)
    return report


def _chosen(database: Database, tables: list[RemoteTable], wanted: Mapping[str, str]) -> list[tuple[RemoteTable, str]]:
    if not tables:
        raise UserError(
            f"{database.address} 里没有这个用户看得到的表。请核对库名、模式（?schema=…）和权限", ExitCode.INPUT
        )
    if not wanted:
        return [(table, "") for table in tables]
    by_name = {name: table for table in tables for name in (f"{table.schema}.{table.name}", table.name)}
    chosen = []
    for name, target in wanted.items():
        if name not in by_name:
            known = [table.name for table in tables]
            hint = "、".join(nearest(name, known) or known[:5])
            raise UserError(f"{database.address} 里没有表 {name}。已有的：{hint}", ExitCode.INPUT)
        chosen.append((by_name[name], target))
    return chosen


class _TableLoad:
    """One table on its way."""

    def __init__(
        self, batch: Batch, database: Database, table: RemoteTable, layouts: Catalogue, options: LoadOptions
    ) -> None:
        self.batch = batch
        self.database = database
        self.table = table
        self.layouts = layouts
        self.options = options

    def run(self, target: str, told: Progress) -> list[str]:
        """Load the table; the answer has a line for one that no layout fits."""
        name = f"{self.database.address} 的表 {self.table.name}"
        sheet = Sheet(SourceFile(str(self.database.address), "", 0), self.table.name, pl.DataFrame())
        first = list(self._rows(SAMPLE_ROWS))
        if not first:
            self.batch.report.unmatched.append(f"{name}（没有数据）")
            return []
        sample = pl.concat(first)
        found = match_table(self.table, sheet, sample, self.layouts, target, self.options.layout)
        if found is None:
            looks_like = [as_sheet(sheet, row, sample) for row in heading_rows(self.table)]
            return [unknown_line(name, looks_like, self.layouts)]
        headings, fit = found
        with tempfile.TemporaryDirectory(prefix="permit-audit-") as folder:
            spool = keep(Path(folder), headings, self._rows(None), told)
            if spool.sha256 in self.batch.known:
                self.batch.report.already_loaded.append(name)
                return []
            self.batch.known.add(spool.sha256)
            self._write(spool, headings, fit)
        return []

    def _rows(self, limit: int | None) -> Iterator[pl.DataFrame]:
        return self.database.rows(self.table, limit) if self.table.columns else iter(())

    def _write(self, spool: Spool, headings: list[str], fit: Match) -> None:
        shown = str(self.database.address)
        source = SourceFile(shown, spool.sha256, spool.size)
        sheet = Sheet(source, self.table.name, pl.DataFrame(), format=self.database.address.kind)
        statement = self.batch.begin(shown, sheet, fit)
        done = 0
        for rows in _whole_permits(spool.chunks(), fit):
            piece = as_sheet(sheet, headings, rows, first_row=done)
            statement.add(piece, extract(piece, fit), headings=1 if done else 0)
            done += rows.height
        statement.close()


def _whole_permits(chunks: Iterator[pl.DataFrame], fit: Match) -> Iterator[pl.DataFrame]:
    """Chunks that no permit crosses, where the layout looks from one row to the rows above it."""
    layout = fit.layout
    if not (layout.fill_down or layout.bands or layout.totals):
        yield from chunks
        return
    column = next((f"c{column}" for column, name in fit.mapping.items() if name == "permit_no"), None)
    left: pl.DataFrame | None = None
    for chunk in chunks:
        rows = chunk if left is None else pl.concat([left, chunk])
        at = _last_change(rows[column]) if column else 0
        if at:
            yield rows.head(at)
        left = rows.slice(at)
    if left is not None:
        yield left


def _last_change(permits: pl.Series) -> int:
    """The last row that begins another permit than the row before it; 0 if there is none.

    Blanks belong to the permit above or below, so no cut is made beside one.
    """
    texts = permits.fill_null("").str.strip_chars()
    before = texts.shift(1, fill_value="")
    changes = ((texts != before) & (texts != "") & (before != "")).arg_true()
    return int(changes[-1]) if changes.len() else 0
