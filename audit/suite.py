"""The rules of a module judged a second time, by Great Expectations, over some or all current permits.

The engine judges too, so that each rule has two counts which must be equal. Nothing is kept in
the warehouse, which is open for reading only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from audit.load import warehouse_of
from audit.run import check_districts
from audit.workspace import Workspace
from checks import catalogue as catalogues
from checks.engine import UNIT_KEY
from checks.engine.compile import text
from checks.engine.run import Apart, judged_apart
from checks.errors import ExitCode, UserError
from checks.model import AuditRule, Outcome, RuleResult
from loaders.current import is_current, refresh_current, searching_in, state_of
from loaders.warehouse import Warehouse


@dataclass(frozen=True)
class SuiteOptions:
    """What to judge; no permits and no districts mean everybody."""

    module: str
    as_of: dt.date
    permits: Sequence[str] = ()
    districts: Sequence[str] = ()
    docs: Path | None = None
    is_shown: bool = False  # bars of progress


@dataclass(frozen=True)
class SuiteLine:
    """One rule: what the engine found, and what Great Expectations counted (None: it was not asked)."""

    rule: AuditRule
    result: RuleResult
    count: int | None
    error: str

    @property
    def was_run(self) -> bool:
        """Whether the rule is part of the suite."""
        return self.result.outcome not in (Outcome.NOT_RUN, Outcome.ERROR)

    @property
    def fault(self) -> str:
        """Why the line cannot be trusted; '' if it can."""
        if self.result.outcome == Outcome.ERROR:
            return self.result.reason
        if self.error or not self.was_run:
            return self.error
        return "" if self.count == self.result.violations else f"两次计数不同：引擎 {self.result.violations}"


@dataclass(frozen=True)
class SuiteReport:
    """A suite that was run."""

    module: str
    as_of: dt.date
    units: int
    lines: tuple[SuiteLine, ...]
    docs: Path | None = None

    @property
    def faults(self) -> list[SuiteLine]:
        """Lines that cannot be trusted."""
        return [line for line in self.lines if line.fault]


def run_module_suite(workspace: Workspace, options: SuiteOptions) -> SuiteReport:
    """Build the suite of a module and run it; UserError for an unknown module, permit or district."""
    catalogue = catalogues.load(workspace.rule_files, as_of=options.as_of, cache=workspace.cache)
    name = catalogue.module(options.module).name
    rules = catalogue.select([name])
    if not rules:
        raise UserError(f"模块 {name} 还没有规则")
    if options.docs:
        _make_docs_folder(options.docs)
    warehouse = warehouse_of(workspace)
    _bring_up_to_date(warehouse, workspace.settings.wait_seconds)
    with warehouse.reader() as connection, state_of(connection) as schema, searching_in(connection, schema):
        return suite_in(connection, catalogue, name, rules, options)


def suite_in(
    connection: duckdb.DuckDBPyConnection,
    catalogue: catalogues.Catalogue,
    name: str,
    rules: Sequence[AuditRule],
    options: SuiteOptions,
) -> SuiteReport:
    """The same over an open warehouse whose current state is searched."""
    check_districts(connection, options.districts)
    subjects = _subjects_of(connection, options.permits)
    with judged_apart(
        connection, catalogue, rules, as_of=options.as_of, district=options.districts, subjects_sql=subjects
    ) as apart:
        units = connection.execute(f"SELECT count(*) FROM ({apart.drawn})").fetchall()[0][0]
        counts = _second_counts(connection, name, rules, apart, options) if apart.queries else {}
        wrote = options.docs if apart.queries else None
    lines = [SuiteLine(rule, apart.results[rule.id], *counts.get(rule.id, (None, ""))) for rule in rules]
    return SuiteReport(name, options.as_of, int(units), tuple(lines), wrote)


def _second_counts(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    rules: Sequence[AuditRule],
    apart: Apart,
    options: SuiteOptions,
) -> dict[str, tuple[int | None, str]]:
    """Count and error of each rule that the engine ran, as Great Expectations tells them."""
    from checks.suites.judge import run_suite

    with connection.cursor() as second:
        second.execute(f"SET search_path = '{apart.path}'")
        verdicts = run_suite(
            name,
            [rule for rule in rules if rule.id in apart.queries],
            apart.queries,
            second,
            as_of=options.as_of,
            drawn=apart.drawn,
            docs=options.docs,
            is_shown=options.is_shown,
        )
    return {verdict.rule_id: (verdict.count, verdict.error) for verdict in verdicts}


def _make_docs_folder(folder: Path) -> None:
    """Make the folder for the pages; UserError if something is in it, as Great Expectations would remove that."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise UserError(f"文件夹不能写入：{folder}（{error.strerror}）。请给 --docs 换一个新的文件夹") from error
    if not is_empty:
        raise UserError(f"文件夹不是空的：{folder}。请给 --docs 换一个新的文件夹")


def _bring_up_to_date(warehouse: Warehouse, wait: float) -> None:
    """After an update of the program the current state is made anew; else nothing is written."""
    with warehouse.reader() as connection:
        if not connection.execute("SELECT 1 FROM batches LIMIT 1").fetchall():
            raise UserError("仓库里还没有数据。请先用 permit-audit load 载入导出文件", ExitCode.INPUT)
        is_fresh = is_current(connection)
    if not is_fresh:
        with warehouse.writer("permit-audit suite", wait=wait, create=False) as connection:
            refresh_current(connection)


def _subjects_of(connection: duckdb.DuckDBPyConnection, permits: Sequence[str]) -> str | None:
    """SELECT of the subjects with these permit numbers; None for everybody. UserError INPUT for an unknown one."""
    if not permits:
        return None
    listed = ", ".join(text(number) for number in permits)
    known = connection.execute(
        f"SELECT permit_no, {UNIT_KEY} FROM subjects WHERE permit_no IN ({listed}) OR {UNIT_KEY} IN ({listed})"
    ).fetchall()
    missing = sorted(set(permits) - {name for names in known for name in names})
    if missing:
        raise UserError(
            f"数据里没有许可证 {'、'.join(missing)}。请核对许可证编号，或先载入它的导出文件", ExitCode.INPUT
        )
    return f"SELECT subject FROM subjects WHERE permit_no IN ({listed}) OR {UNIT_KEY} IN ({listed})"
