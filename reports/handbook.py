"""The hand-book of the rules (问题认定指南), as one self-contained page and as a workbook.

It shows what it is given; what a rule is and which rules there are is decided in ``audit.handbook``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path

from reports.files import whole_file
from reports.style import Style, severity_style
from reports.workbook import PageSetup, open_book


@dataclass(frozen=True)
class Entry:
    """One rule as a reader meets it. ``bad`` and ``good`` are examples, ``table：column=value`` lines."""

    id: str
    title: str
    module: str
    severity: str
    stage: str
    industry: str
    table: str
    applies: str
    expect: str
    relation: str
    params: tuple[str, ...]
    message: str
    advice: str
    basis: tuple[str, ...]
    confidence: str
    bad: tuple[str, ...]
    good: tuple[str, ...]
    note: str
    change: str  # what this bureau changed of the rule; '' if nothing


@dataclass(frozen=True)
class Handbook:
    """All rules in the order of modules, and what is to be said of them as a whole."""

    title: str
    version: str
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...]
    waiting: tuple[str, ...]  # rules that wait for an official text, one line each


_HEADINGS: tuple[tuple[str, float], ...] = (
    ("编号", 11),
    ("模块", 11),
    ("问题", 28),
    ("严重程度", 8),
    ("环节", 6),
    ("适用行业", 14),
    ("判断的表", 18),
    ("问题写法", 30),
    ("依据（可信度）", 44),
    ("整改建议", 30),
    ("反例（会报）", 36),
    ("正例（不报）", 36),
    ("参数", 24),
    ("说明", 24),
)
_HEAD = Style(bold=True, is_centred=True, fill="#D9E2EC")
_TEXT = Style(is_top=True)
_SEVERITY = Style(is_centred=True)


def write_workbook(book: Handbook, path: Path, created: date) -> None:
    """The hand-book as ``.xlsx``: one rule per line, filters on the headings."""
    with open_book(path, created) as workbook:
        workbook.set_properties(book.title, "排污许可证 审核规则", {"规则库版本": book.version})
        sheet = workbook.add_sheet("规则")
        sheet.set_widths([width for _, width in _HEADINGS])
        sheet.write_row(0, [name for name, _ in _HEADINGS], _HEAD, height=24)
        for row, entry in enumerate(book.entries, start=1):
            for column, value in enumerate(_cells(entry)):
                style = severity_style(_SEVERITY, entry.severity) if column == 3 else _TEXT
                sheet.write(row, column, value, style)
        sheet.freeze(1, 3)
        sheet.set_filter(0, len(book.entries), len(_HEADINGS) - 1)
        sheet.set_page(
            PageSetup(f"{book.title}（规则库版本 {book.version}）", 0, (len(book.entries), len(_HEADINGS) - 1))
        )
        remarks = workbook.add_sheet("说明")
        remarks.set_widths([100])
        for row, text in enumerate((book.title, *book.remarks, "", "等待官方原文的规则：", *book.waiting)):
            remarks.write(row, 0, text, Style(border=False, bold=row == 0))


def _cells(entry: Entry) -> list[str]:
    return [
        entry.id,
        entry.module,
        entry.title,
        entry.severity,
        entry.stage,
        entry.industry or "全部",
        entry.table,
        entry.message,
        "\n".join(entry.basis),
        entry.advice,
        "\n".join(entry.bad),
        "\n".join(entry.good),
        "\n".join(entry.params),
        "\n".join(part for part in (entry.note, entry.change) if part),
    ]


_CSS = """
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:0;color:#1b2733;background:#f6f8fa}
header{background:#12395b;color:#fff;padding:18px 24px}header h1{margin:0 0 4px;font-size:22px}
main{display:flex;align-items:flex-start}nav{position:sticky;top:0;width:210px;max-height:100vh;overflow:auto;padding:14px}
nav a{display:block;color:#12395b;text-decoration:none;padding:2px 6px;font-size:14px}nav a:hover{background:#dfe8f1}
section.all{flex:1;padding:14px 24px;max-width:980px}h2{border-bottom:2px solid #12395b;padding-bottom:3px}
details{background:#fff;border:1px solid #d5dde5;border-radius:5px;margin:6px 0;padding:5px 12px}
summary{cursor:pointer}summary b{font-family:ui-monospace,monospace;margin-right:8px}
.s{display:inline-block;border-radius:3px;padding:0 7px;font-size:13px;margin-right:8px}
.严重{background:#b03a1e;color:#fff}.一般{background:#f2c14e}.提示{background:#dceaf7}
dl{display:grid;grid-template-columns:7em 1fr;gap:3px 10px;margin:8px 0}
dt{color:#5b6b7b}dd{margin:0;overflow-wrap:anywhere}
code{background:#f0f3f6;padding:1px 4px;border-radius:3px;white-space:pre-wrap;font-size:13px}
input{font:inherit;width:100%;box-sizing:border-box;padding:5px 8px;margin-bottom:8px}
@media(max-width:760px){main{display:block}nav{position:static;width:auto}}
@media print{nav,input{display:none}details{break-inside:avoid}}
"""
_SCRIPT = """
const q=document.getElementById('q'),n=document.getElementById('n');
q.addEventListener('input',()=>{const words=q.value.trim().toLowerCase().split(/\\s+/);let shown=0;
document.querySelectorAll('details').forEach(d=>{const hit=words.every(w=>d.textContent.toLowerCase().includes(w));
d.style.display=hit?'':'none';shown+=hit});n.textContent=shown+' 条';});
const go=()=>{const d=document.getElementById(decodeURIComponent(location.hash.slice(1)));
if(d&&d.tagName=='DETAILS')d.open=true};
addEventListener('hashchange',go);go();
"""


def write_page(book: Handbook, path: Path) -> None:
    """The hand-book as one HTML file that loads nothing from elsewhere."""
    with whole_file(path) as handle:
        for part in _page(book):
            handle.write(part.encode("utf-8"))


def _page(book: Handbook) -> Iterator[str]:
    modules = list(dict.fromkeys(entry.module for entry in book.entries))
    yield (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(book.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_CSS}</style></head>\n<body><header>'
        f"<h1>{escape(book.title)}</h1>规则库版本 {escape(book.version)}，共 {len(book.entries)} 条</header>\n"
        "<main><nav>"
        '<input id="q" type="search" placeholder="查找：编号、词语、依据" aria-label="查找"><div id="n"></div>\n'
    )
    for number, name in enumerate(modules):
        count = sum(entry.module == name for entry in book.entries)
        yield f'<a href="#m{number}">{escape(name)}（{count}）</a>\n'
    yield '</nav><section class="all">\n'
    for text in book.remarks:
        yield f"<p>{escape(text)}</p>\n"
    for number, name in enumerate(modules):
        yield f'<h2 id="m{number}">{escape(name)}</h2>\n'
        for entry in book.entries:
            if entry.module == name:
                yield _rule(entry)
    if book.waiting:
        yield "<h2>等待官方原文的规则</h2>\n<ul>"
        for text in book.waiting:
            yield f"<li>{escape(text)}</li>"
        yield "</ul>\n"
    yield f"</section></main><script>{_SCRIPT}</script></body></html>\n"


def _rule(entry: Entry) -> str:
    facts: Sequence[tuple[str, Sequence[str], bool]] = (
        ("适用行业", (entry.industry,) if entry.industry else (), False),
        ("判断的表", (entry.table,), False),
        ("判断哪些行", (entry.applies,), True),
        ("正确的条件", (entry.expect,), True),
        ("附加数据", (entry.relation,) if entry.relation else (), True),
        ("参数", entry.params, False),
        ("问题写法", (entry.message,), False),
        ("整改建议", (entry.advice,), False),
        ("依据", entry.basis, False),
        ("反例（会报）", entry.bad, False),
        ("正例（不报）", entry.good, False),
        ("说明", tuple(part for part in (entry.note, entry.change) if part), False),
    )
    rows = "".join(
        f"<dt>{label}</dt><dd>{'<br>'.join(_code(line) if is_code else escape(line) for line in lines)}</dd>"
        for label, lines, is_code in facts
        if lines
    )
    return (
        f'<details id="{escape(entry.id)}"><summary><b>{escape(entry.id)}</b>'
        f'<span class="s {entry.severity}">{entry.severity}</span>{escape(entry.title)}</summary>'
        f"<dl>{rows}</dl></details>\n"
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
