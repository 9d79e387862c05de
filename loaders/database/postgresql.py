"""PostgreSQL: ``COPY … TO STDOUT`` in one read-only snapshot, so that no row becomes Python objects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import polars as pl
import psycopg
import pyarrow as pa
from psycopg import errors, sql
from pyarrow import csv

from checks.errors import ExitCode, UserError, nearest
from loaders.database import model
from loaders.database.address import Address, Password
from loaders.database.model import RemoteColumn, RemoteTable

#: What does not depend on who reads: how dates and numbers are written, and no time limit.
_SETTINGS = """
SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1;
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0
"""
_COLUMNS = """
SELECT c.oid, c.relname, obj_description(c.oid, 'pg_class'), a.attname, col_description(c.oid, a.attnum),
       coalesce(b.typname, t.typname), t.typcategory
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND a.attnum > 0 AND NOT a.attisdropped
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
                  AND d.deptype = 'e')
ORDER BY c.relname COLLATE "C", a.attnum
"""
_KEYS = """
SELECT DISTINCT ON (i.indrelid) i.indrelid,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
             WHERE k.place <= i.indnkeyatts ORDER BY k.place)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey::int2[])
                  AND NOT a.attnotnull)
ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid
"""


class PostgreSQL:
    """One connection, one ``REPEATABLE READ READ ONLY`` transaction."""

    def __init__(self, address: Address, password: Password | None) -> None:
        self.address = address
        self._password = password
        given: dict[str, Any] = {name: text for name, text in address.options.items() if name != "schema"}
        given.setdefault("host", address.host or None)
        try:
            self._connection = psycopg.connect(
                port=address.port,
                dbname=address.database,
                user=address.user or None,
                password=password.text if password else None,
                connect_timeout=model.CONNECT_SECONDS,
                application_name="permit-audit",
                client_encoding="utf8",
                **given,
            )
        except psycopg.Error as error:
            # Without the chain: what the driver was called with is nobody's business.
            raise self._not_connected(error) from None
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True

    def close(self) -> None:
        """End the transaction by leaving."""
        with contextlib.suppress(psycopg.Error):
            self._connection.close()

    def tables(self) -> list[RemoteTable]:
        """All tables and views of the schema; what an extension brought is not data."""
        try:
            self._connection.execute(_SETTINGS)
            schema = self._schema()
            keys = dict(self._connection.execute(_KEYS, [schema]).fetchall())
            found: dict[int, RemoteTable] = {}
            for oid, name, title, column, comment, kind, category in self._connection.execute(_COLUMNS, [schema]):
                table = found.get(oid) or RemoteTable(schema, name, title or "", (), tuple(keys.get(oid, ())))
                text = _text(column, kind, category)
                columns = (RemoteColumn(column, comment or "", text),) if text else ()
                found[oid] = RemoteTable(schema, name, table.comment, table.columns + columns, table.key)
        except psycopg.Error as error:
            raise self._translate(error, "", 0) from None
        return list(found.values())

    def _schema(self) -> str:
        wanted = self.address.options.get("schema")
        rows = self._connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_'").fetchall()
        if wanted is None:
            current = self._connection.execute("SELECT current_schema()").fetchall()[0][0]
            return str(current or "public")
        if wanted not in (known := [row[0] for row in rows]):
            hint = "、".join(nearest(wanted, known) or known[:5])
            raise UserError(f"{self.address} 里没有模式 {wanted}。已有的：{hint}", ExitCode.INPUT)
        return wanted

    def rows(self, table: RemoteTable, limit: int | None = None) -> Iterator[pl.DataFrame]:
        """The rows as the server writes them in CSV, where a missing value and an empty text differ."""
        texts = sql.SQL(", ").join(sql.SQL(column.text) for column in table.columns)
        order = [sql.Identifier("t", name) for name in table.key] or [
            sql.SQL(f'{column.text} COLLATE "C"') for column in table.columns
        ]
        query = sql.SQL("COPY (SELECT {} FROM {} AS t ORDER BY {}{}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)").format(
            texts,
            sql.Identifier(table.schema, table.name),
            sql.SQL(", ").join(order),
            sql.SQL(f" LIMIT {int(limit)}" if limit else ""),
        )
        done = 0
        try:
            with self._connection.cursor() as cursor, cursor.copy(query) as copy:
                rows: list[memoryview | bytes] = []
                size = 0
                for row in copy:  # the server sends every row by itself
                    rows.append(row)
                    size += len(row)
                    if len(rows) == model.CHUNK_ROWS or size > model.CHUNK_BYTES:
                        yield self._frame(table, rows)
                        done += len(rows)
                        rows, size = [], 0
                if rows:
                    yield self._frame(table, rows)
        except psycopg.Error as error:
            raise self._translate(error, table.name, done) from None

    def _frame(self, table: RemoteTable, rows: list[Any]) -> pl.DataFrame:
        names = [f"c{number}" for number in range(len(table.columns))]
        try:
            read = csv.read_csv(
                pa.BufferReader(b"".join(rows)),
                csv.ReadOptions(column_names=names, use_threads=False, block_size=model.CHUNK_BYTES * 2),
                csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            what = f"的表 {table.name} 里有读不了的文字"
            raise model.failed(self.address, what, model.UNTOUCHED, str(error), self._password) from None
        return pl.DataFrame(read)

    def _not_connected(self, error: psycopg.Error) -> UserError:
        text = str(error)
        if "password" in text or "authentication" in text or "role" in text or "no pg_hba.conf entry" in text:
            what, advice = "拒绝登录", model.ADVICE_LOGIN
        elif f'database "{self.address.database}" does not exist' in text:
            what, advice = f"连接失败：没有数据库 {self.address.database}", model.ADVICE_DATABASE
        else:
            what, advice = "连接失败", model.ADVICE_REACH
        return model.failed(self.address, what, advice, text, self._password)

    def _translate(self, error: psycopg.Error, table: str, rows: int) -> UserError:
        if isinstance(error, errors.InsufficientPrivilege):
            what = f"的表 {table} 没有读取权限" if table else "没有读取权限"
            return model.failed(self.address, what, model.ADVICE_RIGHTS, str(error), self._password)
        if self._connection.broken or isinstance(error, errors.AdminShutdown | errors.CrashShutdown):
            return model.cut(self.address, table or "（目录）", rows)
        what = f"的表 {table} 读取失败" if table else "读取失败"
        return model.failed(self.address, what, model.UNTOUCHED, str(error), self._password)


def _text(name: str, kind: str, category: str) -> str:
    """The text of a column as a person would write it; empty for one that holds no text."""
    column = sql.Identifier(name).as_string()
    if kind == "bytea":
        return ""
    if category == "B":
        return f"CASE WHEN {column} THEN 'TRUE' WHEN NOT {column} THEN 'FALSE' END"
    if category == "A":
        return f"array_to_string({column}, ',')"
    if kind in ("timestamp", "timestamptz"):
        moment = column if kind == "timestamp" else f"({column} AT TIME ZONE current_setting('TimeZone'))"
        whole = f"date_trunc('second', {moment})"
        return f"CASE WHEN {whole} = date_trunc('day', {moment}) THEN {moment}::date::text ELSE {whole}::text END"
    return f"{column}::text"
