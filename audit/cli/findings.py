"""``permit-audit findings``: what runs have found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audit.cli import output
from audit.cli.options import json_option, workspace_option

if TYPE_CHECKING:
    import polars as pl

    from audit.history import Filter
    from audit.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def findings() -> None:
    """列出或导出审核发现的问题（默认最近一次审核）。"""


def _filters(command: F) -> F:
    for option in (
        click.option("--run", "run_id", metavar="ID", help="哪一次审核（默认最近一次）"),
        click.option("--district", "districts", multiple=True, metavar="区县", help="只看某个区县，可重复"),
        click.option("--module", "modules", multiple=True, metavar="模块", help="只看某个模块，可重复"),
        click.option("--rule", "rules", multiple=True, metavar="编号", help="只看某条规则，可重复"),
        click.option(
            "--severity", "severities", multiple=True, type=click.Choice(["严重", "一般", "提示"]), help="严重程度"
        ),
        click.option("--permit", "permits", multiple=True, metavar="许可证编号", help="只看某张许可证，可重复"),
    ):
        command = option(command)
    return command


def _read(workspace: Workspace, run_id: str | None, wanted: Filter) -> tuple[str, pl.DataFrame]:
    from audit import history
    from audit.load import warehouse_of

    with warehouse_of(workspace).reader() as connection:
        run_id = history.latest_run(connection, run_id)
        return run_id, history.read_findings(connection, run_id, wanted).select(history.EXPORT_COLUMNS)


@findings.command("list")
@_filters
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="最多列多少条")
@workspace_option
@json_option
def list_findings(
    run_id: str | None,
    districts: tuple[str, ...],
    modules: tuple[str, ...],
    rules: tuple[str, ...],
    severities: tuple[str, ...],
    permits: tuple[str, ...],
    limit: int,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """在屏幕上列出问题。

    \b
    例：permit-audit findings list --district 历城区 --severity 严重
    """
    from audit.history import Filter

    run_id, frame = _read(workspace, run_id, Filter(districts, modules, rules, severities, permits))
    shown = frame.head(limit)
    if as_json:
        output.emit_json({"ok": True, "run_id": run_id, "total": frame.height, "findings": shown.to_dicts()})
        return
    columns = ["district", "unit_name", "rule_id", "severity", "message"]
    output.print_table(
        "", ["区县", "单位名称", "规则", "程度", "问题"], [list(row) for row in shown.select(columns).iter_rows()]
    )
    rest = f"，只列出前 {limit} 个，其余用 --limit 或 findings export 查看" if frame.height > limit else ""
    output.say(f"审核 {run_id}：{frame.height:,} 个问题{rest}")


@findings.command("export")
@_filters
@click.option(
    "-o", "--output", "target", metavar="FILE|-", default="-", help="写到哪个文件：.csv .xlsx .json .parquet，- 为屏幕"
)
@click.option(
    "--format", "form", type=click.Choice(["csv", "xlsx", "json", "parquet"]), help="格式（默认看文件名，屏幕为 csv）"
)
@workspace_option
@json_option
def export_findings(
    run_id: str | None,
    districts: tuple[str, ...],
    modules: tuple[str, ...],
    rules: tuple[str, ...],
    severities: tuple[str, ...],
    permits: tuple[str, ...],
    target: str,
    form: str | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """导出全部问题，每个问题一行，不截断。

    \b
    例：permit-audit findings export -o 问题.xlsx
        permit-audit findings export --format json -o -
    """
    from audit.history import Filter
    from reports.export import export_findings as export

    run_id, frame = _read(workspace, run_id, Filter(districts, modules, rules, severities, permits))
    file = None if target == "-" else Path(target)
    if as_json and file is None:
        output.emit_json({"ok": True, "run_id": run_id, "total": frame.height, "findings": frame.to_dicts()})
        return
    export(frame, file, form or (file.suffix.lstrip(".").lower() if file else "csv"))
    if as_json:
        output.emit_json({"ok": True, "run_id": run_id, "total": frame.height, "file": target})
    output.say(f"审核 {run_id}：导出 {frame.height:,} 个问题" + (f"到 {target}" if file else ""))
