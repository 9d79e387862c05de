"""``permit-audit modules``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from audit.cli import output
from audit.cli.options import json_option, workspace_option

if TYPE_CHECKING:
    from audit.workspace import Workspace


@click.command()
@workspace_option
@json_option
def modules(workspace: Workspace, as_json: bool) -> None:
    """列出审核模块：中文名、英文名、规则数。专项审核用 permit-audit module 名称。"""
    from audit.catalogue import list_modules, load_catalogue

    listed = list_modules(load_catalogue(workspace))
    if as_json:
        output.emit_json({"ok": True, "modules": listed})
        return
    rows = [[entry["name"], entry["alias"], entry["rules"], "、".join(entry["tables"])] for entry in listed]
    output.print_table("", ["模块", "英文名", "规则数", "读取的表"], rows, numeric={2})
