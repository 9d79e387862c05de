"""Loads from a real PostgreSQL and a real MariaDB, each a private server of this test run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loaders.database import model
from loaders.warehouse import Warehouse
from tests import servers
from tests.audit.command import Answer, Command
from tests.servers import MissingProgramError, Server

pytest.importorskip("psycopg", reason="needs permit-audit[database]")
pytest.importorskip("pymysql", reason="needs permit-audit[database]")

PERMIT = "91350100M000100Y43001P"
KINDS = ["postgresql", "mariadb"]

EXPORT = """CREATE TABLE 大气排放口基本情况表 (id INTEGER PRIMARY KEY, 许可证编号 VARCHAR(40), 单位名称 VARCHAR(40),
    排放口编号 VARCHAR(20), 排放口名称 VARCHAR(20), 排放口经度 NUMERIC(9, 4), 排放口纬度 NUMERIC(9, 4),
    排气筒高度（m） VARCHAR(20), 排气筒出口内径（m） NUMERIC(5, 1))"""
ROWS = f"""INSERT INTO 大气排放口基本情况表 VALUES
    (2, '{PERMIT}', '甲厂', 'DA002', '灰库', 117.1, 36.7001, '十五米', 0.5),
    (1, '{PERMIT}', '甲厂', 'DA001', '锅炉烟囱', 117.1, 36.7, '35', 1.2),
    (3, NULL, '乙厂', 'DA001', '烟囱, 第"二"' , 117.1, 36.7, '20', 1.0)"""
FACILITIES = ["'MF1', '炉'", "NULL, NULL", "NULL, NULL", "'MF2', '窑'", "'MF3', '磨'", "NULL, NULL"]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    try:
        with servers.postgresql() as server:
            yield server
    except MissingProgramError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    try:
        with servers.mariadb() as server:
            yield server
    except MissingProgramError as error:
        pytest.skip(str(error))


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Either server with an empty database, and its password in the environment."""
    found: Server = request.getfixturevalue(request.param)
    yield from _emptied(found, monkeypatch)


