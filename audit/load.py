"""Loading as the user names it: a workspace, some files or a database, a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audit.workspace import Workspace
from checks.errors import ExitCode, UserError
from loaders.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

    from loaders.layout_model import Catalogue
    from loaders.pipeline import LoadOptions, LoadReport

Progress = Callable[[int, int, str], None]


def warehouse_of(workspace: Workspace) -> Warehouse:
    """The warehouse of a workspace, with the workspace's limits."""
    return Warehouse(
        workspace.warehouse_file, memory_limit=workspace.memory_limit(), threads=workspace.settings.threads
    )


def current_quarter(today: dt.date) -> str:
    """The quarter of a day, written ``2026Q3``."""
    return f"{today.year}Q{(today.month + 2) // 3}"


def load_exports(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    period: str | None = None,
    layout: str | None = None,
    dry_run: bool = False,
    skip_unknown: bool = False,
    wait: float | None = None,
    progress: Progress = lambda done, total, what: None,
) -> LoadReport:
    """Load files, folders and archives into the workspace, all or nothing.

    Without ``period`` a file belongs to the period that a folder above it is named after
    (``2026Q3/``), else to the current quarter. A dry run reads and checks everything in a
    throw-away warehouse, so it needs no lock and leaves no trace. UserError for anything that
    is wrong with the call or the files.
    """
    from loaders import pipeline

    for path in paths:
        if not path.exists():
            raise UserError(f"找不到文件：{path}", ExitCode.INPUT)
    layouts, options = _prepare(workspace, period, layout, dry_run, skip_unknown)
    return _load(
        workspace, lambda connection: pipeline.load_files(connection, paths, layouts, options, progress), dry_run, wait
    )


def load_database(
    workspace: Workspace,
    url: str,
    *,
    tables: Sequence[str] = (),
    password_file: Path | None = None,
    period: str | None = None,
    layout: str | None = None,
    dry_run: bool = False,
    skip_unknown: bool = False,
    wait: float | None = None,
    progress: Progress = lambda done, total, what: None,
) -> LoadReport:
    """Load tables of the database at ``url`` into the workspace, all or nothing.

    ``tables`` says which, each as ``NAME`` or ``NAME=CANONICAL``; all of the schema when it is empty. The
    password comes from ``password_file`` or the environment, never from ``url``.
    """
    from loaders.database.address import find_password, parse_address
    from loaders.database.matching import check_canonical
    from loaders.database.model import connect

    address = parse_address(url)
    password = find_password(password_file)
    wanted: dict[str, str] = {}
    for text in tables:
        name, equals, target = text.partition("=")
        wanted[name.strip()] = check_canonical(target) if equals else ""
    layouts, options = _prepare(workspace, period, layout, dry_run, skip_unknown)
    database = connect(address, password)
    try:
        from loaders.database.load import load_tables

        return _load(
            workspace,
            lambda connection: load_tables(connection, database, wanted, layouts, options, progress),
            dry_run,
            wait,
        )
    finally:
        database.close()


def _prepare(
    workspace: Workspace, period: str | None, layout: str | None, dry_run: bool, skip_unknown: bool
) -> tuple[Catalogue, LoadOptions]:
    from loaders import pipeline
    from loaders.layout import load_layouts

    if period and not pipeline.PERIOD_FORM.match(period):
        raise UserError(f"期 {period} 写法不对，应为 2026、2026Q3、2026H2 或 2026M09")
    layouts = load_layouts(workspace.layout_files)
    default = current_quarter(dt.date.today())
    return layouts, pipeline.LoadOptions(default, period, layout, dry_run, skip_unknown, workspace.folder)


def _load(
    workspace: Workspace,
    load: Callable[[duckdb.DuckDBPyConnection], LoadReport],
    dry_run: bool,
    wait: float | None,
) -> LoadReport:
    from loaders.current import refresh_current

    if dry_run:
        return _dry_run(load)
    patience = workspace.settings.wait_seconds if wait is None else wait
    with warehouse_of(workspace).writer("permit-audit load", wait=patience) as connection:
        report = load(connection)
        refresh_current(connection)  # here, so that the runs that follow need not
        return report


def _dry_run(load: Callable[[duckdb.DuckDBPyConnection], LoadReport]) -> LoadReport:
    import duckdb

    from loaders import pipeline, warehouse

    connection = duckdb.connect(":memory:")
    try:
        warehouse.create_tables(connection)
        return pipeline.dry_run(lambda: load(connection))
    finally:
        connection.close()
