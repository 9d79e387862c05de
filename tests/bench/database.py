"""Measures a load of a million rows from a database: time, and the memory of the command with all it starts.

    python -m tests.bench.database [--rows N] [--times N] [--server postgresql|mariadb]

The server is a private one, on this machine, and not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.servers import PASSWORD, Server, mariadb, postgresql

SERVERS = {"postgresql": postgresql, "mariadb": mariadb}
_COLUMNS = (
    "id BIGINT PRIMARY KEY, 许可证编号 VARCHAR(32), 单位名称 VARCHAR(80), 排放口编号 VARCHAR(16), 排放口名称"
    " VARCHAR(80), 污染物种类 VARCHAR(40), 许可排放浓度限值 VARCHAR(40), 许可排放速率限值 NUMERIC(12, 3), 第一年"
    " NUMERIC(14, 4), 第二年 NUMERIC(14, 4), 第三年 NUMERIC(14, 4), 第四年 NUMERIC(14, 4), 第五年 NUMERIC(14, 4)"
)
_ROWS = """
INSERT INTO 大气污染物有组织排放许可限值
SELECT n, concat('9135{middle}M0001', {zeros}, 'P'), concat('第', n / 40 {whole}, '化工有限公司'),
       concat('DA', 100 + n % 40 / 4 {whole}), concat('锅炉烟囱', n % 40 / 4 {whole}, '号'),
       CASE n % 4 WHEN 0 THEN '二氧化硫' WHEN 1 THEN '氮氧化物' WHEN 2 THEN '颗粒物' ELSE '汞及其化合物' END,
       concat(10 + n % 90, 'mg/Nm3'), n % 700 / 100.0, n % 9000 / 10.0, n % 9001 / 10.0, n % 9002 / 10.0, NULL, NULL
FROM {series}
"""


def fill(server: Server, rows: int) -> None:
    """A table of limits as the platform knows it: ten outlets a permit, four pollutants an outlet."""
    create = f"CREATE TABLE 大气污染物有组织排放许可限值 ({_COLUMNS})"
    if server.kind == "postgresql":
        zeros = "lpad((n / 40)::text, 5, '0'), 'Y001'"
        text = _ROWS.format(middle="0100", zeros=zeros, whole="", series=f"generate_series(0, {rows - 1}) AS n")
        server.run(create, text, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", "ANALYZE")
        return
    zeros = "lpad(n DIV 40, 5, '0'), 'Y001'"
    text = _ROWS.format(middle="0100", zeros=zeros, whole="", series=f"(SELECT seq AS n FROM seq_0_to_{rows - 1}) s")
    text = text.replace("n / 40 ", "n DIV 40").replace("n % 40 / 4 ", "n % 40 DIV 4")
    server.run(create, text, "GRANT SELECT ON permits.* TO reader@'127.0.0.1'")


def measure(server: Server, workspace: Path) -> tuple[float, float, float, str]:
    """Seconds, seconds of the processors, MiB and the last line of one load into a fresh workspace."""
    command = [sys.executable, "-m", "audit.cli.main", "--workspace", str(workspace), "load", "--from", server.url()]
    environment = os.environ | {"PERMIT_AUDIT_DB_PASSWORD": PASSWORD}
    start, used = time.monotonic(), _used()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    peak = [0]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            peak[0] = max(peak[0], sum(_resident(pid) for pid in _tree(process.pid)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = process.communicate()[1]
    seconds = time.monotonic() - start
    stop.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(said)
    return seconds, _used() - used, peak[0] / 2**20, said.strip().splitlines()[-1]


def _used() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Fill, load so many times, print each and the median."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--server", choices=SERVERS, default="postgresql")
    given = parser.parse_args()
    results = []
    with SERVERS[given.server]() as server:
        fill(server, given.rows)
        for _ in range(given.times):
            with tempfile.TemporaryDirectory() as folder:
                *figures, said = measure(server, Path(folder) / "workspace")
            results.append(figures)
            print(f"{given.server} {given.rows:,} rows: {_text(figures)}; {said}", flush=True)
    print(f"median of {given.times}: {_text([statistics.median(values) for values in zip(*results, strict=True)])}")


def _text(figures: list[float]) -> str:
    seconds, used, memory = figures
    return f"{seconds:.1f} s wall, {used:.1f} s of the processors, {memory:.0f} MiB"


if __name__ == "__main__":
    main()
