"""Bytes in, sheets of text cells out, for every format an export comes in.

``list_sources`` says what there is, ``read_source`` reads one of them, ``read_files`` does both. What the cells
mean is the work of layouts; the readers only keep every cell and where it stood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from checks.errors import ExitCode, UserError
from loaders.guard import DEFAULT, Limits, UnreadableError
from loaders.readers.sources import Source, forget_archives, list_sources, load
from loaders.sheet import Sheet, SourceFile
from loaders.sniff import Format, sniff

__all__ = ["Limits", "Source", "close_readers", "list_sources", "read_files", "read_source"]

_READERS = {
    Format.XLSX: "workbook.read_xlsx",
    Format.XLS: "workbook.read_xls",
    Format.SPREADSHEET_XML: "spreadsheet_xml.read",
    Format.HTML: "html_table.read",
    Format.TEXT: "delimited.read",
    Format.JSON: "json_records.read",
    Format.PARQUET: "columnar.read",
}


def read_files(paths: Sequence[Path], *, limits: Limits = DEFAULT) -> Iterator[Sheet]:
    """The sheets of these files, folders and archives, one source after the other; stops at the first bad one."""
    for source in list_sources(paths, limits=limits):
        yield from read_source(source, limits=limits)


def read_source(source: Source, *, limits: Limits = DEFAULT) -> list[Sheet]:
    """All sheets of one source; raises :class:`UserError` that names the file and its real fault."""
    try:
        data = load(source, limits)
        kind = sniff(data)
        if kind is Format.ZIP:
            raise UnreadableError("压缩包不能直接读取，请重新列出文件")
        file = SourceFile(source.name, hashlib.sha256(data).hexdigest(), len(data))
        return _reader(kind)(data, file, limits)
    except UnreadableError as error:
        raise UserError(f"{source.name}：{error}", ExitCode.INPUT) from error
    except OSError as error:
        raise UserError(f"{source.name}：无法打开（{error.strerror or error}）", ExitCode.INPUT) from error


def close_readers() -> None:
    """End the process that reads workbooks and close archives; done at exit anyway, and all start again if needed."""
    from loaders.readers.worker import WORKER

    WORKER.close()
    forget_archives()


def _reader(kind: Format) -> Callable[[bytes, SourceFile, Limits], list[Sheet]]:
    """The function for a format, imported when first needed."""
    module, _, function = _READERS[kind].partition(".")
    reader: Callable[[bytes, SourceFile, Limits], list[Sheet]] = getattr(
        import_module(f"{__name__}.{module}"), function
    )
    return reader
