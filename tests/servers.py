"""Private database servers of the tests: real ones, in a folder of their own, ended by their own process.

Servers refuse to run as root, so root lends them the user that their package made.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "秘密:p@ss/w#rd?1"
_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server: ``admin`` may do all, ``reader`` has the password and reads what it was granted."""

    kind: str
    port: int
    folder: Path
    connect: Callable[[], Any]

    def url(self, database: str = "permits", user: str = "reader") -> str:
        return f"{self.kind}://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str) -> None:
        """Let the administrator do this."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()


class MissingProgramError(Exception):
    """A server is not installed; the text says what to install."""


@contextmanager
def postgresql() -> Iterator[Server]:
    """A PostgreSQL with an empty database ``permits``."""
    import psycopg

    initdb, postgres = (_program(name, "/usr/lib/postgresql/*/bin", "postgresql") for name in ("initdb", "postgres"))
    with _folder("postgres") as (folder, user):
        secret = folder / "password"
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        if user:
            shutil.chown(secret, user)
        data = folder / "data"
        _finish([initdb, "-D", data, "-U", "admin", "--no-sync", "-A", "scram-sha-256", "-E", "UTF8",
                 "--locale=C", f"--pwfile={secret}"], folder, user)  # fmt: skip
        port = _free_port()
        command = [postgres, "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1",
                   "-c", "fsync=off", "-c", "shared_buffers=64MB"]  # fmt: skip

        def connect() -> Any:
            return psycopg.connect(
                host="127.0.0.1", port=port, user="admin", password=PASSWORD, dbname="permits", autocommit=True
            )

        with _running(command, folder, user, signal.SIGINT) as process:
            first = _patiently(
                lambda: psycopg.connect(
                    host="127.0.0.1", port=port, user="admin", password=PASSWORD, dbname="postgres", autocommit=True
                ),
                port,
                process,
                folder,
            )
            with first:
                first.execute("CREATE DATABASE permits")
                first.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
            yield Server("postgresql", port, folder, connect)


@contextmanager
def mariadb() -> Iterator[Server]:
    """A MariaDB with an empty database ``permits``."""
    import pymysql

    install = _program("mariadb-install-db", "/usr/bin", "mariadb-server")
    daemon = _program("mariadbd", "/usr/sbin", "mariadb-server")
    with _folder("mysql") as (folder, user):
        data = folder / "data"
        _finish([install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
                 "--skip-test-db"], folder, user)  # fmt: skip
        port = _free_port()
        command = [daemon, "--no-defaults", f"--datadir={data}", f"--socket={folder / 's'}", f"--port={port}",
                   "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}",
                   "--innodb-flush-log-at-trx-commit=0"]  # fmt: skip

        def connect() -> Any:
            return pymysql.connect(unix_socket=str(folder / "s"), user="root", database="permits", autocommit=True)

        with _running(command, folder, user, signal.SIGTERM) as process:
            first = _patiently(
                lambda: pymysql.connect(unix_socket=str(folder / "s"), user="root", autocommit=True),
                port,
                process,
                folder,
            )
            with first.cursor() as cursor:
                cursor.execute("CREATE DATABASE permits CHARACTER SET utf8mb4")
                cursor.execute(f"CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
            first.close()
            yield Server("mysql", port, folder, connect)


def _program(name: str, folders: str, package: str) -> str:
    for folder in ["", *sorted(glob.glob(folders), reverse=True)]:
        found = shutil.which(name, path=folder or None)
        if found:
            return found
    raise MissingProgramError(f"needs the program {name} (apt-get install {package})")


@contextmanager
def _folder(account: str) -> Iterator[tuple[Path, str | None]]:
    """A folder with a short name (sockets have one) and the user who owns it and runs the server."""
    if os.name != "posix":
        raise MissingProgramError("needs a POSIX system")
    user = None
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam(account).pw_name
        except KeyError:
            raise MissingProgramError(f"needs the user {account}, since root must not run the server") from None
    folder = Path(tempfile.mkdtemp(prefix="pa-"))
    try:
        if user:
            shutil.chown(folder, user)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _finish(command: Sequence[object], folder: Path, user: str | None) -> None:
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, user=user, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _running(
    command: Sequence[object], folder: Path, user: str | None, stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=folder, user=user, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _patiently(connect: Callable[[], Any], port: int, process: subprocess.Popen[bytes], folder: Path) -> Any:
    """A first connection, as soon as the server takes it."""
    end = time.monotonic() + _SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                pass  # a driver that is refused may leave its socket open
            return connect()
        except Exception as error:  # whatever a driver raises while the server starts
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError((folder / "log").read_text(errors="replace")) from error
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
