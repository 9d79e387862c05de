"""What every kind of database is asked for: its tables, and their rows as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from checks.errors import ExitCode, UserError
from loaders.database.address import Address, Password

#: Rows read, cast and written at a time.
CHUNK_ROWS = 20_000
#: A chunk of wide rows ends earlier.
CHUNK_BYTES = 64 * 2**20
CONNECT_SECONDS = 15


@dataclass(frozen=True)
class RemoteColumn:
    """A column, what its comment calls it, and the database's expression of its text."""

    name: str
    comment: str
    text: str
    is_moment: bool = False  # a date with a time, whose midnight says nothing


@dataclass(frozen=True)
class RemoteTable:
    """A table or view; ``key`` names the columns that put its rows in order (none: all columns do)."""

    schema: str
    name: str
    comment: str
    columns: tuple[RemoteColumn, ...]
    key: tuple[str, ...]


class Database(Protocol):
    """An open connection that sees one consistent state, and reads only."""

    address: Address

    def tables(self) -> list[RemoteTable]:
        """All tables and views of the schema, by name."""

    def rows(self, table: RemoteTable, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """The rows in order of the key, in chunks of text columns ``c0 … cN``."""

    def close(self) -> None:
        """Leave; nothing is left open also after an error."""


def connect(address: Address, password: Password | None) -> Database:
    """The database at ``address``; UserError when its driver is missing or it cannot be reached."""
    try:
        if address.kind == "postgresql":
            from loaders.database.postgresql import PostgreSQL

            return PostgreSQL(address, password)
        from loaders.database.mysql import MySQL

        return MySQL(address, password)
    except ImportError as error:
        raise UserError(
            f"缺少读取数据库的组件（{error.name}）：请执行 pip install 'permit-audit[database]' 后重试"
        ) from error


def cut(address: Address, table: str, rows: int) -> UserError:
    """The connection broke off while rows were read."""
    return UserError(
        f"{address} 的连接中断：表 {table} 只读到 {rows:,} 行，数据不完整。仓库未改动，请检查网络和数据库后重新载入",
        ExitCode.INPUT,
    )


def failed(address: Address, what: str, advice: str, detail: str = "", password: Password | None = None) -> UserError:
    """Any other fault of the database; the server's own words, one line of them, in brackets."""
    lines = [line.strip() for line in detail.splitlines() if line.strip()]
    said = lines[0][:200] if lines else ""
    if password is not None and password.text:
        said = said.replace(password.text, "***")
    return UserError(f"{address} {what}{f'（{said}）' if said else ''}。{advice}", ExitCode.INPUT)


UNTOUCHED = "仓库未改动"
ADVICE_LOGIN = "请核对用户名，以及环境变量 PERMIT_AUDIT_DB_PASSWORD 或 --password-file 里的密码"
ADVICE_DATABASE = "请核对 --from 地址最后的库名"
ADVICE_REACH = "请核对主机、端口，并确认数据库正在运行、允许本机连接"
ADVICE_RIGHTS = "请管理员给该用户授予这些表的 SELECT 权限"
