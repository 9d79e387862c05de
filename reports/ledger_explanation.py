"""The sheet 说明: what a ledger is, what it rests on, how complete the audit was, how it is filled in."""

from __future__ import annotations

from checks.model import Outcome
from reports.columns import LEDGER_COLUMNS, FilledBy
from reports.counts import SEVERITIES, silent_rules
from reports.ledger_parts import COUNT, HEAD, NOTE, TEXT, TITLE, Contents, Page, out_of
from reports.workbook import PageSetup, SheetWriter


def write_explanation(sheet: SheetWriter, contents: Contents) -> None:
    """说明: what this is, what it rests on, how complete it is, how to fill it in."""
    facts, counts = contents.facts, contents.counts
    page = Page(sheet, (32, 28, 11, 11, 13, 36))
    page.wide(contents.title, TITLE, 36)
    page.wide(
        "本台账由排污许可证数据质量批量审核生成，逐条列出按规则查出的疑似问题。是否属实，以核实结果为准；"
        "“有问题”指与所列依据不一致，“未能判定”指数据缺失、无法作出判断，不计入问题。",
        NOTE,
    )
    page.section("一、基本信息")
    for label, text in (
        ("台账编号", contents.number),
        ("内容指纹", contents.fingerprint),
        ("适用范围", contents.name),
        ("审核期次", "、".join(facts.periods) or "未指定"),
        ("审核基准日", facts.as_of.isoformat()),
        ("运行编号", facts.run_id),
        ("运行时间", facts.started.strftime("%Y-%m-%d %H:%M:%S")),
        ("规则库版本", facts.catalogue_version),
    ):
        page.pair(label, text)
    page.section("二、数量")
    page.pair("受检单位", f"{counts.audited} 家")
    page.pair("有问题的单位", out_of(counts.with_problems, counts.audited, "家"))
    severities = "，".join(f"{name} {number} 条" for name, number in zip(SEVERITIES, counts.by_severity, strict=True))
    page.pair("问题", f"{counts.problems} 条（{severities}）")
    _write_rule_outcomes(page, contents)
    _write_inputs(page, contents)
    _write_guide(page)
    if facts.notes:
        page.section("六、需要说明的情况")
        for number, note in enumerate(facts.notes, start=1):
            page.pair(f"说明 {number}", contents.own(note))
    sheet.protect()
    sheet.set_page(PageSetup(contents.footer, area=(page.row - 1, page.last)))


def _write_rule_outcomes(page: Page, contents: Contents) -> None:
    rules = contents.facts.rules
    outcomes = dict(rules.group_by("outcome").len().iter_rows())
    page.section("三、规则运行情况")
    parts = "，".join(f"{outcome.value} {outcomes.get(outcome.value, 0)} 条" for outcome in Outcome)
    page.pair("参与审核的规则", f"{rules.height} 条：{parts}（按全部受检单位统计）")
    silent = silent_rules(rules)
    if silent.is_empty():
        page.pair("未运行或出错", "没有")
        return
    page.wide("下列规则没有得出结论，本台账中没有这些规则的问题，不等于没有这些问题：", NOTE)
    page.line_merged(("规则编号和名称", "结果", "原因"), HEAD)
    for row in silent.iter_rows(named=True):
        rule = f"{row['rule_id']} {row['title'] or ''}".strip()
        page.line_merged((rule, row["outcome"], contents.own(row["reason"] or "未说明")), TEXT)


def _write_inputs(page: Page, contents: Contents) -> None:
    page.section("四、输入文件")
    page.line(("文件名", "数据表", "读入行数", "拒收行数", "大小（字节）", "SHA-256"), [HEAD] * 6)
    for file in sorted(contents.facts.inputs, key=lambda file: (file.name, file.table, file.sha256)):
        page.line(
            (contents.own(file.name), file.table, file.rows_loaded, file.rows_rejected, file.size, file.sha256),
            (TEXT, TEXT, COUNT, COUNT, COUNT, TEXT),
        )


def _write_guide(page: Page) -> None:
    page.section("五、填报说明")
    page.wide(
        "只填“问题台账”表中标黄的各列，其余各列已锁定（无密码）。可以筛选、调整列宽；请勿删除行、删除或改动“问题编号”列，"
        "勿只对部分列排序，勿改表头文字。填好后将整个文件交回市局。",
        NOTE,
    )
    for column in LEDGER_COLUMNS:
        if column.filled_by is FilledBy.DISTRICT:
            choices = f"（{'、'.join(column.options)}）" if column.options else ""
            page.pair(column.heading, column.hint + choices)
