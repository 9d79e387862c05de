"""The hand-book of the rules in force in a workspace: what a reader must know of each rule, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from audit.catalogue import confidence
from audit.run import catalogue_version, notes_on
from checks.catalogue import Catalogue
from checks.model import AuditRule
from checks.references import reference_rows
from checks.tables import TABLES
from reports.handbook import Entry, Handbook, write_page, write_workbook

TITLE = "排污许可证质量问题认定指南"
_REMARKS = (
    "每条规则判断一张表的若干行：符合“判断哪些行”的行，“正确的条件”为真即合格，为假即疑似问题，缺数据即不判断。",
    "严重：依据写明“应当”；一般：依据写明“宜”或属填报规范；提示：情况异常，需要人工核对，不能据此认定。",
    "依据的可信度：A 读过官方原文，B 第二手来源，C 仅凭记忆。仅凭记忆的规则只能是提示。",
    "规则给出的是疑似问题。是否属实，以核实结果为准。",
)


def write_handbook(catalogue: Catalogue, folder: Path, created: date) -> list[Path]:
    """Write ``rules.html`` and ``rules.xlsx`` into a folder."""
    book = handbook(catalogue)
    folder.mkdir(parents=True, exist_ok=True)
    page, workbook = folder / "rules.html", folder / "rules.xlsx"
    write_page(book, page)
    write_workbook(book, workbook, created)
    return [page, workbook]


def handbook(catalogue: Catalogue) -> Handbook:
    """Everything that the hand-book says."""
    rules = catalogue.select()
    industries = {row[0]: row[1] for row in _industry_names()}
    changes = {change.rule: note for change, note in zip(catalogue.overrides, _changes(catalogue), strict=True)}
    return Handbook(
        TITLE,
        catalogue_version(catalogue),
        tuple(_entry(rule, industries, changes.get(rule.id, "")) for rule in rules),
        _REMARKS,
        tuple(f"{rule.id} {rule.title}：{'；'.join(_waits_for(rule))}" for rule in rules if _waits_for(rule)),
    )


def _changes(catalogue: Catalogue) -> list[str]:
    return notes_on(catalogue)[len(catalogue.notices) :]


def _industry_names() -> list[tuple[str, str]]:
    return [(str(row[1]), str(row[2])) for row in reference_rows("industry_codes")]


def _waits_for(rule: AuditRule) -> list[str]:
    """Texts that nobody has read yet: all clauses are from memory, or numbers of a provincial standard."""
    if confidence(rule) == "C":
        return [str(clause) for clause in rule.basis]
    return [str(clause) for clause in rule.basis if clause.confidence != "A" and clause.doc.startswith("DB")]


def _entry(rule: AuditRule, industries: Mapping[str, str], change: str) -> Entry:
    return Entry(
        id=rule.id,
        title=rule.title,
        module=rule.module,
        severity=str(rule.severity),
        stage=rule.stage,
        industry="、".join(f"{code} {industries.get(code, '')}".strip() for code in rule.industry),
        table=TABLES[rule.table].title,
        applies=rule.applies,
        expect=rule.expect,
        relation=rule.relation,
        params=tuple(f"{item.name} = {item.value}（{item.source}）" for item in rule.params),
        message=_words(rule),
        advice=rule.advice,
        basis=tuple(_clause(rule, number) for number in range(len(rule.basis))),
        confidence=confidence(rule),
        bad=tuple(line for example in rule.examples["bad"] for line in _example(example)),
        good=tuple(line for example in rule.examples["good"] for line in _example(example)),
        note=rule.note,
        change=change,
    )


def _words(rule: AuditRule) -> str:
    """The message with headings instead of column names."""
    text = rule.message
    for name, column in TABLES[rule.table].columns.items():
        text = text.replace("{" + name + "}", f"〔{column.heading}〕")
    return text


def _clause(rule: AuditRule, number: int) -> str:
    clause = rule.basis[number]
    span = "".join(
        [f"，{clause.valid_from} 起" if clause.valid_from else "", f"，{clause.valid_to} 止" if clause.valid_to else ""]
    )
    return f"{clause}（可信度 {clause.confidence}{span}）"


def _example(example: Mapping[str, Any]) -> list[str]:
    lines = []
    for table, rows in example.items():
        if table not in TABLES:
            if table == "as_of":
                lines.append(f"审核基准日 {rows}")
            continue
        columns = TABLES[table].columns
        for row in rows:
            cells = [
                f"{columns[name].heading if name in columns else name}＝{'（空）' if value is None else value}"
                for name, value in row.items()
            ]
            lines.append(f"{TABLES[table].title}：{'，'.join(cells) or '（一行）'}")
    return lines
