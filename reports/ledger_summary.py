"""The sheets 汇总 and 按企业清单: counts with their denominators, a chart, the units with problems.

The numbers come from ``counts``; in a district's workbook they are computed from its own rows only.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from reports.counts import (
    SEVERITIES,
    city_rules,
    count_by,
    count_districts,
    count_units,
    district_rules,
    mass_rules,
)
from reports.ledger_parts import COUNT, HEAD, NOTE, ROW_POINTS, SHARE, TEXT, TITLE, Contents, Page, out_of
from reports.style import severity_fill, severity_style
from reports.workbook import ROW_LIMIT, Book, PageSetup, SheetWriter

_CHART_LINES = 14  # lines that the chart needs at least
_CHART_PIXELS = 600
_PIXELS = 4 / 3  # per point


def write_summary(book: Book, sheet: SheetWriter, contents: Contents) -> None:
    """汇总: by district (city only), by module and severity with a chart, by rule."""
    is_city = contents.district is None
    numbers = 8 if is_city else 7
    page = Page(sheet, (15, 11, *(11 for _ in range(numbers - 2)), 44, 44))
    page.wide(f"{contents.title}　汇总", TITLE, 36)
    counts = contents.counts
    page.wide(
        f"受检单位 {counts.audited} 家，有问题的 {out_of(counts.with_problems, counts.audited, '家')}；"
        f"问题 {counts.problems} 条。",
        NOTE,
    )
    if contents.rows.is_empty():
        page.section("没有发现问题")
    else:
        _write_modules(book, page, contents)
    if is_city:
        _write_districts(page, contents)
    _write_mass(page, contents)
    if is_city:
        _write_city_rules(page, contents)
    elif not contents.rows.is_empty():
        _write_district_rules(page, contents)
    sheet.protect()
    sheet.set_page(PageSetup(contents.footer, area=(page.row - 1, page.last)))


def write_units(book: Book, contents: Contents) -> None:
    """按企业清单: one line per unit with problems."""
    units = count_units(contents.rows)
    for number, start in enumerate(range(0, max(units.height, 1), ROW_LIMIT), start=1):
        sheet = book.add_sheet("按企业清单" if number == 1 else f"按企业清单{number}")
        _write_unit_sheet(sheet, contents, units.slice(start, ROW_LIMIT), start)


def _write_unit_sheet(sheet: SheetWriter, contents: Contents, units: pl.DataFrame, start: int) -> None:
    page = Page(sheet, (6, 25, 34, 10, 20, 10, 7, 7, 7, 7, 42))
    page.wide(f"{contents.title}　按企业清单", TITLE, 36)
    counts = contents.counts
    page.wide(f"列出有问题的单位 {out_of(counts.with_problems, counts.audited, '家')}，按问题严重程度排列。", NOTE)
    header = page.row
    names = ("序号", "许可证编号", "单位名称", "区县", "行业", "管理类别", *SEVERITIES, "合计", "涉及模块")
    page.line(names, [HEAD] * len(names))
    styles = (COUNT, TEXT, TEXT, COUNT, TEXT, COUNT, *(COUNT for _ in range(4)), TEXT)
    for sequence, row in enumerate(units.iter_rows(named=True), start=start + 1):
        shaded = tuple(
            severity_style(COUNT, name) if name == SEVERITIES[0] and row[name] else COUNT for name in SEVERITIES
        )
        page.line(
            (
                sequence,
                row["permit_no"],
                row["unit_name"],
                row["district"],
                row["industry_name"],
                row["management_class"],
                *(row[name] for name in SEVERITIES),
                row["problems"],
                row["modules"],
            ),
            (*styles[:6], *shaded, *styles[9:]),
        )
    if units.is_empty():
        page.wide("本次审核没有发现有问题的单位。", replace(TEXT, is_centred=True), 26)
    sheet.freeze(header + 1, 3)
    sheet.set_filter(header, page.row - 1, page.last)
    sheet.protect()
    sheet.set_page(PageSetup(contents.footer, repeat=header, area=(page.row - 1, page.last)))


def _write_modules(book: Book, page: Page, contents: Contents) -> None:
    page.section("按模块和严重程度")
    header = page.row
    page.line(("模块", *SEVERITIES, "合计", "涉及单位"), [HEAD] * 6)
    modules = count_by(contents.rows, "module")
    for row in modules.iter_rows():
        page.line(row, (TEXT, *(COUNT for _ in row[1:])))
    counts = contents.counts
    page.line(("合计", *counts.by_severity, counts.problems, counts.with_problems), [HEAD] * 6)
    page.fill_up(header, _CHART_LINES)
    chart = book.bar_chart(
        page.sheet, header, modules.height, [severity_fill(name) for name in SEVERITIES], "各模块问题数"
    )
    height = int((page.row - header) * ROW_POINTS * _PIXELS) - 6
    page.sheet.add_chart(header, len(page.widths) - 2, chart, _CHART_PIXELS, height)


def _write_districts(page: Page, contents: Contents) -> None:
    page.section("按区县")
    page.line(("区县", "受检单位", "有问题单位", "占比", *SEVERITIES, "合计"), [HEAD] * 8)
    for row in count_districts(contents.rows, contents.subjects).iter_rows(named=True):
        share = row["units"] / row["audited"] if row["audited"] else None
        numbers = (*(row[name] for name in SEVERITIES), row["problems"])
        page.line(
            (row["district"] or "未填区县", row["audited"], row["units"], share, *numbers),
            (TEXT, COUNT, COUNT, SHARE, *(COUNT for _ in numbers)),
        )


def _write_mass(page: Page, contents: Contents) -> None:
    mass = mass_rules(contents.facts.rules)
    if contents.district is not None:
        mass = mass.filter(pl.col("rule_id").is_in(contents.rows["rule_id"].unique().implode()))
    if mass.is_empty():
        return
    page.section("集中出现的问题")
    page.wide(
        "下列规则在判定对象中大面积命中，可能是数据导出或填报口径的系统性问题，请先核对来源数据，再逐家核实：", NOTE
    )
    own = dict(contents.rows.group_by("rule_id").len().iter_rows())
    for row in mass.iter_rows(named=True):
        if contents.district is None:
            share = f"{row['violations'] / row['judged']:.1%}" if row["judged"] else "—"
            extent = f"判定 {row['judged']} 项，问题 {row['violations']} 项，占 {share}"
        else:
            extent = f"本台账中 {own.get(row['rule_id'], 0)} 条"
        page.wide(f"{row['rule_id']} {row['title']}：{extent}", TEXT)


def _write_city_rules(page: Page, contents: Contents) -> None:
    page.section("按规则")
    names = ("模块", "规则编号", "严重程度", "结果", "判定数", "问题数", "未能判定", "问题率", "问题类别", "依据")
    page.line(names, [HEAD] * len(names))
    for row in city_rules(contents.facts.rules).iter_rows(named=True):
        severity = severity_style(COUNT, row["severity"]) if row["violations"] else COUNT
        keys = (
            "module",
            "rule_id",
            "severity",
            "outcome",
            "judged",
            "violations",
            "undecided",
            "share",
            "title",
            "basis",
        )
        page.line([row[key] for key in keys], (TEXT, COUNT, severity, COUNT, COUNT, COUNT, COUNT, SHARE, TEXT, TEXT))


def _write_district_rules(page: Page, contents: Contents) -> None:
    page.section("按规则")
    names = ("模块", "规则编号", "严重程度", "问题数", "涉及单位", "占受检", "集中出现", "问题类别", "整改建议")
    page.line(names, [HEAD] * len(names))
    mass = mass_rules(contents.facts.rules)
    for row in district_rules(contents.rows, contents.counts.audited, mass).iter_rows(named=True):
        severity = severity_style(COUNT, row["severity"])
        page.line(
            (
                row["module"],
                row["rule_id"],
                row["severity"],
                row["problems"],
                row["units"],
                row["share"],
                "是" if row["is_mass"] else "",
                row["title"],
                row["advice"],
            ),
            (TEXT, COUNT, severity, COUNT, COUNT, SHARE, COUNT, TEXT, TEXT),
        )
