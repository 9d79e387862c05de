"""The rows of one table on disk, compressed, until they are all there and their content is known.

Only then can be told whether the warehouse has them already; and nothing of a table that broke off
ever reaches the warehouse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from checks.errors import ExitCode, UserError
from loaders.warehouse import is_disk_full

#: Between the cells and after the rows of the text that is hashed; a missing cell is the sign of a null.
_CELL, _ROW, _MISSING = "\x1f", "\x1e", "\x00"


@dataclass
class Spool:
    """Chunks of text columns as they were read."""

    folder: Path
    sha256: str = ""
    size: int = 0
    rows: int = 0
    _files: list[Path] = field(default_factory=list)

    def chunks(self) -> Iterator[pl.DataFrame]:
        """The chunks in their order, each removed when the next is asked for."""
        for file in self._files:
            yield pl.read_ipc(file.read_bytes())
            file.unlink()

    def remove(self) -> None:
        """Remove what is left."""
        for file in self._files:
            file.unlink(missing_ok=True)


def keep(folder: Path, headings: Iterable[str], chunks: Iterable[pl.DataFrame], told: Callable[[int], None]) -> Spool:
    """Write ``chunks`` below ``folder``; ``told`` hears how many rows are there.

    The hash is that of headings and rows, however they were cut into chunks.
    """
    spool = Spool(folder)
    content = hashlib.sha256((_CELL.join(headings) + _ROW).encode())
    for number, chunk in enumerate(chunks):
        text = "".join(chunk.select(_line(chunk)).to_series().to_list()).encode()
        content.update(text)
        spool.size += len(text)
        spool.rows += chunk.height
        file = folder / f"{number}.arrow"
        spool._files.append(file)
        try:
            chunk.write_ipc(file, compression="lz4")
        except (OSError, pl.exceptions.PolarsError) as error:
            if not is_disk_full(error):
                raise
            raise UserError(
                f"磁盘已满：临时文件夹 {folder.parent} 写不下了。请腾出空间，或用环境变量 TMPDIR 换一个；仓库未改动",
                ExitCode.INTERNAL,
            ) from error
        told(spool.rows)
    spool.sha256 = content.hexdigest()
    return spool


def _line(chunk: pl.DataFrame) -> pl.Expr:
    cells = [pl.col(name).fill_null(_MISSING) for name in chunk.columns]
    return pl.concat_str([pl.concat_str(cells, separator=_CELL), pl.lit(_ROW)])
