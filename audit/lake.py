"""The lake as users name it: export the state that a run would judge, and judge it elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from audit.load import warehouse_of
from audit.workspace import Workspace
from checks.engine.place import Place
from checks.engine.relations import Stage
from checks.errors import ExitCode, UserError
from loaders.current import state_of
from loaders.lake import Lake, batches_of, check_target, read_lake, write_lake


def export_lake(
    workspace: Workspace,
    folder: Path,
    period: str | None = None,
    wait: float | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Lake:
    """Write the state at the end of ``period`` (default: the newest) as a lake."""
    check_target(folder)
    patience = workspace.settings.wait_seconds if wait is None else wait
    with warehouse_of(workspace).writer("permit-audit lake export", wait=patience, create=False) as connection:
        if not connection.execute("SELECT 1 FROM batches LIMIT 1").fetchall():
            raise UserError("仓库里还没有数据。请先用 permit-audit load 载入导出文件", ExitCode.INPUT)
        with state_of(connection, period) as schema:
            return write_lake(connection, schema, folder, period, progress)


@contextmanager
def spark_on(
    workspace: Workspace, folder: Path | None, connection: duckdb.DuckDBPyConnection, period: str | None
) -> Iterator[Callable[[Stage], Place]]:
    """A Spark session over the lake of this state; UserError INPUT if the lake holds another one."""
    from checks.engine.spark import Spark, open_lake, spark_session

    folder = folder or workspace.lake
    lake = read_lake(folder)
    if lake.batches != batches_of(connection, period):
        raise UserError(
            f"数据湖 {folder}（{lake.created} 导出）不是仓库里要审的数据。请先用 permit-audit lake export"
            f" --to {folder}{f' --period {period}' if period else ''} 重新导出",
            ExitCode.INPUT,
        )
    settings = workspace.settings.spark
    with spark_session(settings.master, settings.conf) as session:
        open_lake(session, folder, lake.tables)
        yield lambda stage: Spark(session, stage)
