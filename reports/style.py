"""How cells look, as data: fonts, fills, alignment, and the number format that follows from the kind of value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

# Dark, middle and light: told apart by any eye and on a grey printer. Fill, colour of the text, bold.
_SEVERITY_LOOKS = {
    "严重": ("#B03A1E", "#FFFFFF", True),
    "一般": ("#F2C14E", "#000000", True),
    "提示": ("#DCEAF7", "#000000", False),
}


@dataclass(frozen=True, eq=False)  # told apart by identity: looked up once per cell
class Style:
    """How a cell looks. The number format follows from the value, so that a text can never be shown as a number."""

    bold: bool = False
    size: float = 10.5
    font: str = "宋体"
    colour: str = "#000000"
    fill: str = ""
    is_centred: bool = False
    is_top: bool = False
    border: bool = True
    locked: bool = True
    is_percent: bool = False
    is_date: bool = False


@cache
def severity_style(style: Style, severity: str) -> Style:
    """The style with the severity's fill; an unknown severity leaves it plain."""
    fill, colour, bold = _SEVERITY_LOOKS.get(severity, ("", "#000000", False))
    return replace(style, fill=fill, colour=colour, bold=bold)


def severity_fill(severity: str) -> str:
    """The fill of a severity, for charts."""
    return _SEVERITY_LOOKS[severity][0]


def format_properties(style: Style, kind: str) -> dict[str, Any]:
    """XlsxWriter's properties for one kind of value: text, long, number, date, blank."""
    properties: dict[str, Any] = {
        "font_name": style.font,
        "font_size": style.size,
        "font_color": style.colour,
        "bold": style.bold,
        "align": "center" if style.is_centred else "left",
        "valign": "top" if style.is_top else "vcenter",
        "text_wrap": True,
        "locked": style.locked,
        "num_format": {
            "number": "0.0%" if style.is_percent else "General",
            "date": "yyyy-mm-dd",
            "blank": "yyyy-mm-dd" if style.is_date else "@",  # what is typed into it stays as typed
            "long": "General",
        }.get(kind, "@"),
    }
    if kind in ("text", "long"):
        properties["quote_prefix"] = True  # editing the cell in Excel does not turn it into a formula either
    if style.border:
        properties |= {"border": 1, "border_color": "#808080"}
    if style.fill:
        properties |= {"bg_color": style.fill, "pattern": 1}
    return properties
