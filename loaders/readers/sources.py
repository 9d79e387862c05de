"""What there is to read in files, folders and archives, and the bytes of each.

An archive is never unpacked to disk: entries are known by their number, their names are only shown. Faults of
one archive or entry are kept with it, so that one bad file does not hide the others.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from checks.errors import ExitCode, UserError
from loaders.guard import DEFAULT, Limits, Meter, UnreadableError, check_entries, describe_size, inflate, open_archive
from loaders.sniff import ZIP_MAGIC, Format, is_office_start, zip_format

_HEAD = 128
_IGNORED_NAMES = {"thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Source:
    """One thing to read: a file, or an entry of an archive known by its number, per level of nesting."""

    name: str
    path: Path
    members: tuple[int, ...] = ()
    size: int = 0
    fault: str = ""


def list_sources(paths: Sequence[Path], *, limits: Limits = DEFAULT) -> list[Source]:
    """All there is to read, folders and archives opened up, in a fixed order.

    Raises only when a path given does not exist or a folder holds nothing; anything that turns out unreadable is
    listed, and says so when it is read.
    """
    sources: list[Source] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}：文件或文件夹不存在", ExitCode.INPUT)
        if path.is_dir():
            inside = [
                file
                for file in sorted(path.rglob("*"))
                if file.is_file() and not _is_ignored(file.relative_to(path).parts)
            ]
            found = [source for file in inside for source in _expand(file, file.relative_to(path).as_posix(), limits)]
            if not found:
                raise UserError(f"{path}：文件夹里没有可读的文件", ExitCode.INPUT)
            sources += found
        else:
            sources += _expand(path, path.name, limits)
    return sources


def load(source: Source, limits: Limits) -> bytes:
    """The bytes of a source, within bounds."""
    if source.fault:
        raise UnreadableError(source.fault)
    if source.size > limits.bytes:
        raise UnreadableError(f"文件有 {describe_size(source.size)}，超过上限 {describe_size(limits.bytes)}")
    if not source.members:
        return source.path.read_bytes()
    return _entry_bytes(source.path, _stamp(source.path), source.members, limits)


def forget_archives() -> None:
    """Close the archives kept open between entries."""
    _archive.cache_clear()


def _is_ignored(parts: tuple[str, ...]) -> bool:
    """Hidden and lock files, what macOS and Windows leave behind, and notes about the data."""
    name = parts[-1].lower()
    return (
        any(part.startswith(".") or part == "__MACOSX" for part in parts)
        or name.startswith(("~$", "readme"))
        or name.endswith(".md")
        or name in _IGNORED_NAMES
    )


def _expand(path: Path, name: str, limits: Limits) -> list[Source]:
    whole = Source(name, path, size=path.stat().st_size)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
        if not _may_be_bundle(head):
            return [whole]
        with open_archive(path) as archive:
            if zip_format(archive.namelist()) is not Format.ZIP:
                return [whole]
            return list(_expand_archive(archive, whole, limits, [limits.bytes]))
    except UnreadableError as error:
        return [_faulty(whole, error)]
    except OSError as error:
        return [Source(name, path, fault=f"无法打开（{error.strerror}）")]


def _expand_archive(archive: zipfile.ZipFile, parent: Source, limits: Limits, left: list[int]) -> Iterator[Source]:
    """The sources in an archive; ``left`` holds the bytes that all archives of the file may still unpack to."""
    check_entries(archive, limits)
    entries = [
        (number, entry)
        for number, entry in enumerate(archive.infolist())
        if not entry.is_dir() and not _is_ignored(PurePosixPath(entry.filename.replace("\\", "/")).parts)
    ]
    if not entries:
        raise UnreadableError("压缩包里没有可读的文件")
    left[0] -= sum(entry.file_size for _, entry in entries)
    if left[0] < 0:
        raise UnreadableError(f"解压后超过 {describe_size(limits.bytes)}，拒绝读取")
    for number, entry in sorted(entries, key=lambda item: item[1].filename):
        name = f"{parent.name}/{entry.filename.replace(chr(92), '/')}"
        source = Source(name, parent.path, (*parent.members, number), entry.file_size)
        try:
            yield from _expand_entry(archive, entry, source, limits, left)
        except UnreadableError as error:
            yield _faulty(source, error)


def _expand_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: Source, limits: Limits, left: list[int]
) -> list[Source]:
    """The entry itself, or what is in it if it is an archive of files."""
    pieces = inflate(archive, entry, Meter(limits))
    first = next(pieces, b"")
    if not _may_be_bundle(first):
        pieces.close()
        return [source]
    with open_archive(io.BytesIO(first + b"".join(pieces))) as inner:
        if zip_format(inner.namelist()) is not Format.ZIP:
            return [source]
        if len(source.members) >= limits.nesting:
            raise UnreadableError(f"压缩包嵌套超过 {limits.nesting} 层，拒绝读取")
        return list(_expand_archive(inner, source, limits, left))


def _may_be_bundle(head: bytes) -> bool:
    """Whether a closer look is needed; a workbook's first entry gives it away without unpacking it twice."""
    return head.startswith(ZIP_MAGIC) and not is_office_start(head[:_HEAD])


def _faulty(source: Source, error: UnreadableError) -> Source:
    return Source(source.name, source.path, source.members, source.size, str(error))


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _entry_bytes(path: Path, stamp: tuple[int, int], members: tuple[int, ...], limits: Limits) -> bytes:
    archive = _archive(path, stamp, members[:-1], limits)
    return b"".join(inflate(archive, archive.infolist()[members[-1]], Meter(limits)))


@lru_cache(maxsize=2)
def _archive(path: Path, stamp: tuple[int, int], members: tuple[int, ...], limits: Limits) -> zipfile.ZipFile:
    """The open archive; kept, because its directory would else be read again for each of its entries."""
    return open_archive(io.BytesIO(_entry_bytes(path, stamp, members, limits)) if members else path)
