"""``permit-audit rules``: the catalogue, its lint and its examples."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.cli import output
from audit.cli.options import as_of_option, json_option, workspace_option
from checks.errors import ExitCode

if TYPE_CHECKING:
    from audit.workspace import Workspace


@click.group()
def rules() -> None:
    """查看、检查、编写规则：list、show、count、lint、test、new、diff、handbook、schema。"""


@rules.command("list")
@click.option("--module", "modules", multiple=True, metavar="模块", help="只列某个模块，可重复")
@workspace_option
@json_option
def list_rules(modules: tuple[str, ...], workspace: Workspace, as_json: bool) -> None:
    """列出规则，一条一行。例：permit-audit rules list --module 固体废物"""
    from audit.catalogue import confidence, load_catalogue, rule_dict

    catalogue = load_catalogue(workspace)
    chosen = catalogue.select(modules)
    if as_json:
        output.emit_json({"ok": True, "rules": [rule_dict(rule) for rule in chosen]})
        return
    rows = [[rule.id, rule.module, rule.severity, confidence(rule), rule.title] for rule in chosen]
    output.print_table("", ["编号", "模块", "程度", "依据可信度", "问题"], rows)
    output.say(f"{len(chosen)} 条规则")


@rules.command("show")
@click.argument("rule_id", metavar="编号")
@workspace_option
@json_option
def show_rule(rule_id: str, workspace: Workspace, as_json: bool) -> None:
    """显示一条规则的条件、依据、建议和正反例。例：permit-audit rules show G-001"""
    from audit.catalogue import load_catalogue, rule_dict

    rule = load_catalogue(workspace).rule(rule_id)
    if as_json:
        output.emit_json({"ok": True, "rule": rule_dict(rule) | {"examples": rule.examples}})
        return
    output.data(f"{rule.id}  {rule.title}（{rule.severity}，{rule.stage}，{rule.module}）")
    facts = {"判断的表": rule.table, "判断哪些行": rule.applies, "正确的条件": rule.expect, "附加数据": rule.relation}
    for label, value in facts.items():
        if value:
            output.data(f"\n{label}：\n  " + "\n  ".join(value.strip().splitlines()))
    for item in rule.params:
        output.data(f"\n参数 {item.name} = {item.value}（{item.source}）")
    output.data(f"\n问题写法：{rule.message}\n整改建议：{rule.advice}\n依据：")
    for clause in rule.basis:
        span = f"，{clause.valid_from or ''}起" if clause.valid_from else ""
        span += f"，{clause.valid_to}止" if clause.valid_to else ""
        output.data(f"  {clause}（可信度 {clause.confidence}{span}）")
    if rule.note:
        output.data(f"说明：{rule.note}")
    for kind, title in (("bad", "反例（会报问题）"), ("good", "正例（不报）")):
        for example in rule.examples.get(kind, []):
            output.data(f"{title}：{example}")


@rules.command("count")
@workspace_option
@json_option
def count(workspace: Workspace, as_json: bool) -> None:
    """规则有多少条：按类别、依据可信度、模块。"""
    from audit.catalogue import count_rules, load_catalogue

    counts = count_rules(load_catalogue(workspace))
    if as_json:
        output.emit_json({"ok": True, **counts})
        return
    output.print_table(
        "",
        ["模块", "规则数"],
        [[name, number] for name, number in counts["by_module"].items()],
        numeric={1},
    )
    confidences = "，".join(f"{level} {number}" for level, number in counts["by_confidence"].items())
    output.say(
        f"通用 {counts['general']}，行业 {counts['industry']}（{counts['industries']} 个行业），"
        f"格式 {counts['contract']}；依据可信度：{confidences}"
    )


@rules.command("lint")
@workspace_option
@json_option
def lint(workspace: Workspace, as_json: bool) -> None:
    """检查规则文件的写法：列名、参数、依据、例子、SQL；有错即指出文件和规则。"""
    from audit.catalogue import load_catalogue

    catalogue = load_catalogue(workspace)
    for notice in catalogue.notices:
        output.say(notice)
    if as_json:
        output.emit_json({"ok": True, "rules": len(catalogue.rules), "notices": list(catalogue.notices)})
    else:
        output.say(f"{len(catalogue.rules)} 条规则写法无误")


@rules.command("test")
@click.argument("rule_ids", nargs=-1, metavar="[编号…]")
@workspace_option
@json_option
def test(rule_ids: tuple[str, ...], workspace: Workspace, as_json: bool) -> int:
    """运行规则的正反例；反例必须报、正例必须不报。例：permit-audit rules test G-001"""
    from audit.catalogue import load_catalogue, run_examples

    faults = run_examples(load_catalogue(workspace), rule_ids)
    broken = {rule_id: lines for rule_id, lines in faults.items() if lines}
    if as_json:
        output.emit_json({"ok": not broken, "tested": len(faults), "faults": broken})
    for rule_id, lines in broken.items():
        for line in lines:
            output.say(f"{rule_id}：{line}")
    output.say(f"{len(faults)} 条规则的例子：{len(faults) - len(broken)} 条通过，{len(broken)} 条不符")
    return ExitCode.USAGE if broken else ExitCode.DONE


@rules.command("new")
@click.argument("rule_id", metavar="编号")
@click.option("--table", required=True, metavar="表", help="判断哪张表的行，如 air_outlets")
@click.option("--module", default="其他", metavar="模块", help="属于哪个模块（默认 其他）")
@workspace_option
def new(rule_id: str, table: str, module: str, workspace: Workspace) -> None:
    """在工作区 rules/ 下写一条新规则的样子，供填写。例：permit-audit rules new JN-001 --table air_outlets"""
    from audit.rule_tools import write_stub

    file = write_stub(workspace, rule_id, table, module)
    output.data(str(file))
    output.say(f"请填写后运行：permit-audit rules lint，permit-audit rules test {rule_id}")


@rules.command("diff")
@click.argument("old", type=click.Path(path_type=Path), metavar="旧")
@click.argument("new", type=click.Path(path_type=Path), metavar="新")
@click.option(
    "--on", "folder", type=click.Path(path_type=Path), metavar="DIR", help="用哪个工作区的数据（默认当前工作区）"
)
@as_of_option
@workspace_option
@json_option
def diff(old: Path, new: Path, folder: Path | None, as_of: dt.date | None, workspace: Workspace, as_json: bool) -> int:
    """两套规则文件（或文件夹）在同样数据上的差别：新增哪些问题，减少哪些问题。不保存结果。

    例：permit-audit rules diff 旧规则.yaml 新规则.yaml --on 工作区
    """
    from audit.rule_tools import compare
    from audit.workspace import Workspace

    chosen = Workspace(folder) if folder else workspace
    found = compare(old, new, chosen, as_of or dt.date.today())
    if as_json:
        names = ("rule_id", "permit", "record", "message")
        lists = {
            kind: [dict(zip(names, row, strict=True)) for row in rows]
            for kind, rows in (("appeared", found.appeared), ("disappeared", found.disappeared))
        }
        output.emit_json({"ok": not found.crashed, "same": found.same, "crashed": list(found.crashed), **lists})
    else:
        for sign, rows in (("+", found.appeared), ("-", found.disappeared)):
            for row in rows:
                output.data("\t".join((sign, *row)))
        output.print_table("", ["规则", "新增", "减少"], [list(row) for row in found.by_rule()], numeric={1, 2})
    for line in found.crashed:
        output.say(f"规则出错：{line}")
    output.say(f"新增 {len(found.appeared)} 个问题，减少 {len(found.disappeared)} 个，不变 {found.same} 个")
    return ExitCode.INTERNAL if found.crashed else ExitCode.DONE


@rules.command("handbook")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    default=".",
    metavar="DIR",
    help="写到哪个文件夹（默认当前文件夹）",
)
@workspace_option
def handbook(folder: Path, workspace: Workspace) -> None:
    """写出问题认定指南：rules.html 和 rules.xlsx，含本工作区自己的规则和调整。"""
    from audit.catalogue import load_catalogue
    from audit.handbook import write_handbook

    for file in write_handbook(load_catalogue(workspace), folder, dt.date.today()):
        output.data(str(file))


@rules.command("schema")
def schema() -> None:
    """规则文件的 JSON Schema（给编辑器用）。例：permit-audit rules schema > rule.schema.json"""
    import json

    from checks.catalogue_form import rule_schema

    output.data(json.dumps(rule_schema(), ensure_ascii=False, indent=2))
