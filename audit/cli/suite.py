"""``permit-audit suite``."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli import output
from audit.cli.options import as_of_option, json_option, workspace_option
from checks.errors import ExitCode
from checks.model import Outcome

if TYPE_CHECKING:
    from audit.suite import SuiteReport
    from audit.workspace import Workspace


@click.command()
@click.argument("module", metavar="模块")
@click.option(
    "--docs",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="把 Great Expectations 的验证文档（Data Docs）写到这个新文件夹；打开网页时样式取自互联网",
)
@click.option("--permit", "permits", multiple=True, metavar="编号", help="只判这张许可证，可重复（默认全部）")
@click.option("--district", "districts", multiple=True, metavar="区县", help="只判某个区县，可重复；不与 --permit 同用")
@as_of_option
@workspace_option
@json_option
def suite(
    module: str,
    docs: Path | None,
    permits: tuple[str, ...],
    districts: tuple[str, ...],
    as_of: dt.date | None,
    workspace: Workspace,
    as_json: bool,
) -> int:
    """一个模块的规则由 Great Expectations 再判一遍，逐条与引擎核对计数，用作抽查的旁证。

    仓库只读，不保存结果，不写台账。两次计数不同或规则出错时退出码为 4。

    \b
    例：permit-audit suite 固体废物 --docs 抽查/固体废物
        permit-audit suite solid-waste --permit 91370100MA3C000000001P
    """
    from audit.suite import SuiteOptions, run_module_suite

    if permits and districts:
        raise click.UsageError("--permit 和 --district 只能用一个")
    options = SuiteOptions(
        module, as_of or dt.date.today(), permits, districts, docs, is_shown=sys.stderr.isatty() and not as_json
    )
    report = run_module_suite(workspace, options)
    if as_json:
        output.emit_json(as_dict(report))
    else:
        print_report(report)
    return ExitCode.INTERNAL if report.faults else ExitCode.DONE


def as_dict(report: SuiteReport) -> dict[str, object]:
    """The report for programs. ``observed_value`` is the count of Great Expectations, null if it was not asked."""
    return {
        "ok": not report.faults,
        "module": report.module,
        "as_of": report.as_of,
        "units": report.units,
        "docs": report.docs,
        "rules": [
            {
                "rule_id": line.rule.id,
                "title": line.rule.title,
                "severity": line.rule.severity,
                "outcome": line.result.outcome,
                "reason": line.result.reason,
                "violations": line.result.violations,
                "observed_value": line.count,
                "fault": line.fault,
            }
            for line in report.lines
        ],
    }


def print_report(report: SuiteReport) -> None:
    """The count of each rule, the rules that were left out, and what does not fit."""
    rows = [
        [line.rule.id, line.rule.severity, line.rule.title, line.count, line.result.violations]
        for line in report.lines
        if line.was_run
    ]
    output.print_table("", ["规则", "程度", "名称", "GX 计数", "引擎计数"], rows, numeric={3, 4})
    for line in report.lines:
        if line.result.outcome == Outcome.NOT_RUN:
            output.say(f"未运行 {line.rule.id} {line.rule.title}：{line.result.reason}")
    for line in report.faults:
        output.say(f"规则 {line.rule.id} 出错：{line.fault}")
    if report.docs:
        output.data(f"验证文档\t{report.docs / 'index.html'}")
    counts = [line.count for line in report.lines if line.count is not None]
    output.say(
        f"模块 {report.module}（基准日 {report.as_of}）：{report.units:,} 个单位，{len(counts)} 条规则由"
        f" Great Expectations 再判，{sum(1 for count in counts if count)} 条有问题，共 {sum(counts):,} 行"
    )
