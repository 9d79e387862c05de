"""``permit-audit run`` and ``permit-audit module``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audit.cli import output
from audit.cli.options import as_of_option, json_option, wait_option, workspace_option
from checks.errors import ExitCode
from checks.model import Outcome, Severity

if TYPE_CHECKING:
    from audit.run import RunSummary
    from audit.workspace import Workspace
    from checks.engine.plan import Profile
    from reports.ledger import Ledger

F = TypeVar("F", bound=Callable[..., Any])
LEVELS = {"none": None, "提示": Severity.HINT, "一般": Severity.GENERAL, "严重": Severity.SERIOUS}
LEVELS |= {"hint": Severity.HINT, "general": Severity.GENERAL, "serious": Severity.SERIOUS}


def _options(command: F) -> F:
    """The options that ``run`` and ``module`` share, in the order in which they are listed."""
    given = [
        click.option("--district", "districts", multiple=True, metavar="区县", help="只审某个区县，可重复"),
        click.option("--period", metavar="2026Q3", help="按这一期末的数据审（默认全部已载入的最新数据）"),
        as_of_option,
        click.option(
            "--fail-on", type=click.Choice(list(LEVELS)), default="none", help="有这一级及以上问题时退出码为 1"
        ),
        click.option("--ledgers", "folder", type=click.Path(path_type=Path), metavar="DIR", help="台账写到哪里"),
        click.option("--no-ledgers", is_flag=True, help="不写台账"),
        click.option("--full", is_flag=True, help="全部重新判断（默认：上次审核后没有变化的许可证沿用上次的结果）"),
        click.option("--explain", is_flag=True, help="列出怎样执行：哪些规则一起判断、各用多少秒"),
        click.option(
            "--profile", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="执行情况另存为 JSON"
        ),
        workspace_option,
        wait_option,
        json_option,
    ]
    for option in reversed(given):
        command = option(command)
    return command


@click.command()
@click.option(
    "--module", "modules", multiple=True, metavar="模块", help="只审某个模块，可重复（如 固体废物 或 solid-waste）"
)
@click.option("--rule", "rules", multiple=True, metavar="编号", help="只用某条规则，可重复")
@_options
def run(modules: tuple[str, ...], rules: tuple[str, ...], **options: Any) -> int:
    """按规则审核已载入的数据，保存结果，并给每个区县和全市各写一本台账。

    \b
    例：permit-audit run
        permit-audit run --module 固体废物 --district 历城区 --as-of 2026-10-31
    """
    return _audit(modules, rules, **options)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="模块…")
@_options
def module(names: tuple[str, ...], **options: Any) -> int:
    """专项审核：只用这些模块的规则，只读它们要用的表。有哪些模块见 permit-audit modules。

    \b
    例：permit-audit module 固体废物
        permit-audit module thermal-power monitoring --district 历城区
    """
    return _audit(names, (), **options)


def _audit(
    modules: tuple[str, ...],
    rules: tuple[str, ...],
    *,
    districts: tuple[str, ...],
    period: str | None,
    as_of: dt.date | None,
    fail_on: str,
    folder: Path | None,
    no_ledgers: bool,
    full: bool,
    explain: bool,
    profile: Path | None,
    workspace: Workspace,
    wait: float | None,
    as_json: bool,
) -> int:
    from audit.run import RunOptions, run_audit
    from checks.engine.plan import Profile

    plan = Profile()
    options = RunOptions(as_of or dt.date.today(), modules, rules, districts, period, wait, full)
    with output.progress("审核") as progress:
        summary = run_audit(workspace, options, progress, plan)
    if profile:
        profile.write_text(json.dumps(plan.as_json(), ensure_ascii=False, indent=1), encoding="utf-8")
    ledgers: list[Ledger] = []
    if not no_ledgers:
        from audit.ledgers import write_run_ledgers

        with output.progress("写台账") as progress:
            ledgers = write_run_ledgers(workspace, summary.run_id, folder, progress)
    if as_json:
        output.emit_json(as_dict(summary, ledgers))
    else:
        if explain:
            print_plan(plan)
        print_summary(summary, ledgers)
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


def print_plan(plan: Profile) -> None:
    """What was computed once, which rules shared a scan, and how long each part took."""
    relations = sorted(plan.relations, key=lambda relation: -relation.seconds)
    output.print_table(
        "共用关系（多处引用的先算一次）",
        ["名称", "引用处", "行数", "秒"],
        [[r.name, r.readers, "随用随算" if r.rows is None else f"{r.rows:,}", f"{r.seconds:.3f}"] for r in relations],
        numeric={1, 2, 3},
    )
    output.print_table(
        "扫描（同一张表的规则一起判断）",
        ["表", "规则数", "联接", "行数", "判断秒", "写出秒", "问题", "规则"],
        [
            [
                scan.table,
                len(scan.rules),
                scan.joins,
                f"{scan.rows:,}",
                f"{scan.judge_seconds:.3f}",
                f"{scan.hit_seconds:.3f}",
                scan.violations,
                " ".join(scan.rules),
            ]
            for scan in sorted(plan.scans, key=lambda scan: -scan.judge_seconds - scan.hit_seconds)
        ],
        numeric={1, 2, 3, 4, 5, 6},
    )
    output.say(
        f"准备 {plan.prepare_seconds:.2f} 秒，写入结果 {plan.store_seconds:.2f} 秒，{plan.workers} 个扫描同时进行"
    )


def print_summary(summary: RunSummary, ledgers: list[Ledger]) -> None:
    """Counts by district and severity, what was not judged, and where the files are."""
    headings = ["区县", "审核单位", "有问题单位", "严重", "一般", "提示", "合计"]
    output.print_table("", headings, list(summary.by_district), numeric={1, 2, 3, 4, 5, 6})
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
