"""The command ``permit-audit``: finds its commands lazily and turns every ending into an exit code.

Nothing but click is imported before a command is chosen, so that ``--help`` answers at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from audit.cli import output
from checks.errors import ExitCode, UserError

#: Command name -> module and attribute, and its one-line help (so that --help imports nothing).
COMMANDS: dict[str, tuple[str, str]] = {
    "load": ("audit.cli.load:load", "载入导出文件（load exports into the warehouse）"),
    "inspect": ("audit.cli.inspect:inspect", "看一个文件是什么表、表头认出多少（what is this file）"),
    "run": ("audit.cli.run:run", "按规则审核已载入的数据，生成台账（audit what was loaded）"),
    "module": ("audit.cli.run:module", "专项审核：只审一个或几个模块（audit some modules only）"),
    "suite": ("audit.cli.suite:suite", "一个模块的规则由 Great Expectations 再判一遍（a second judge, Data Docs）"),
    "modules": ("audit.cli.modules:modules", "列出模块和各有多少条规则（list the modules）"),
    "findings": ("audit.cli.findings:findings", "列出或导出审核发现的问题（list or export findings）"),
    "rules": ("audit.cli.rules:rules", "查看、检查规则库（the rule catalogue）"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table above."""
        with formatter.section("命令 Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--workspace", metavar="DIR", help="工作区文件夹（默认 ./permit-audit-workspace，或环境变量）")
@click.version_option(package_name="permit-audit", message="permit-audit %(version)s")
@click.pass_context
def cli(ctx: click.Context, workspace: str | None) -> None:
    """排污许可证数据质量批量审核工具。

    Batch data-quality audits of discharge permits. 例：

    \b
    permit-audit load 导出文件夹/          载入
    permit-audit run                       审核，并为每个区县写台账
    permit-audit findings export -o 问题.xlsx
    """
    ctx.obj = workspace


def run(arguments: list[str] | None = None) -> None:
    """Entry point: runs a command and leaves with its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")  # looking for plugins costs more than reading settings
    as_json = "--json" in arguments
    code: int
    try:
        result: Any = cli.main(arguments, standalone_mode=False, prog_name="permit-audit")
        code = result if isinstance(result, int) else ExitCode.DONE
    except UserError as error:
        code = output.fail(error.message, error.exit_code, as_json=as_json)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = output.fail("已中断，未留下半成品", ExitCode.INTERRUPTED, as_json=as_json)
    except click.ClickException as error:
        code = output.fail(_usage_text(error), ExitCode.USAGE, as_json=as_json)
    except BrokenPipeError:  # the reader of our output has left: not an error
        sys.stderr.close()
        code = ExitCode.DONE
    except OSError as error:
        if error.errno != 28:
            raise
        code = output.fail(
            f"磁盘已满：{error.filename or ''} 写不下了。请腾出空间后重做", ExitCode.INTERNAL, as_json=as_json
        )
    except Exception:
        import traceback

        traceback.print_exc()
        code = output.fail("程序内部错误（以上为详情），请把它发给开发者", ExitCode.INTERNAL, as_json=as_json)
    sys.exit(int(code))


def _usage_text(error: click.ClickException) -> str:
    from audit.cli.usage import usage_text

    return usage_text(error)


if __name__ == "__main__":
    run()
