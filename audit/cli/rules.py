"""``permit-audit rules``: the catalogue, its lint and its examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from audit.cli import output
from audit.cli.options import json_option, workspace_option
from checks.errors import ExitCode

if TYPE_CHECKING:
    from audit.workspace import Workspace


@click.group()
def rules() -> None:
    """查看、检查规则库：list、show、count、lint、test。"""


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
