"""HTML tables, most often saved as .xls by a web platform.

Takes what a person sees, and more where the page hides it: the full text behind a shortened cell, the address
behind a link that only says 查看.
"""

from __future__ import annotations

import re

from lxml import etree, html

from loaders.guard import Limits, UnreadableError
from loaders.readers.grid import Grid
from loaders.sheet import Sheet, SourceFile
from loaders.sniff import HEAD, to_utf8

_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_LINK_WORDS = {"查看", "详情", "查看详情"}
_ELLIPSIS = re.compile(r"\s*(?:…+|\.{2,})$")
_BLANKS = " \t\r\n\xa0"
_MOST_SPANNED = 1_000  # what browsers allow for columns


def read(data: bytes, source: SourceFile, limits: Limits) -> list[Sheet]:
    """One sheet per table that has rows of its own, named by caption or number; without name if there is only one."""
    declared = _CHARSET.search(data[:HEAD])
    charset = declared[1].decode().lower() if declared else ""
    # Pages that name gbk or gb2312 use gb18030's further characters all the same.
    text, encoding = to_utf8(
        data, "utf-8" if charset.startswith("utf") else "gb18030" if charset.startswith("gb") else ""
    )
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(text, parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise UnreadableError("网页内容无法解析") from error
    tables = [table for table in root.iter("table") if _rows(table)]
    try:
        grids = [(_caption(table), _fill(table, limits)) for table in tables]
    except RecursionError as error:
        raise UnreadableError("网页嵌套过深，拒绝读取") from error
    filled = [(caption, grid) for caption, grid in grids if grid.height]
    if not filled:
        raise UnreadableError("网页里没有表格（多半是登录页或出错页）")
    return [
        grid.to_sheet(source, caption or (f"表格{i}" if len(filled) > 1 else ""), "html", encoding=encoding)
        for i, (caption, grid) in enumerate(filled, 1)
    ]


def _rows(table: html.HtmlElement) -> list[html.HtmlElement]:
    """The rows of this table, not of a table inside it."""
    return [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]


def _caption(table: html.HtmlElement) -> str:
    caption = table.find("caption")
    return "" if caption is None else " ".join(caption.text_content().split())


def _fill(table: html.HtmlElement, limits: Limits) -> Grid:
    grid = Grid(limits)
    rows = _rows(table)
    filled = False
    for number, row in enumerate(rows):
        grid.grow(number)
        column = 0
        for cell in row.iterchildren("td", "th"):
            column = grid.free_column(number, column)
            across = _span(cell, "colspan", _MOST_SPANNED)
            text = _text(cell)
            filled = filled or bool(text)
            grid.put(number, column, text, _span(cell, "rowspan", len(rows) - number), across)
            column += across
    # A table that only lays out others holds no text of its own.
    return grid if filled else Grid(limits)


def _span(cell: html.HtmlElement, name: str, most: int) -> int:
    """The number given; 0 means as far as there is, anything else that is no number means 1."""
    given = cell.get(name, "1").strip()
    if not given.isascii() or not given.isdigit():
        return 1
    return min(int(given[:6]) or most, most)


def _text(cell: html.HtmlElement) -> str:
    shown = _shown(cell)
    for title in (cell.get("title"), *(node.get("title") for node in cell.iterdescendants())):
        full = (title or "").strip(_BLANKS)
        start = _ELLIPSIS.sub("", shown)
        if start and len(full) > len(start) and full.startswith(start):
            return full
    if shown in _LINK_WORDS:
        links = [link.get("href", "") for link in cell.iterdescendants("a") if link.get("href")]
        return links[0].strip() if links else shown
    return shown


def _shown(cell: html.HtmlElement) -> str:
    """The text as a browser shows it: blanks folded, line breaks kept, tables inside left to themselves."""
    parts: list[str] = []

    def walk(node: html.HtmlElement) -> None:
        parts.append(re.sub(r"[ \t\r\n]+", " ", node.text or ""))
        for child in node:
            if child.tag == "br":
                parts.append("\n")
            elif child.tag not in ("table", "script", "style"):
                walk(child)
            parts.append(re.sub(r"[ \t\r\n]+", " ", child.tail or ""))

    walk(cell)
    lines = re.sub(r" {2,}", " ", "".join(parts)).split("\n")
    return "\n".join(line.strip(_BLANKS) for line in lines).strip(_BLANKS)
