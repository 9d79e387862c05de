"""Small files made by hand for the reader tests: workbooks part by part, so that each oddity can be put in."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from checks.errors import ExitCode, UserError
from loaders.guard import DEFAULT, Limits
from loaders.readers import read_files
from loaders.sheet import Sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
# Style numbers 1 …: built-in Chinese dates, a percentage, a plain date, and one with literal letters only.
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="0.0&quot;md&quot;"/></numFmts><cellXfs>'
    + "".join(f'<xf numFmtId="{number}"/>' for number in (0, 27, 57, 10, 14, 22, 164))
    + "</cellXfs></styleSheet>"
)


def worksheet(rows: str, before: str = "", after: str = "", main: str = MAIN) -> str:
    """A worksheet part around these rows."""
    return f'<worksheet xmlns="{main}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def text_cell(reference: str, text: str) -> str:
    """A cell with an inline text."""
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def workbook_parts(sheet: str, *, properties: str = "", state: str = "", main: str = MAIN) -> dict[str, str]:
    """The parts of a workbook with one sheet, 数据."""
    return {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{_OFFICE}">{properties}<sheets>'
        f'<sheet name="数据" sheetId="1" r:id="rId1"{state}/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
        "xl/worksheets/sheet1.xml": sheet,
    }


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """These entries as a zip."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return result.getvalue()


def workbook(rows: str, **options: str) -> bytes:
    """An xlsx whose only sheet holds these rows."""
    before, after = options.pop("before", ""), options.pop("after", "")
    sheet = worksheet(rows, before, after, options.get("main", MAIN))
    return zipped({**workbook_parts(sheet, **options)})


def save(folder: Path, content: bytes, name: str = "导出.xlsx") -> Path:
    """The path of a new file with this content."""
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path, limits: Limits = DEFAULT) -> list[Sheet]:
    """All sheets of one file."""
    return list(read_files([path], limits=limits))


def rows_of(sheet: Sheet) -> list[tuple[str | None, ...]]:
    """The cells of a sheet, row by row."""
    return sheet.cells.rows()


def refusal(path: Path, limits: Limits = DEFAULT) -> str:
    """What the user is told about a file that cannot be read: one line that begins with its name."""
    with pytest.raises(UserError) as caught:
        read(path, limits)
    assert caught.value.exit_code is ExitCode.INPUT
    assert caught.value.message.startswith(path.name)
    assert "\n" not in caught.value.message
    return caught.value.message
