"""``permit-audit load``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.cli import output
from audit.cli.options import json_option, wait_option, workspace_option
from checks.errors import UserError

if TYPE_CHECKING:
    from audit.workspace import Workspace
    from loaders.pipeline import LoadReport


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[文件|文件夹|ZIP…]")
@click.option(
    "--from", "url", metavar="URL", help="改从数据库读取：postgresql://用户@主机:端口/库名 或 mysql://用户@主机/库名"
)
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="表名[=标准表]",
    help="只读这张表，可重复（与 --from 同用；默认模式里的全部表和视图）",
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="数据库密码所在的文件，取第一行（也可用环境变量 PERMIT_AUDIT_DB_PASSWORD）",
)
@click.option("--period", metavar="2026Q3", help="数据属于哪一期（默认看文件夹名，如 2026Q3/，否则为当前季度）")
@click.option("--layout", metavar="NAME", help="强制按某个版式读取（名称见 inspect）")
@click.option("--dry-run", is_flag=True, help="只试读，不写入（read and report, write nothing）")
@click.option("--skip-unknown", is_flag=True, help="跳过认不出的文件，其余照常载入")
@workspace_option
@wait_option
@json_option
def load(
    paths: tuple[Path, ...],
    url: str | None,
    tables: tuple[str, ...],
    password_file: Path | None,
    period: str | None,
    layout: str | None,
    dry_run: bool,
    skip_unknown: bool,
    workspace: Workspace,
    wait: float | None,
    as_json: bool,
) -> int:
    """载入导出文件：xlsx、xls、csv、txt、json、parquet，文件夹，或它们的 zip；或数据库里的表。

    一次载入要么全部成功，要么什么都不改；同样的文件再载入一次不会有任何变化。

    \b
    例：permit-audit load 2026年三季度导出/ --period 2026Q3
        permit-audit load 许可证.zip --dry-run
        permit-audit load --from postgresql://reader@10.0.0.5/permits --period 2026Q3
    """
    from audit.load import load_database, load_exports

    if bool(paths) == (url is not None):
        raise UserError("请给出要载入的文件，或用 --from 给出数据库地址（二者选一）")
    if url is None and (tables or password_file):
        raise UserError("--table 和 --password-file 只能与 --from 同用")
    with output.progress("载入") as progress:
        common: Any = {
            "period": period,
            "layout": layout,
            "dry_run": dry_run,
            "skip_unknown": skip_unknown,
            "wait": wait,
            "progress": progress,
        }
        if url is None:
            report = load_exports(workspace, paths, **common)
        else:
            report = load_database(workspace, url, tables=tables, password_file=password_file, **common)
    if as_json:
        output.emit_json(as_dict(report, dry_run=dry_run))
    else:
        print_report(report, dry_run=dry_run)
    return 0


def as_dict(report: LoadReport, *, dry_run: bool) -> dict[str, object]:
    """The report for programs."""
    tables = sorted(set(report.loaded) | {name for name, count in report.rejected.items() if count})
    return {
        "ok": True,
        "dry_run": dry_run,
        "batches": report.batches,
        "periods": report.periods,
        "rows_in": report.rows_in,
        "loaded": {name: report.loaded[name] for name in tables},
        "rejected": {name: report.rejected[name] for name in tables},
        "contract_failures": report.contract_failures,
        "already_loaded": report.already_loaded,
        "skipped": report.skipped,
        "unmatched_sheets": report.unmatched,
        "sheets": [vars(sheet) for sheet in report.sheets],
    }


def print_report(report: LoadReport, *, dry_run: bool) -> None:
    """The report for people: a table on stdout, remarks on stderr."""
    from checks.tables import TABLES

    tables = sorted(
        set(report.loaded) | {name for name, count in report.rejected.items() if count}, key=list(TABLES).index
    )
    rows = [
        [
            TABLES[name].title,
            name,
            report.loaded[name] + report.rejected[name],
            report.loaded[name],
            report.rejected[name],
        ]
        for name in tables
    ]
    if rows:
        output.print_table("", ["表", "名称", "读入行", "载入", "拒收"], rows, numeric={2, 3, 4})
    for (table, reason), count in sorted(report.reasons.items()):
        output.say(f"拒收 {count} 行（{TABLES[table].title}）：{reason}")
    for sheet in report.sheets:
        if sheet.unknown_headings:
            output.say(
                f"{sheet.file}：{len(sheet.unknown_headings)} 个表头没有用到：{'、'.join(sheet.unknown_headings[:8])}"
            )
    for name in report.unmatched:
        output.say(f"工作表没有用到：{name}")
    for line in report.skipped:
        output.say(f"已跳过 {line}")
    if report.already_loaded:
        output.say(f"{len(report.already_loaded)} 个文件或表以前已载入本期，未作改动")
    batches = "、".join(f"{batch}（{period}）" for period, batch in report.batches.items())
    done = "试读完成，没有写入" if dry_run else f"载入完成，批次 {batches}" if batches else "没有新内容，仓库未改动"
    output.say(
        f"{done}；读入 {report.rows_in:,} 行 = 载入 {sum(report.loaded.values()):,}"
        f" + 拒收 {sum(report.rejected.values()):,}；格式问题 {report.contract_failures:,} 处"
    )
