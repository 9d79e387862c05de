"""Wrong options told in Chinese, with the nearest right one. Imported only when something is wrong."""

from __future__ import annotations

import click

from checks.errors import nearest


def usage_text(error: click.ClickException) -> str:
    """One or two lines: what is wrong with the call, and where the help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "permit-audit"
    return f"{_what(error)}。用法见 {command} --help"


def _what(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        near = error.possibilities or []
        return f"没有选项 {error.option_name}" + (f"，是否想用 {'、'.join(sorted(near))}" if near else "")
    if isinstance(error, click.MissingParameter):
        return f"缺少{'选项' if error.param_type == 'option' else '参数'} {_name(error)}"
    if isinstance(error, click.BadParameter):
        return f"{_name(error)} 的值不对：{error.message}"
    if isinstance(error, click.UsageError) and "No such command" in error.message:
        word = error.message.split("'")[1]
        group = error.ctx.command if error.ctx else None
        names = group.list_commands(error.ctx) if isinstance(group, click.Group) and error.ctx else []
        near = nearest(word, names)
        return f"没有命令 {word}" + (f"，是否想用 {'、'.join(near)}" if near else f"，可用：{'、'.join(names)}")
    return error.format_message()


def _name(error: click.BadParameter) -> str:
    if error.param_hint:
        hint = error.param_hint
        return hint if isinstance(hint, str) else "、".join(hint)
    if error.param is None:
        return "参数"
    return (
        error.param.opts[0]
        if isinstance(error.param, click.Option)
        else (error.param.make_metavar(error.ctx) if error.ctx else error.param.name or "")
    )
