"""This end of the process that reads workbooks: started when first needed, used again, replaced when it dies.

calamine ends its whole process on hostile files, so it never runs in ours. What the answer means is the
business of :mod:`loaders.readers.workbook`.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from loaders.guard import Limits, UnreadableError, describe_size

_SCRIPT = Path(__file__).with_name("calamine_child.py")
_LONGEST_DETAIL = 100
_FAULTS = {
    "password": "文件有打开密码（已加密），请另存为不加密的文件",
    "missing": "工作表内容缺失，文件已损坏",
    "extent": "工作表范围过大",
    "memory": "读取时内存不足，文件过大",
    "damaged": "文件已损坏或不完整，请重新取得",
}


class Worker:
    """One child process, one file at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def read(self, data: bytes, limits: Limits) -> list[tuple[dict[str, Any], list[bytes]]]:
        """For each worksheet its header and its columns; raises for what calamine cannot read or does not survive."""
        with self._lock:
            process = self._start()
            try:
                with _deadline(process, limits.seconds) as expired:
                    _send(process.stdin, data, limits)
                    answer = _receive(process.stdout)
                    sheets = [
                        (sheet, [_exactly(process.stdout, n) for n in sheet["sizes"]])
                        for sheet in answer.get("sheets", ())
                    ]
            except (EOFError, OSError) as error:
                self._stop(kill=True)
                raise UnreadableError(_cause_of_death(limits, expired.is_set())) from error
            except BaseException:
                # Interrupted in the middle of an answer: the rest of it must not be taken for the next one.
                self._stop(kill=True)
                raise
        if "error" in answer:
            detail = " ".join(answer.get("detail", "").split())[:_LONGEST_DETAIL]
            raise UnreadableError(_FAULTS[answer["error"]] + (f"（{detail}）" if detail else ""))
        return sheets

    def close(self) -> None:
        """End the process; the next file starts another."""
        with self._lock:
            self._stop(kill=False)

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop(kill=True)
        # -P: the script's own folder must not hide installed packages.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            _receive(self._process.stdout)
        except (EOFError, OSError) as error:
            self._stop(kill=True)
            raise RuntimeError(
                "the process that reads workbooks does not start; is python-calamine installed?"
            ) from error
        return self._process

    def _stop(self, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        for stream in (process.stdin, process.stdout):
            try:
                if stream:
                    stream.close()
            except OSError:
                continue  # what it had not yet read is lost with it
        process.wait()


def _cause_of_death(limits: Limits, expired: bool) -> str:
    if expired:
        return f"读取超过 {limits.seconds} 秒，已中止"
    return f"读取程序中途退出：文件已损坏、恶意构造，或需要超过 {describe_size(limits.memory)} 内存"


@contextmanager
def _deadline(process: subprocess.Popen[bytes], seconds: int) -> Iterator[threading.Event]:
    """Kill the process when the time is over; the event says whether that happened."""
    expired = threading.Event()

    def end() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _send(stream: IO[bytes] | None, data: bytes, limits: Limits) -> None:
    if stream is None:
        raise EOFError
    request = {"size": len(data), "cells": limits.cells, "memory": limits.memory, "seconds": limits.seconds}
    header = json.dumps(request).encode()
    stream.write(len(header).to_bytes(8, "big") + header)
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes] | None) -> dict[str, Any]:
    size = int.from_bytes(_exactly(stream, 8), "big")
    answer: dict[str, Any] = json.loads(_exactly(stream, size))
    return answer


def _exactly(stream: IO[bytes] | None, size: int) -> bytes:
    data = stream.read(size) if stream else b""
    if len(data) < size:
        raise EOFError
    return data


WORKER = Worker()
atexit.register(WORKER.close)
