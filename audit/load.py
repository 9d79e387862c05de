"""Loading as the user names it: a workspace, some files, a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audit.workspace import Workspace
from checks.errors import ExitCode, UserError
from loaders.warehouse import Warehouse

if TYPE_CHECKING:
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
    from loaders.layout import load_layouts

    if period and not pipeline.PERIOD_FORM.match(period):
        raise UserError(f"期 {period} 写法不对，应为 2026、2026Q3、2026H2 或 2026M09")
    for path in paths:
        if not path.exists():
            raise UserError(f"找不到文件：{path}", ExitCode.INPUT)
    layouts = load_layouts(workspace.layout_files)
    default = current_quarter(dt.date.today())
    options = pipeline.LoadOptions(default, period, layout, dry_run, skip_unknown, workspace.folder)
    if dry_run:
        return _dry_run(paths, layouts, options, progress)
    patience = workspace.settings.wait_seconds if wait is None else wait
    with warehouse_of(workspace).writer("permit-audit load", wait=patience) as connection:
        return pipeline.load_files(connection, paths, layouts, options, progress)


def _dry_run(paths: Sequence[Path], layouts: Catalogue, options: LoadOptions, progress: Progress) -> LoadReport:
    import duckdb

    from loaders import pipeline, warehouse

    connection = duckdb.connect(":memory:")
    try:
        warehouse.create_tables(connection)
        return pipeline.dry_run(lambda: pipeline.load_files(connection, paths, layouts, options, progress))
    finally:
        connection.close()
