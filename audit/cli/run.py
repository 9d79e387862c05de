"""``permit-audit run``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli import output
from audit.cli.options import as_of_option, json_option, wait_option, workspace_option
from checks.errors import ExitCode
from checks.model import Outcome, Severity

if TYPE_CHECKING:
    from audit.run import RunSummary
    from audit.workspace import Workspace
    from reports.ledger import Ledger

LEVELS = {"none": None, "提示": Severity.HINT, "一般": Severity.GENERAL, "严重": Severity.SERIOUS}
LEVELS |= {"hint": Severity.HINT, "general": Severity.GENERAL, "serious": Severity.SERIOUS}


@click.command()
@click.option(
    "--module", "modules", multiple=True, metavar="模块", help="只审某个模块，可重复（如 固体废物 或 solid-waste）"
)
@click.option("--rule", "rules", multiple=True, metavar="编号", help="只用某条规则，可重复")
@click.option("--district", "districts", multiple=True, metavar="区县", help="只审某个区县，可重复")
@click.option("--period", metavar="2026Q3", help="按这一期末的数据审（默认全部已载入的最新数据）")
@as_of_option
@click.option("--fail-on", type=click.Choice(list(LEVELS)), default="none", help="有这一级及以上问题时退出码为 1")
@click.option("--ledgers", "folder", type=click.Path(path_type=Path), metavar="DIR", help="台账写到哪里")
@click.option("--no-ledgers", is_flag=True, help="不写台账")
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", help="用哪个引擎审（默认 duckdb）")
@click.option(
    "--lake", type=click.Path(path_type=Path), metavar="DIR", help="--engine spark 用的数据湖（默认 工作区/lake）"
)
@workspace_option
@wait_option
@json_option
def run(
    modules: tuple[str, ...],
    rules: tuple[str, ...],
    districts: tuple[str, ...],
    period: str | None,
    as_of: dt.date | None,
    fail_on: str,
    folder: Path | None,
    no_ledgers: bool,
    engine: str,
    lake: Path | None,
    workspace: Workspace,
    wait: float | None,
    as_json: bool,
) -> int:
    """按规则审核已载入的数据，保存结果，并给每个区县和全市各写一本台账。

    \b
    例：permit-audit run
        permit-audit run --module 固体废物 --district 历城区 --as-of 2026-10-31
    """
    from audit.ledgers import write_run_ledgers
    from audit.run import RunOptions, run_audit

    options = RunOptions(as_of or dt.date.today(), modules, rules, districts, period, wait, engine, lake)
    with output.progress("审核") as progress:
        summary = run_audit(workspace, options, progress)
    ledgers: list[Ledger] = []
    if not no_ledgers:
        with output.progress("写台账") as progress:
            ledgers = write_run_ledgers(workspace, summary.run_id, folder, progress)
    if as_json:
        output.emit_json(as_dict(summary, ledgers))
    else:
        print_summary(workspace, summary, ledgers)
    if summary.crashed:
        return ExitCode.INTERNAL
    level = LEVELS[fail_on]
    return ExitCode.FINDINGS if level and summary.has_findings_at(level) else ExitCode.DONE


def as_dict(summary: RunSummary, ledgers: list[Ledger]) -> dict[str, object]:
    """The summary for programs."""
    return {
        "ok": not summary.crashed,
        "run_id": summary.run_id,
        "as_of": summary.as_of,
        "subjects": summary.subjects,
        "subjects_with_findings": summary.subjects_with_findings,
        "findings": summary.findings,
        "by_severity": summary.by_severity,
        "rules": [
            {
                "rule_id": result.rule_id,
                "outcome": result.outcome,
                "judged": result.judged,
                "violations": result.violations,
                "undecided": result.undecided,
                "reason": result.reason,
                "is_mass": result.is_mass,
            }
            for result in summary.results
        ],
        "ledgers": [
            {"district": ledger.district, "file": ledger.path, "findings": ledger.findings} for ledger in ledgers
        ],
    }


def print_summary(workspace: Workspace, summary: RunSummary, ledgers: list[Ledger]) -> None:
    """Counts by district and severity, what was not judged, and where the files are."""
    from audit.ledgers import count_by_district

    rows = count_by_district(workspace, summary.run_id)
    output.print_table(
        "", ["区县", "审核单位", "有问题单位", "严重", "一般", "提示", "合计"], rows, numeric={1, 2, 3, 4, 5, 6}
    )
    counts = {outcome: sum(result.outcome == outcome for result in summary.results) for outcome in Outcome}
    output.say(
        f"规则 {len(summary.results)} 条：" + "，".join(f"{name} {count}" for name, count in counts.items() if count)
    )
    for result in summary.results:
        if result.outcome == Outcome.ERROR:
            output.say(f"规则 {result.rule_id} 出错：{result.reason}")
        elif result.is_mass:
            share = f"{result.violations / result.judged:.0%}（{result.violations}/{result.judged}）"
            output.say(f"规则 {result.rule_id} 命中 {share}，可能是导出或填报口径的系统性问题")
    for ledger in ledgers:
        output.data(f"台账 {ledger.district or '全市'}\t{ledger.path}")
    output.say(
        f"审核 {summary.run_id}（基准日 {summary.as_of}）：{summary.subjects:,} 个单位，"
        f"{summary.subjects_with_findings:,} 个有问题，共 {summary.findings:,} 个问题"
    )
