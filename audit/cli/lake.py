"""``permit-audit lake``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli import output
from audit.cli.options import json_option, wait_option, workspace_option

if TYPE_CHECKING:
    from audit.workspace import Workspace


@click.group()
def lake() -> None:
    """把要审的数据导出为 Parquet 数据湖，供 Spark 审核（Parquet files for other engines）。"""


@lake.command()
@click.option("--to", "folder", type=click.Path(path_type=Path), metavar="DIR", help="写到哪里（默认 工作区/lake）")
@click.option("--period", metavar="2026Q3", help="导出这一期末的数据（默认全部已载入的最新数据）")
@workspace_option
@wait_option
@json_option
def export(folder: Path | None, period: str | None, workspace: Workspace, wait: float | None, as_json: bool) -> int:
    """导出审核所见的数据：每张表一个文件夹，数据表按 period=…/district=… 分开，另有 manifest.json。

    写完才换上；目标不是空文件夹、也不是以前的导出时不覆盖。

    \b
    例：permit-audit lake export --to 数据湖/
        permit-audit run --engine spark --lake 数据湖/
    """
    from audit.lake import export_lake

    with output.progress("导出") as progress:
        made = export_lake(workspace, folder or workspace.lake, period, wait, progress)
    if as_json:
        output.emit_json({"ok": True, "folder": made.folder, **made.as_json()})
    else:
        rows = [[name, count] for name, count in made.rows.items() if count]
        output.print_table("", ["表", "行"], rows, numeric={1})
        output.say(f"已导出到 {made.folder}：{len(made.rows)} 张表，{sum(made.rows.values()):,} 行")
    return 0
