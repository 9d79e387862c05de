"""What is this file: format, layout, how well its headings were understood, and a stub for an unknown one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audit.workspace import Workspace
from checks.errors import ExitCode, UserError
from checks.tables import TABLES


@dataclass(frozen=True)
class SheetInspection:
    """One sheet as a loader sees it. ``mapping`` is heading column -> field; ``nearest`` only when nothing fits."""

    file: str
    sheet: str
    format: str
    encoding: str
    rows: int
    columns: int
    hidden: bool
    layout: str | None
    title: str
    table: str
    score: float
    mapping: dict[str, str]
    unknown_headings: dict[str, str]  # heading -> nearest known one
    missing_headings: tuple[str, ...]
    rivals: tuple[str, ...]
    nearest: tuple[str, ...]
    stub: str


def inspect_files(workspace: Workspace, paths: tuple[Path, ...]) -> list[SheetInspection]:
    """Look at every sheet of these files; nothing is loaded. UserError for a file that cannot be read."""
    from loaders.layout import load_layouts
    from loaders.readers import read_files
    from loaders.sheet import Sheet

    for path in paths:
        if not path.exists():
            raise UserError(f"找不到文件：{path}", ExitCode.INPUT)
    layouts = load_layouts(workspace.layout_files)

    def look(sheet: Sheet) -> SheetInspection:
        from loaders.layout_match import match, nearest
        from loaders.layout_stub import stub
        from loaders.pipeline import column_letter

        found = match(sheet, layouts)
        layout = found.layout if found else None
        table = TABLES[layout.table] if layout else None
        return SheetInspection(
            file=sheet.source.name,
            sheet=sheet.name,
            format=sheet.format,
            encoding=sheet.encoding,
            rows=sheet.cells.height,
            columns=sheet.cells.width,
            hidden=sheet.hidden,
            layout=layout.name if layout else None,
            title=layout.title if layout else "",
            table=table.name if table else "",
            score=found.score if found else 0.0,
            mapping={column_letter(column): name for column, name in sorted(found.mapping.items())} if found else {},
            unknown_headings={item.heading: item.nearest for item in found.unknown} if found else {},
            missing_headings=tuple(found.missing) if found else (),
            rivals=tuple(found.rivals) if found else (),
            nearest=() if found else tuple(f"{near.title}［{near.name}］" for near, _ in nearest(sheet, layouts)),
            stub="" if found or not sheet.cells.height else stub(sheet, layouts),
        )

    return [look(sheet) for sheet in read_files(paths)]
