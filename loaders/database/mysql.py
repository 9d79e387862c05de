"""MySQL and MariaDB: an unbuffered cursor in one consistent, read-only snapshot."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import polars as pl
import pymysql
from pymysql import converters
from pymysql.cursors import SSCursor

from checks.errors import UserError
from loaders.database import model
from loaders.database.address import Address, Password
from loaders.database.model import RemoteColumn, RemoteTable

_BINARY = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_SHAPES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
_SHAPES |= {"geometrycollection", "geomcollection", "vector"}
_LOGIN, _DATABASE, _RIGHTS = {1045, 1698, 1251, 2059}, {1049, 1044}, {1142, 1143, 1356, 1370}
_CUT = {2006, 2013, 2055, 1053, 1927, 1317}

_COLUMNS = """
SELECT t.TABLE_NAME, t.TABLE_TYPE, t.TABLE_COMMENT, c.COLUMN_NAME, c.COLUMN_COMMENT, c.DATA_TYPE
FROM information_schema.TABLES t
JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')
ORDER BY BINARY t.TABLE_NAME, c.ORDINAL_POSITION
"""
_KEYS = """
SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, NULLABLE, SUB_PART FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0
ORDER BY TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX
"""


class MySQL:
    """One connection, one ``REPEATABLE READ`` snapshot, read only."""

    def __init__(self, address: Address, password: Password | None) -> None:
        self.address = address
        self._password = password
        given: dict[str, Any] = {name: text for name, text in address.options.items() if text}
        # Values stay the text that the server sends: only what is sent is converted.
        as_sent = {kind: write for kind, write in converters.conversions.items() if not isinstance(kind, int)}
        try:
            self._connection = pymysql.connect(
                host=address.host or "localhost",
                port=address.port,
                user=address.user or None,
                password=password.text.encode() if password else b"",  # as text the driver takes Latin letters only
                database=address.database,
                charset="utf8mb4",
                conv=as_sent,
                connect_timeout=model.CONNECT_SECONDS,
                cursorclass=SSCursor,
                program_name="permit-audit",
                **given,
            )
        except (pymysql.Error, OSError, RuntimeError) as error:
            # Without the chain: what the driver was called with is nobody's business.
            raise self._translate(error, "", 0) from None

    def close(self) -> None:
        """Leave at once, also in the middle of an answer."""
        with contextlib.suppress(pymysql.Error, OSError):
            self._connection.close()

    def tables(self) -> list[RemoteTable]:
        """All tables and views of the database."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute("SET SESSION net_write_timeout = 3600")
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
                cursor.execute(_KEYS)
                keys = _keys(cursor.fetchall())
                cursor.execute(_COLUMNS)
                rows = cursor.fetchall()
        except (pymysql.Error, OSError) as error:
            raise self._translate(error, "", 0) from None
        found: dict[str, RemoteTable] = {}
        for name, table_kind, title, column, comment, kind in rows:
            title = "" if table_kind == "VIEW" else title  # every view's comment is VIEW
            table = found.get(name) or RemoteTable(self.address.database, name, title, (), keys.get(name, ()))
            columns = () if kind in _BINARY | _SHAPES else (_column(column, comment, kind),)
            found[name] = RemoteTable(table.schema, name, title, table.columns + columns, table.key)
        return list(found.values())

    def rows(self, table: RemoteTable, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """The rows as the server writes them."""
        texts = ", ".join(f"{column.text} AS c{number}" for number, column in enumerate(table.columns))
        # A text counts as its bytes: the server's idea of equal letters must not leave the order open.
        order = [f"t.{_quoted(name)}" for name in table.key] or [
            f"CAST({column.text} AS BINARY)" for column in table.columns
        ]
        query = f"SELECT {texts} FROM {_quoted(table.name)} AS t ORDER BY {', '.join(order)}"
        done = 0
        cursor = self._connection.cursor()
        try:
            cursor.execute(query + (f" LIMIT {int(limit)}" if limit else ""))
            while rows := _fetch(cursor):
                yield _frame(table, rows)
                done += len(rows)
        except (pymysql.Error, OSError) as error:
            _abandon(cursor)
            raise self._translate(error, table.name, done) from None
        except BaseException:
            _abandon(cursor)
            self.close()
            raise
        cursor.close()

    def _translate(self, error: Exception, table: str, rows: int) -> UserError:
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        said = str(error.args[1]) if len(error.args) > 1 else str(error)
        named = f"的表 {table} " if table else ""
        if code in _LOGIN:
            what, advice = "拒绝登录", model.ADVICE_LOGIN
        elif code in _DATABASE:
            what = f"连接失败：没有数据库 {self.address.database}，或该用户没有权限"
            advice = model.ADVICE_DATABASE
        elif code in _RIGHTS:
            what, advice = f"{named}没有读取权限", model.ADVICE_RIGHTS
        elif code in _CUT or (not code and table):
            return model.cut(self.address, table or "（目录）", rows)
        elif table:
            what, advice = f"{named}读取失败", model.UNTOUCHED
        else:
            what, advice = "连接失败", model.ADVICE_REACH
        return model.failed(self.address, what, advice, said, self._password)


def _keys(rows: Any) -> dict[str, tuple[str, ...]]:
    """By table the columns of its primary key, else of a unique index whose columns are never null."""
    indexes: dict[tuple[str, str], list[tuple[str, str, str | None]]] = {}
    for table, index, column, nullable, part in rows:
        indexes.setdefault((table, index), []).append((column, nullable, part))
    found: dict[str, tuple[str, ...]] = {}
    for (table, _), columns in indexes.items():
        if all(nullable != "YES" and part is None and column for column, nullable, part in columns):
            found.setdefault(table, tuple(column for column, _, _ in columns))
    return found


def _column(name: str, comment: str, kind: str) -> RemoteColumn:
    text = f"t.{_quoted(name)}"
    if kind == "bit":
        text = f"CAST({text} + 0 AS CHAR)"
    return RemoteColumn(name, comment, text, is_moment=kind in ("datetime", "timestamp"))


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _fetch(cursor: SSCursor) -> list[tuple[str | None, ...]]:
    """The next rows, fewer when they are wide."""
    rows: list[tuple[str | None, ...]] = []
    size = 0
    while len(rows) < model.CHUNK_ROWS and size < model.CHUNK_BYTES:
        some = cursor.fetchmany(1000)
        if not some:
            break
        rows += some
        size += 1000 * sum(len(text) for text in some[0] if text)
    return rows


def _frame(table: RemoteTable, rows: list[tuple[str | None, ...]]) -> pl.DataFrame:
    columns = zip(*rows, strict=True)
    frame = pl.DataFrame([pl.Series(f"c{number}", texts, pl.String) for number, texts in enumerate(columns)])
    moments = [f"c{number}" for number, column in enumerate(table.columns) if column.is_moment]
    return frame.with_columns(pl.col(moments).str.replace(r"\.\d+$", "").str.replace(" 00:00:00$", ""))


def _abandon(cursor: SSCursor) -> None:
    """Forget the rest of an answer; the driver would else read it to its end, or wait for a dead server."""
    result = cursor._result
    if result is not None:
        result.unbuffered_active = False
        result.connection = None
    cursor.connection = None
