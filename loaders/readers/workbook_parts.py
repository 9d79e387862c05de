"""The small parts of an xlsx that say what the large ones are: sheets, their parts, number formats.

Cells are not touched here; see :mod:`loaders.readers.sheet_facts`.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass

from lxml import etree

from loaders.guard import Meter, UnreadableError, inflate, refuse_doctype

_RELATION_ID = re.compile(r"\{.*/relationships\}id$")
_PERCENT_IDS = {9, 10}
_DATE_IDS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_LITERAL = re.compile(r'"[^"]*"|\\.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.', re.IGNORECASE)


@dataclass(frozen=True)
class Book:
    """What the workbook says about itself."""

    sheets: dict[str, str]  # part -> name, worksheets only
    date_1904: bool
    percent_styles: frozenset[int]
    date_styles: frozenset[int]


def read_book(archive: zipfile.ZipFile, meter: Meter) -> Book:
    """The workbook's facts; raises when it names a sheet whose part is not there."""
    names = {entry.filename.replace("\\", "/").lower(): entry for entry in archive.infolist()}
    main = next(name for name in names if re.match(r"xl/workbook[^/]*\.xml$", name))
    root = _parse(archive, names[main], meter)
    folder, base = posixpath.split(main)
    relations = names.get(f"{folder}/_rels/{base}.rels")
    targets = _read_targets(_parse(archive, relations, meter), folder) if relations else {}
    sheets: dict[str, str] = {}
    for sheet in root.iter("{*}sheet"):
        key = next((value for name, value in sheet.attrib.items() if _RELATION_ID.match(name)), "")
        kind, part = targets.get(key, ("worksheet", ""))
        if kind != "worksheet":
            continue
        entry = names.get(part.lower())
        if entry is None:
            raise UnreadableError(f"工作表“{sheet.get('name')}”的内容缺失（{part or key}），文件已损坏")
        sheets[entry.filename] = sheet.get("name", "")
    date_1904 = any(node.get("date1904") in ("1", "true") for node in root.iter("{*}workbookPr"))
    styles = next((part for kind, part in targets.values() if kind == "styles"), "xl/styles.xml").lower()
    percent, dates = (
        _read_styles(_parse(archive, names[styles], meter)) if styles in names else (frozenset(), frozenset())
    )
    return Book(sheets, date_1904, percent, dates)


def _read_targets(root: etree._Element, folder: str) -> dict[str, tuple[str, str]]:
    """Relation id -> (kind, part)."""
    found: dict[str, tuple[str, str]] = {}
    for relation in root.iter("{*}Relationship"):
        target = relation.get("Target", "").replace("\\", "/")
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], part)
    return found


def _read_styles(root: etree._Element) -> tuple[frozenset[int], frozenset[int]]:
    """The style numbers whose format shows a percentage, and those whose format shows a date."""
    codes = {node.get("numFmtId"): _LITERAL.sub("", node.get("formatCode", "")) for node in root.iter("{*}numFmt")}
    percent: set[int] = set()
    dates: set[int] = set()
    for styles in root.iter("{*}cellXfs"):
        for number, style in enumerate(styles.iterchildren("{*}xf")):
            form = style.get("numFmtId", "0")
            code = codes.get(form)
            if form.isdigit() and (int(form) in _PERCENT_IDS if code is None else "%" in code):
                percent.add(number)
            elif form.isdigit() and (
                int(form) in _DATE_IDS if code is None else re.search("[ymdhs]", code, re.IGNORECASE)
            ):
                dates.add(number)
    return frozenset(percent), frozenset(dates)


def _parse(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, meter: Meter) -> etree._Element:
    parser = etree.XMLPullParser(events=(), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for chunk in refuse_doctype(inflate(archive, entry, meter), f"{entry.filename} "):
            parser.feed(chunk)
        root = parser.close()
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"内部的 {entry.filename} 不是完整的 XML，文件已损坏") from error
    return root
