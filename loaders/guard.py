"""Bounds that hold before any library opens a file: real sizes, names, DOCTYPE, time.

Only what is common to every container stands here, with the one error all readers raise for a file
that cannot be read. What a file is belongs to :mod:`loaders.sniff`, what its cells say to the readers.
"""

from __future__ import annotations

import re
import time
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
RATIO_FLOOR = 10 << 20  # small parts may compress as well as they like
_SYMLINK = 0o120000
_FILE_TYPE = 0o170000
_DOCTYPES = (b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
_OVERLAP = max(map(len, _DOCTYPES)) - 1


class UnreadableError(Exception):
    """The reason, in Chinese and without the file's name, why a file cannot be read."""


@dataclass(frozen=True)
class Limits:
    """How much one file may ask for; the defaults take the largest exports seen many times over."""

    bytes: int = 2 << 30  # of a file, and of an archive with all that is in it, after unpacking
    ratio: int = 200  # unpacked : packed of one part; real exports reach 4 to 7
    parts: int = 5_000  # entries of an archive or workbook
    nesting: int = 2  # archives in archives
    cells: int = 60_000_000  # rows x columns of one worksheet, of which Python must hold every cell
    table_cells: int = 400_000_000  # rows x columns of one text or parquet table
    columns: int = 16_384
    seconds: int = 240  # for checking, and again for reading, one file
    memory: int = 8 << 30  # address space of the process that reads workbooks


DEFAULT = Limits()


class Meter:
    """Counts the bytes and seconds spent on one file against its limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._left = limits.bytes
        self._until = time.monotonic() + limits.seconds

    def spend(self, size: int) -> None:
        """Raise when the file has unpacked too much or taken too long."""
        self._left -= size
        if self._left < 0:
            raise UnreadableError(f"解压后超过 {describe_size(self.limits.bytes)}，拒绝读取")
        if time.monotonic() > self._until:
            raise UnreadableError(f"检查用时超过 {self.limits.seconds} 秒，拒绝读取")


def describe_size(size: int) -> str:
    """A byte count in the unit a person would use."""
    for unit, scale in (("GB", 30), ("MB", 20), ("KB", 10)):
        if size >= 1 << scale:
            return f"{size / (1 << scale):.4g} {unit}"
    return f"{size} 字节"


def check_extent(rows: int, columns: int, most: int, where: str = "") -> None:
    """Raise when a table spans more cells than allowed."""
    if rows * columns > most:
        raise UnreadableError(f"{where}范围 {rows} 行 × {columns} 列，超过上限 {most} 个单元格")


def open_archive(file: Path | IO[bytes]) -> zipfile.ZipFile:
    """The archive, its names decoded as UTF-8 or GB18030, whichever they are."""
    # Chinese Windows writes GBK names without saying so; macOS writes UTF-8 without saying so.
    for encoding in ("utf-8", "gb18030", None):
        try:
            return zipfile.ZipFile(file, metadata_encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (zipfile.BadZipFile, EOFError, ValueError, OverflowError, NotImplementedError) as error:
            raise UnreadableError("压缩结构不完整（结尾的目录缺失或损坏），多半没有传完，请重新取得") from error
    raise UnreadableError("压缩包的文件名无法识别")


def check_entries(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Raise for an archive whose entries are too many, too large, locked, doubled or badly named."""
    entries = archive.infolist()
    if len(entries) > limits.parts:
        raise UnreadableError(f"内含 {len(entries)} 个文件，超过上限 {limits.parts}")
    if sum(entry.file_size for entry in entries) > limits.bytes:
        raise UnreadableError(f"解压后超过 {describe_size(limits.bytes)}，拒绝读取")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
            raise UnreadableError(f"含有越界的文件名 {entry.filename!r}，拒绝读取")
        if (entry.external_attr >> 16) & _FILE_TYPE == _SYMLINK:
            raise UnreadableError(f"含有符号链接 {entry.filename!r}，拒绝读取")
        if entry.flag_bits & 0x1:
            raise UnreadableError("压缩包有密码，请提供不加密的文件")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableError(f"{entry.filename!r} 的压缩方法不支持，请重新压缩为普通 zip")
        if name in seen:
            raise UnreadableError(f"含有重名文件 {entry.filename!r}，无法确定以哪个为准")
        seen.add(name)


def inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, meter: Meter) -> Generator[bytes, None, None]:
    """The entry's real bytes in pieces; raises as soon as they outgrow their bounds or are damaged."""
    total = 0
    try:
        with archive.open(entry) as stream:
            while chunk := stream.read(CHUNK):
                total += len(chunk)
                meter.spend(len(chunk))
                if total > RATIO_FLOOR and total > meter.limits.ratio * max(entry.compress_size, 1):
                    raise UnreadableError(f"{entry.filename} 的压缩比异常（疑似压缩炸弹），拒绝读取")
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise UnreadableError(f"内部的 {entry.filename} 已损坏，请重新取得文件") from error
    except RuntimeError as error:  # what zipfile raises for a locked entry
        raise UnreadableError("压缩包有密码，请提供不加密的文件") from error
    if total != entry.file_size:
        raise UnreadableError(f"内部的 {entry.filename} 大小与目录不符，文件已损坏")


def refuse_doctype(chunks: Iterable[bytes], where: str = "") -> Iterator[bytes]:
    """The same pieces, raising at a document type declaration: no export needs one, every XML attack does."""
    tail = b""
    for chunk in chunks:
        if any(mark in chunk or mark in tail + chunk[:_OVERLAP] for mark in _DOCTYPES):
            raise UnreadableError(f"{where}含有 DOCTYPE 声明（可能是恶意文件），拒绝读取")
        # Pieces may be shorter than the mark.
        tail = (tail + chunk[-_OVERLAP:])[-_OVERLAP:]
        yield chunk
