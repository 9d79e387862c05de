"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from audit.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


def _workspace(ctx: click.Context, _param: click.Parameter, value: str | None) -> Workspace:
    from audit.workspace import Workspace

    return Workspace.at(value or ctx.find_root().obj)


class DateType(click.ParamType):
    """A day written YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """The day; a click error when it is none."""
        if isinstance(value, dt.date):
            return value
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} 不是 YYYY-MM-DD 形式的日期", param, ctx)


def workspace_option(command: F) -> F:
    """``--workspace DIR``: gives the command a Workspace."""
    return click.option(
        "--workspace", metavar="DIR", callback=_workspace, help="工作区文件夹（默认 ./permit-audit-workspace）"
    )(command)


def json_option(command: F) -> F:
    """``--json``: one JSON value on stdout."""
    return click.option("--json", "as_json", is_flag=True, help="以 JSON 输出（one JSON value on stdout）")(command)


def wait_option(command: F) -> F:
    """``--wait SECONDS``: how long to wait for another writer."""
    return click.option(
        "--wait", type=click.FloatRange(min=0), metavar="秒", default=None, help="仓库被占用时最多等待多少秒"
    )(command)


def as_of_option(command: F) -> F:
    """``--as-of DATE``: the day on which the audit stands (default: today)."""
    return click.option("--as-of", type=DateType(), metavar="YYYY-MM-DD", help="按哪一天审核（默认今天）")(command)
