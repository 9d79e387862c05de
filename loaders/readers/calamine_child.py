"""The process that reads workbooks: run as a script, imports calamine and nothing of ours.

Frames come in on stdin and go out on stdout until stdin closes; both are an 8-byte length, a JSON header of
that length, and the bytes the header announces. See :mod:`loaders.readers.worker` for the other end.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, cast

import python_calamine as calamine

try:
    import resource
except ImportError:  # Windows: the parent's time-out is the only bound
    resource = None  # type: ignore[assignment]  # absent on Windows

LONG = 10**15  # whole numbers from here on have more digits than a double is sure of
_PLAIN_UP_TO = 1e21
_SEPARATORS = "\x1f\x1e\x1d\x1c\x01\x02\x03"
_RETIRE_ABOVE = 64 << 20  # bytes answered after which the memory is given back by starting anew


def _float(value: float) -> str:
    text = repr(value)
    if "e" in text and abs(value) < _PLAIN_UP_TO:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def _datetime(value: datetime) -> str:
    # Serial numbers carry rounding noise below the second.
    whole = value.replace(microsecond=0) + timedelta(seconds=value.microsecond >= 500_000)
    return whole.isoformat(" ").removesuffix(" 00:00:00")


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


# As a person would type it: 5 for 5.0, ISO dates. By exact type: a datetime is a date, a bool an int.
TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "TRUE" if value else "FALSE",
    int: str,
    float: _float,
    datetime: _datetime,
    date: date.isoformat,
    time: lambda value: value.isoformat("seconds"),
    timedelta: _duration,
}


def _join(texts: list[str]) -> tuple[str, bytes]:
    """The texts in one piece, and a separator that occurs in none of them."""
    candidates = [*_SEPARATORS, *map(chr, range(0xF0000, 0xF1000))]
    for separator in candidates:
        joined = separator.join(texts)
        if joined.count(separator) == len(texts) - 1:
            return separator, joined.encode()
    raise ValueError("no separator is free")


def _read_sheet(sheet: calamine.CalamineSheet, most: int) -> tuple[dict[str, object], list[bytes]]:
    end = sheet.end
    height, width = (end[0] + 1, end[1] + 1) if end else (0, 0)
    if height * width > most:
        raise OverflowError(f"{height} 行 × {width} 列")
    rows = sheet.to_python(skip_empty_area=False) if end else []
    blobs: list[bytes] = []
    separators: list[str] = []
    long: list[tuple[int, int]] = []
    for i in range(width):
        values = [row[i] for row in rows]
        kinds = set(map(type, values))
        if float in kinds:
            long += [(r, i) for r, v in enumerate(values) if type(v) is float and (v >= LONG or v <= -LONG)]
        if kinds != {str}:
            values = [v if type(v) is str else TEXTS[type(v)](v) for v in values]
        separator, blob = _join(cast(list[str], values))
        separators.append(separator)
        blobs.append(blob)
    merges = [[*first, *last] for first, last in sheet.merged_cell_ranges or ()]
    header: dict[str, object] = {"height": height, "separators": separators, "merges": merges, "long": long}
    return {**header, "sizes": [len(blob) for blob in blobs]}, blobs


def _read_workbook(data: bytes, most: int) -> tuple[dict[str, object], list[bytes]]:
    workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets: list[dict[str, object]] = []
    blobs: list[bytes] = []
    for meta in workbook.sheets_metadata:
        if meta.typ is not calamine.SheetTypeEnum.WorkSheet:
            continue
        header, columns = _read_sheet(workbook.get_sheet_by_name(meta.name), most)
        sheets.append({"name": meta.name, "hidden": meta.visible is not calamine.SheetVisibleEnum.Visible, **header})
        blobs += columns
    return {"sheets": sheets}, blobs


def _answer(data: bytes, most: int) -> tuple[dict[str, object], list[bytes]]:
    try:
        return _read_workbook(data, most)
    except calamine.PasswordError:
        return {"error": "password"}, []
    except calamine.WorksheetNotFound as error:
        return {"error": "missing", "detail": str(error)}, []
    except OverflowError as error:
        return {"error": "extent", "detail": str(error)}, []
    except MemoryError:
        return {"error": "memory"}, []
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in calamine is no Exception, and is the file's fault as well
        return {"error": "damaged", "detail": f"{type(error).__name__}: {error}"}, []


def _bound(memory: int, seconds: int) -> None:
    """Let the system end this process when one file takes too much; the processor time starts anew each time."""
    if resource is None:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, spent + seconds)):
        hard = resource.getrlimit(kind)[1]
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some bounds; the time-out remains
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _send(out: BinaryIO, header: dict[str, object], blobs: list[bytes]) -> None:
    text = json.dumps(header).encode()
    out.write(len(text).to_bytes(8, "big") + text)
    for blob in blobs:
        out.write(blob)
    out.flush()


def serve(incoming: BinaryIO, out: BinaryIO) -> None:
    """Answer until there is no more to read, or until so much was answered that a fresh process is better."""
    _send(out, {"ready": True}, [])
    while size := int.from_bytes(incoming.read(8), "big"):
        request = json.loads(incoming.read(size))
        data = incoming.read(request["size"])
        _bound(request["memory"], request["seconds"])
        header, blobs = _answer(data, request["cells"])
        _send(out, header, blobs)
        if sum(map(len, blobs)) > _RETIRE_ABOVE:
            return


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
