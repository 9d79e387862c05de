"""XML Spreadsheet 2003, which older systems save as .xls.

Only values, positions, merges and hidden sheets are taken; styles are not read.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from lxml import etree

from loaders.guard import Limits, UnreadableError, refuse_doctype
from loaders.readers.grid import Grid
from loaders.sheet import Sheet, SourceFile

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_MOST_DIGITS = 15
_MOST_DIGITS_WRITTEN = 300  # 1E+999999999 is a short text but a long number


def read(data: bytes, source: SourceFile, limits: Limits) -> list[Sheet]:
    """Every worksheet, in the file's order."""
    content = b"".join(refuse_doctype([data]))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"XML 表格第 {error.lineno} 行有误，文件可能不完整") from error
    sheets = [_read_sheet(node, source, limits) for node in root.iter(f"{_SS}Worksheet")]
    if not sheets:
        raise UnreadableError("XML 表格里没有工作表")
    return sheets


def _read_sheet(node: etree._Element, source: SourceFile, limits: Limits) -> Sheet:
    grid = Grid(limits)
    row = -1
    for line in node.iterfind(f"{_SS}Table/{_SS}Row"):
        row = _integer(line, "Index", row + 2) - 1
        grid.grow(row)
        column = 0
        for cell in line.iterfind(f"{_SS}Cell"):
            column = grid.free_column(row, _integer(cell, "Index", column + 1) - 1)
            across = _integer(cell, "MergeAcross", 0) + 1
            text, doubt = _value(cell)
            grid.put(row, column, text, _integer(cell, "MergeDown", 0) + 1, across)
            if doubt:
                grid.doubt(row, column, doubt)
            column += across
    visible = node.findtext(f"{_EXCEL}WorksheetOptions/{_EXCEL}Visible", "SheetVisible")
    return grid.to_sheet(source, node.get(f"{_SS}Name", ""), "xml2003", hidden=visible != "SheetVisible")


def _integer(node: etree._Element, name: str, default: int) -> int:
    given = node.get(f"{_SS}{name}", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else default


def _value(cell: etree._Element) -> tuple[str, str]:
    """The cell's text, and why it may mislead."""
    data = cell.find(f"{_SS}Data")
    if data is None:
        return "", "公式没有计算结果" if cell.get(f"{_SS}Formula") else ""
    text = "".join(data.itertext())
    match data.get(f"{_SS}Type"):
        case "Number":
            return _number(text)
        case "DateTime":
            return text.partition(".")[0].replace("T", " ").removesuffix(" 00:00:00"), ""
        case "Boolean":
            return ("TRUE" if text.strip() == "1" else "FALSE"), ""
        case "Error":
            return text, "错误值"
    return text, ""


def _number(text: str) -> tuple[str, str]:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return text, ""
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS_WRITTEN:
        return text, ""
    long = number == number.to_integral_value() and number.adjusted() >= _MOST_DIGITS
    return f"{number.normalize():f}", "超过 15 位的数字，末尾几位可能已失真" if long else ""
