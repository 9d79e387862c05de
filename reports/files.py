"""Names that every system accepts and files that are either whole or not there.

What is inside the files is the business of ``workbook`` and ``export``.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from filecmp import cmp
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from checks.errors import ExitCode, UserError

_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_NAME_BYTES = 200  # of the 255 that Linux allows, so that a temporary name still fits

_REASONS = {
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EACCES: "没有写入权限，或文件正被其他程序（如 Excel、WPS）打开",
    errno.EPERM: "没有写入权限，或文件正被其他程序（如 Excel、WPS）打开",
    errno.EROFS: "磁盘是只读的",
    errno.ENOENT: "文件夹不存在",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EISDIR: "同名的文件夹已存在",
}


def safe_file_name(stem: str, suffix: str, taken: set[str] | None = None) -> str:
    """A file name that Windows and Linux accept, unlike every name in ``taken``, to which it is added."""
    name = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff\ufffe\uffff]', "_", stem).strip(" .") or "未命名"
    if name.split(".")[0].strip().lower() in _DEVICES:
        name = f"_{name}"
    name = _cut_bytes(name, _NAME_BYTES - len(suffix.encode()))
    taken = set() if taken is None else taken
    candidate, number = f"{name}{suffix}", 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{name}_{number}{suffix}"
    taken.add(candidate.casefold())
    return candidate


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A handle whose bytes appear under ``path`` only when all are written; on any failure ``path`` stays as it was.

    A file of that name with other bytes is kept beside it as ``…（原文件N）``: somebody may have filled it in.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{token_hex(8)}.part")
        with temporary.open("xb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        if path.is_file() and not cmp(path, temporary, shallow=False):
            path.rename(_free_name(path))
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        if temporary is not None:
            with suppress(FileNotFoundError):
                temporary.unlink()


def write_error(path: Path, error: OSError) -> UserError:
    """The error for people: which file, why, what to do."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return UserError(
        f"写不出文件 {path}：{reason}。\n该文件没有写成，也没有留下残缺的文件；请排除后重新执行。", ExitCode.INPUT
    )


def _cut_bytes(text: str, limit: int) -> str:
    return text.encode()[:limit].decode(errors="ignore").rstrip(" .")


def _free_name(path: Path) -> Path:
    number = 1
    while (candidate := path.with_name(f"{path.stem}（原文件{number}）{path.suffix}")).exists():
        number += 1
    return candidate


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