@pytest.fixture
def postgres(postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    yield from _emptied(postgresql, monkeypatch)


def _emptied(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("PERMIT_AUDIT_DB_PASSWORD", servers.PASSWORD)
    if server.kind == "postgresql":
        server.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "GRANT USAGE ON SCHEMA public TO reader",
                   "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader")  # fmt: skip
    else:
        server.run("DROP DATABASE permits", "CREATE DATABASE permits CHARACTER SET utf8mb4",
                   "GRANT SELECT, SHOW VIEW ON permits.* TO reader@'127.0.0.1'")  # fmt: skip
    yield server


def content(workspace: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the warehouse."""
    with Warehouse(workspace / "warehouse.duckdb").reader() as connection:
        names = connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        ).fetchall()
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for (name,) in names}


def query(permit_audit: Command, text: str) -> list[tuple[Any, ...]]:
    with Warehouse(permit_audit.workspace / "warehouse.duckdb").reader() as connection:
        return connection.execute(text).fetchall()


def is_refused(answer: Answer, *words: str, code: int = 3) -> None:
    lines = answer.err.strip().splitlines()
    assert answer.code == code, answer.err
    assert 1 <= len(lines) <= 2, answer.err
    assert "Traceback" not in answer.err
    assert servers.PASSWORD not in answer.err + answer.out
    for word in words:
        assert word in answer.err


def test_rows_are_loaded_or_rejected_and_keep_where_they_come_from(permit_audit: Command, server: Server) -> None:
    server.run(EXPORT, ROWS)
    answer = permit_audit("load", "--from", server.url(), "--period", "2026Q3", "--json")
    assert (answer.code, answer.json["rows_in"]) == (0, 3), answer.err
    assert (answer.json["loaded"], answer.json["rejected"]) == ({"air_outlets": 2}, {"air_outlets": 1})
    shown = f"{server.kind}://127.0.0.1:{server.port}/permits"
    assert query(permit_audit, "SELECT file_name, sheet, format, rows_in, rows_rejected FROM sheets") == [
        (shown, "大气排放口基本情况表", server.kind, 3, 1)
    ]
    rows = query(permit_audit, "SELECT source_row, outlet_code, longitude_deg FROM data.air_outlets ORDER BY ALL")
    assert rows == [(1, "DA001", 117.1), (2, "DA002", 117.1)]
    raw = query(permit_audit, "SELECT source_row, cells[5], cells[8] FROM raw_rows ORDER BY ALL")
    assert raw == [(0, "排放口名称", "排气筒高度（m）"), (1, "锅炉烟囱", "35"), (2, "灰库", "十五米"),
                   (3, '烟囱, 第"二"', "20")]  # fmt: skip
    failures = query(permit_audit, "SELECT rule_id, field, text FROM contract_failures")
    assert failures == [("C-001", "stack_height_m", "十五米")]


def test_same_content_again_changes_nothing_and_other_content_does(permit_audit: Command, server: Server) -> None:
    server.run(EXPORT, ROWS)
    permit_audit("load", "--from", server.url())
    before = content(permit_audit.workspace)
    again = permit_audit("load", "--from", server.url())
    assert again.code == 0
    assert "未改动" in again.err
    assert content(permit_audit.workspace) == before
    server.run("UPDATE 大气排放口基本情况表 SET 排放口名称 = '' WHERE id = 1")
    assert permit_audit("load", "--from", server.url(), "--json").json["loaded"] == {"air_outlets": 2}


def test_dry_run_writes_nothing(permit_audit: Command, server: Server) -> None:
    server.run(EXPORT, ROWS)
    answer = permit_audit("load", "--from", server.url(), "--dry-run", "--json")
    assert (answer.code, answer.json["loaded"], answer.json["batches"]) == (0, {"air_outlets": 2}, {})
    assert not permit_audit.workspace.exists()


def test_pieces_make_the_same_as_the_whole(
    permit_audit: Command, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.run(EXPORT, *(
        f"INSERT INTO 大气排放口基本情况表 VALUES ({n}, '{PERMIT}', '甲厂', 'DA00{n % 4}', NULL, 117.1, 36.7, 'x', 1.2)"
        for n in range(7)
    ))  # fmt: skip
    permit_audit("load", "--from", server.url())
    whole = content(permit_audit.workspace)
    monkeypatch.setattr(model, "CHUNK_ROWS", 2)
    assert "未改动" in permit_audit("load", "--from", server.url()).err
    other = Command(permit_audit.workspace.with_name("other"), permit_audit.capture)
    other("load", "--from", server.url())
    pieces = content(other.workspace)
    for told in (whole, pieces):  # when it was loaded may differ
        told["main.batches"] = [(row[0], *row[2:]) for row in told["main.batches"]]
    assert pieces == whole
    repeated = query(other, "SELECT rid, text, cell FROM contract_failures WHERE rule_id = 'C-014' ORDER BY rid")
    assert [(text, cell) for _, text, cell in repeated] == [(f"DA00{n % 4}", f"D{n + 1}") for n in (0, 1, 2, 4, 5, 6)]


def test_blanks_are_filled_across_pieces(
    permit_audit: Command, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.run(
        "CREATE TABLE 废气产排污节点 (id INTEGER PRIMARY KEY, 许可证编号 VARCHAR(40), 生产设施编号 VARCHAR(20),"
        " 生产设施名称 VARCHAR(20), 污染物种类 VARCHAR(20), 排放形式 VARCHAR(20))",
        *(
            f"INSERT INTO 废气产排污节点 VALUES ({n}, '{PERMIT[:-2]}{n // 4}P', {facility}, '二氧化硫', '有组织')"
            for n, facility in enumerate(FACILITIES)
        ),
    )  # fmt: skip
    monkeypatch.setattr(model, "CHUNK_ROWS", 2)
    answer = permit_audit("load", "--from", server.url(), "--json")
    assert answer.json["loaded"] == {"air_links": 6}
    codes = query(permit_audit, "SELECT facility_code FROM data.air_links ORDER BY source_row")
    assert [code for (code,) in codes] == ["MF1", "MF1", "MF1", "MF2", "MF3", "MF3"]


def test_columns_of_the_data_dictionary(permit_audit: Command, server: Server) -> None:
    server.run(
        "CREATE TABLE air_limits (permit_no VARCHAR(40), outlet_code VARCHAR(20), pollutant VARCHAR(40),"
        " pollutant_text VARCHAR(40), conc_limit NUMERIC(8, 2), conc_limit_unit VARCHAR(20),"
        " conc_limit_text VARCHAR(40), amount_y1_t NUMERIC(8, 3), rid INTEGER)",
        f"INSERT INTO air_limits VALUES ('{PERMIT}', 'DA001', '氮氧化物', 'NOx', 50, 'mg/Nm3', '50mg/Nm3', 1.25, 9)",
    )
    answer = permit_audit("load", "--from", server.url(), "--json")
    assert answer.json["loaded"] == {"air_limits": 1}, answer.err
    assert query(
        permit_audit, "SELECT pollutant_text, conc_limit, conc_limit_unit, amount_y1_t FROM data.air_limits"
    ) == [("NOx", 50.0, "mg/Nm3", 1.25)]


def test_comments_are_headings_and_views_are_tables(permit_audit: Command, server: Server) -> None:
    names = {
        "a": "许可证编号",
        "b": "排放口编号",
        "c": "排放口名称",
        "d": "排气筒高度（m）",
        "e": "排气筒出口内径（m）",
    }
    if server.kind == "postgresql":
        server.run("CREATE TABLE t_07 (a TEXT, b TEXT, c TEXT, d REAL, e REAL)",
                   *(f"COMMENT ON COLUMN t_07.{name} IS '{text}'" for name, text in names.items()))  # fmt: skip
    else:
        columns = ", ".join(f"{name} VARCHAR(40) COMMENT '{text}'" for name, text in names.items())
        server.run(f"CREATE TABLE t_07 ({columns})")
    server.run(f"INSERT INTO t_07 VALUES ('{PERMIT}', 'DA001', '', 35, 1.2)",
               "CREATE VIEW v AS SELECT a AS 许可证编号, b AS 排放口编号, d + 1 AS 排气筒高度,"
               " e AS 排气筒内径 FROM t_07")  # fmt: skip
    answer = permit_audit("load", "--from", server.url(), "--json")
    assert answer.json["loaded"] == {"air_outlets": 2}, answer.err
    assert query(permit_audit, "SELECT stack_height_m FROM data.air_outlets ORDER BY ALL") == [(35.0,), (36.0,)]


def test_unknown_tables_are_named_and_load_nothing(permit_audit: Command, server: Server) -> None:
    server.run(EXPORT, ROWS, "CREATE TABLE users (id INTEGER, nick VARCHAR(9))", "INSERT INTO users VALUES (1, 'x')")
    is_refused(permit_audit("load", "--from", server.url()), "表 users", "最接近的版式", "--skip-unknown")
    assert query(permit_audit, "SELECT * FROM sheets") == []
    assert permit_audit("load", "--from", server.url(), "--skip-unknown", "--json").json["loaded"] == {"air_outlets": 2}


def test_chosen_tables_and_a_layout_of_the_workspace(permit_audit: Command, server: Server) -> None:
    server.run("CREATE TABLE mine (zh VARCHAR(40), ph VARCHAR(20), gd NUMERIC(5, 1))",
               f"INSERT INTO mine VALUES ('{PERMIT}', 'DA007', 20)", "CREATE TABLE users (id INTEGER, nick VARCHAR(9))",
               "CREATE TABLE other (permit_no VARCHAR(40), outlet_code VARCHAR(20), stack_height_m INTEGER)",
               f"INSERT INTO other VALUES ('{PERMIT}', 'DA008', 30)")  # fmt: skip
    folder = permit_audit.workspace / "layouts"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "- {name: mine, title: 我们的排口, table: air_outlets, require: [outlet_code],"
        " headings: {permit_no: [zh], outlet_code: [ph], stack_height_m: [gd]}}",
        encoding="utf-8",
    )
    answer = permit_audit("load", "--from", server.url(), "--table", "mine", "--table", "other=air_outlets", "--json")
    assert answer.json["loaded"] == {"air_outlets": 2}, answer.err
    is_refused(permit_audit("load", "--from", server.url(), "--table", "mini"), "没有表 mini", "mine")
    is_refused(permit_audit("load", "--from", server.url(), "--table", "mine=air_outlet"), "air_outlets", code=2)


def test_kinds_of_values_are_written_as_a_person_would(permit_audit: Command, server: Server) -> None:
    kinds = {"postgresql": ("BYTEA", "TIMESTAMP", "TEXT[]", "ARRAY['a','b']", "'\\x00'"),
             "mysql": ("BLOB", "DATETIME", "VARCHAR(9)", "'a,b'", "'x'")}[server.kind]  # fmt: skip
    server.run(
        f"CREATE TABLE air_outlets (permit_no VARCHAR(40), outlet_code VARCHAR(20), outlet_name VARCHAR(40),"
        f" stack_height_m DOUBLE PRECISION, photo {kinds[0]}, at {kinds[1]}, moment {kinds[1]}, yes BOOLEAN,"
        f" list {kinds[2]}, day DATE)",
        f"INSERT INTO air_outlets VALUES ('{PERMIT}', '', NULL, 35, {kinds[4]}, '2026-01-31 00:00:00',"
        f" '2026-01-31 08:30:00', TRUE, {kinds[3]}, '2026-02-01')",
    )
    permit_audit("load", "--from", server.url())
    cells = query(permit_audit, "SELECT cells FROM raw_rows ORDER BY source_row")
    yes = "TRUE" if server.kind == "postgresql" else "1"
    assert [name for name in cells[0][0] if name == "photo"] == []
    assert cells[1][0] == [PERMIT, "", None, "35", "2026-01-31", "2026-01-31 08:30:00", yes, "a,b", "2026-02-01"]


def test_rows_without_a_key_have_a_fixed_order(permit_audit: Command, server: Server) -> None:
    server.run(EXPORT.replace(" PRIMARY KEY", ""), ROWS)
    permit_audit("load", "--from", server.url())
    before = content(permit_audit.workspace)
    server.run("DELETE FROM 大气排放口基本情况表 WHERE id = 1",
               ROWS.splitlines()[0] + ROWS.splitlines()[2].rstrip(","))  # fmt: skip
    assert "未改动" in permit_audit("load", "--from", server.url()).err
    assert content(permit_audit.workspace) == before


def test_wrong_password_unknown_database_no_rights_nobody_there(
    permit_audit: Command, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.run(EXPORT, ROWS)
    is_refused(permit_audit("load", "--from", server.url("nowhere")), "nowhere")
    nobody = server.url().replace(f":{server.port}", ":1")
    is_refused(permit_audit("load", "--from", nobody), "连接失败", "请核对主机、端口")
    if server.kind == "postgresql":
        server.run("REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM reader")
        is_refused(permit_audit("load", "--from", server.url()), "没有读取权限", "SELECT")
        is_refused(permit_audit("load", "--from", server.url() + "?schema=publix"), "没有模式 publix", "public")
    else:
        server.run("REVOKE ALL ON permits.* FROM reader@'127.0.0.1'")
        is_refused(permit_audit("load", "--from", server.url()), "没有权限")
    monkeypatch.setenv("PERMIT_AUDIT_DB_PASSWORD", "falsch")
    answer = permit_audit("load", "--from", server.url())
    is_refused(answer, "拒绝登录", "PERMIT_AUDIT_DB_PASSWORD")
    assert "falsch" not in answer.err


def test_password_from_a_file(permit_audit: Command, server: Server, tmp_path: Path,
                              monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    server.run(EXPORT, ROWS)
    monkeypatch.delenv("PERMIT_AUDIT_DB_PASSWORD")
    is_refused(permit_audit("load", "--from", server.url()), "拒绝登录")
    file = tmp_path / "secret"
    file.write_text(servers.PASSWORD + "\n", encoding="utf-8")
    file.chmod(0o644)
    is_refused(permit_audit("load", "--from", server.url(), "--password-file", file), "chmod 600", code=2)
    file.chmod(0o600)
    assert permit_audit("load", "--from", server.url(), "--password-file", file).code == 0
    missing = tmp_path / "none"
    is_refused(permit_audit("load", "--from", server.url(), "--password-file", missing), "密码文件")


def test_password_is_nowhere_in_the_workspace(permit_audit: Command, server: Server) -> None:
    server.run(EXPORT, ROWS)
    permit_audit("load", "--from", server.url())
    for file in permit_audit.workspace.rglob("*"):
        if file.is_file():
            assert servers.PASSWORD.encode() not in file.read_bytes()


def test_pgpassfile_is_understood(permit_audit: Command, postgres: Server, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    postgres.run(EXPORT, ROWS)
    monkeypatch.delenv("PERMIT_AUDIT_DB_PASSWORD")
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:{postgres.port}:*:reader:{servers.PASSWORD.replace(':', chr(92) + ':')}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    assert permit_audit("load", "--from", postgres.url()).code == 0


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:geheim@127.0.0.1/permits",
        "postgresql://reader:ge/heim@127.0.0.1/permits",
        "mysql://reader:1/2geheim@127.0.0.1/permits",
        "mysql://reader:ge#heim?@127.0.0.1/permits",
        "postgresql://reader@127.0.0.1/permits?password=geheim",
        "oracle://reader:geheim@127.0.0.1/permits",
    ],
)
def test_password_in_the_address_is_refused_and_not_repeated(permit_audit: Command, url: str) -> None:
    answer = permit_audit("load", "--from", url)
    is_refused(answer, "不能写密码", "PERMIT_AUDIT_DB_PASSWORD", "--password-file", code=2)
    assert "heim" not in answer.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--from", "oracle://x/y"], "postgresql://"),
        (["--from", "postgresql://x"], "库名"),
        (["--from", "postgresql://x:abc/y"], "端口"),
        (["--from", "postgresql://x/y?sslkey=z"], "sslmode"),
        (["--from", "postgresql://x/y", "."], "二者选一"),
        (["--table", "x", "."], "--from"),
        ([], "--from"),
    ],
)
def test_wrong_calls(permit_audit: Command, arguments: list[str], word: str) -> None:
    is_refused(permit_audit("load", *arguments), word, code=2)


def test_empty_database(permit_audit: Command, server: Server) -> None:
    is_refused(permit_audit("load", "--from", server.url()), "请核对库名")
    server.run(EXPORT)
    is_refused(permit_audit("load", "--from", server.url()), "都是空的")


def test_cut_in_the_middle_leaves_the_warehouse_as_before(
    permit_audit: Command, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends our connection while we read; a first table was read whole before."""
    server.run(EXPORT, ROWS)
    permit_audit("load", "--from", server.url(), "--period", "2026Q2")
    before = content(permit_audit.workspace)
    wide = "排放口名称 VARCHAR(2000)"
    server.run(
        EXPORT.replace("大气排放口基本情况表", "废气排放口").replace("排放口名称 VARCHAR(20)", wide),
        "UPDATE 大气排放口基本情况表 SET 排放口名称 = '新'",
        "INSERT INTO 废气排放口 SELECT n, '91350100M000100Y43001P', '甲厂', concat('DA', n), repeat('名', 1500),"
        " 117.1, 36.7, '35', 1.2 FROM "
        + ("generate_series(1, 40000) n" if server.kind == "postgresql" else "(SELECT seq AS n FROM seq_1_to_40000) s"),
    )
    monkeypatch.setattr(model, "CHUNK_ROWS", 1000)
    killed: list[int] = []

    def kill_when_reading() -> None:
        """Rows go over the wire only as fast as they are taken: the answer is never far ahead of the reader."""
        end = time.monotonic() + 30
        while not killed and time.monotonic() < end:
            killed.extend(_kill_reader(server))
            time.sleep(0.01)

    killer = threading.Thread(target=kill_when_reading)
    killer.start()
    answer = permit_audit("load", "--from", server.url(), "--period", "2026Q3")
    killer.join()
    assert killed
    is_refused(answer, "连接中断", "表 废气排放口", "仓库未改动")
    assert content(permit_audit.workspace) == before
    again = permit_audit("load", "--from", server.url(), "--period", "2026Q3", "--json")
    assert again.json["loaded"] == {"air_outlets": 40_002}


def _kill_reader(server: Server) -> list[int]:
    """End the connection that reads the large table in full; says whom it ended."""
    connection = server.connect()
    try:
        with connection.cursor() as cursor:
            if server.kind == "postgresql":
                cursor.execute(
                    "SELECT pid FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
                    " AND query LIKE 'COPY%废气排放口%' AND query NOT LIKE '%LIMIT%' AND wait_event = 'ClientWrite'"
                )
                found = [pid for (pid,) in cursor.fetchall()]
                for pid in found:
                    cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
                return found
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE user = 'reader' AND info LIKE '%废气排放口%'"
                " AND info NOT LIKE '%LIMIT%' AND state IN ('Sending data', 'Writing to net')"
            )
            found = [number for (number,) in cursor.fetchall()]
            for number in found:
                cursor.execute(f"KILL {number}")
            return found
    finally:
        connection.close()


def test_missing_drivers_are_named(postgres: Server, tmp_path: Path) -> None:
    code = "import sys; sys.modules['psycopg'] = None; from audit.cli.main import run; run(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "--workspace", str(tmp_path), "load", "--from", postgres.url()],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "permit-audit[database]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_no_other_command_imports_the_drivers(tmp_path: Path) -> None:
    code = (
        "import sys; from audit.cli.main import run\n"
        "try: run(['--workspace', sys.argv[1], 'load', sys.argv[2]])\n"
        "except SystemExit as end: print(end.code, [n for n in ('psycopg', 'pymysql') if n in sys.modules])"
    )
    file = tmp_path / "大气排放口基本情况表.csv"
    file.write_text(f"许可证编号,排放口编号,排气筒高度,排气筒内径\n{PERMIT},DA001,35,1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "w"), str(file)], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
