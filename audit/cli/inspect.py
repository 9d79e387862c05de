"""``permit-audit inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli import output
from audit.cli.options import json_option, workspace_option
from checks.errors import ExitCode

if TYPE_CHECKING:
    from audit.inspection import SheetInspection
    from audit.workspace import Workspace


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="文件…")
@workspace_option
@json_option
def inspect(paths: tuple[Path, ...], workspace: Workspace, as_json: bool) -> int:
    """看文件是什么表、用哪个版式、哪些表头没认出；认不出的给出版式草稿。不载入任何数据。

    \b
    例：permit-audit inspect 大气排放口基本情况表.xlsx
    """
    from audit.inspection import inspect_files

    sheets = inspect_files(workspace, paths)
    if as_json:
        output.emit_json({"ok": True, "sheets": [vars(sheet) for sheet in sheets]})
    else:
        for sheet in sheets:
            print_sheet(sheet)
    return ExitCode.DONE if any(sheet.layout for sheet in sheets) else ExitCode.INPUT


def print_sheet(sheet: SheetInspection) -> None:
    """One sheet for people."""
    from checks.tables import TABLES

    form = sheet.format + (f"，{sheet.encoding}" if sheet.encoding else "")
    hidden = "，隐藏" if sheet.hidden else ""
    output.data(f"\n{sheet.file}［{sheet.sheet}］ {form}，{sheet.rows} 行 × {sheet.columns} 列{hidden}")
    if sheet.layout is None:
        output.data(f"  认不出是哪张表。最接近的版式：{'、'.join(sheet.nearest) or '无'}")
        if sheet.stub:
            output.data("  版式草稿（补好后存为 工作区/layouts/名称.yaml）：\n")
            output.data(sheet.stub)
        return
    output.data(f"  版式 {sheet.layout}（{sheet.title}）→ 表 {sheet.table}，吻合度 {sheet.score:.0%}")
    for rival in sheet.rivals:
        output.data(f"  同样吻合的版式：{rival}（可用 load --layout 指定）")
    fields = TABLES[sheet.table].by_name
    rows = [[column, fields[name].heading, name] for column, name in sheet.mapping.items()]
    output.print_table("", ["列", "表头", "字段"], rows)
    for heading, near in sheet.unknown_headings.items():
        output.data(f"  没用到的表头：{heading}" + (f"（最像 {near}）" if near else ""))
    if sheet.missing_headings:
        names = "、".join(fields[name].heading if name in fields else name for name in sheet.missing_headings)
        output.data(f"  文件里没有的列：{names}")
