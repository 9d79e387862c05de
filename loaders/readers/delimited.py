"""Text files: comma, tab, bar or semicolon, in any Chinese encoding, whatever the file's ending says.

Regular files are split by polars. Files with stray quotes go through the standard library's reader, which
keeps every record; no record is dropped or cut in either.
"""

from __future__ import annotations

import csv
import io
import re
from statistics import median

import polars as pl

from loaders.guard import Limits, UnreadableError, check_extent
from loaders.readers.frames import blank_to_null, from_rows, trim_columns
from loaders.sheet import Sheet, SourceFile
from loaders.sniff import to_utf8

DELIMITERS = ",\t|;"
_HEADER_LINES = 20
_QUOTED = re.compile(r'"[^"]*"')
_SWALLOWED = "引号没有成对，可能把后面的行并了进来"


def read(data: bytes, source: SourceFile, limits: Limits) -> list[Sheet]:
    """One sheet without name; record ``i`` of the file is row ``i``, blank lines included."""
    text, encoding = to_utf8(data)
    if not text.strip(b'\r\n\t ,;|\0"'):
        raise UnreadableError("文件里没有内容")
    delimiter = find_delimiter(text)
    frame = _read_regular(text, delimiter, limits)
    if frame is None:
        frame = _read_irregular(text, delimiter, limits)
    frame = trim_columns(blank_to_null(frame))
    doubtful = _find_swallowed(frame, delimiter) if b'"' in text else []
    return [Sheet(source, "", frame, format="text", encoding=encoding, doubtful=tuple(doubtful))]


def find_delimiter(text: bytes) -> str:
    """The delimiter that most of the first lines use, counted outside quotes; comma when none is used."""
    # By the middle line, so that neither title lines nor one ragged record can change the choice.
    head = [line for line in text[: 1 << 16].decode(errors="ignore").splitlines()[:_HEADER_LINES] if line.strip()]
    bare = [_QUOTED.sub("", line) for line in head]

    def weight(delimiter: str) -> tuple[float, int]:
        counts = [line.count(delimiter) for line in bare]
        return (median(counts), sum(counts)) if counts else (0, 0)

    return max(DELIMITERS, key=weight)


def _read_regular(text: bytes, delimiter: str, limits: Limits) -> pl.DataFrame | None:
    """The frame if every quote stands where it should, else None: elsewhere polars and csv disagree silently."""
    mark = delimiter.encode()
    edge = re.escape(mark)
    regular = rb'(?:[^"]*+(?:^|(?<=[\n%s]))"[^"]*+(?:""[^"]*+)*+"(?=[\r\n%s]|\Z))*+[^"]*+' % (edge, edge)
    if not re.fullmatch(regular, text) or text.count(b"\r") != text.count(b"\r\n"):
        return None
    counts = [line.count(mark) for line in text.removesuffix(b"\n").split(b"\n")]
    # Delimiters inside quotes make the second width too large, line ends inside quotes too small.
    for width in dict.fromkeys((max(counts[:_HEADER_LINES]) + 1, max(counts) + 1)):
        _check_table(len(counts), width, limits)
        # A first line of full width tells polars how many columns there are; shorter records are padded.
        padded = mark * (width - 1) + b"\n" + text
        try:
            frame = pl.read_csv(padded, has_header=False, infer_schema=False, separator=delimiter)
        except pl.exceptions.ComputeError:
            continue
        return frame.rename({name: f"c{i}" for i, name in enumerate(frame.columns)}).slice(1)
    return None


def _read_irregular(text: bytes, delimiter: str, limits: Limits) -> pl.DataFrame:
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(text), "utf-8", newline=""), delimiter=delimiter)
    try:
        frame = from_rows(reader)
    except csv.Error as error:
        raise UnreadableError(
            f"第 {reader.line_num} 行附近引号没有成对，一个单元格超过 131072 字：请检查该行"
        ) from error
    _check_table(frame.height, frame.width, limits)
    return frame


def _check_table(rows: int, columns: int, limits: Limits) -> None:
    if columns > limits.columns:
        raise UnreadableError(f"有 {columns} 列，超过上限 {limits.columns} 列")
    check_extent(rows, columns, limits.table_cells)


def _find_swallowed(frame: pl.DataFrame, delimiter: str) -> list[tuple[int, int, str]]:
    """Cells that hold what looks like whole records: an opening quote was closed by a later record's quote."""
    found: list[tuple[int, int, str]] = []
    if frame.width < 2:
        return found
    record = rf"\n[^\n]*(?:{re.escape(delimiter)}[^\n]*){{{frame.width - 1}}}\n"
    for column, series in enumerate(frame.iter_columns()):
        rows = series.str.contains("\n", literal=True).fill_null(False).arg_true()
        swallowed = series.gather(rows).str.contains(record)
        found.extend((row, column, _SWALLOWED) for row in rows.filter(swallowed))
    return sorted(found)
