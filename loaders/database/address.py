"""Where a database is, and how its password is found: never in the address, never shown.

An address with a password is refused without repeating any of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from checks.errors import ExitCode, UserError

PASSWORD_VARIABLE = "PERMIT_AUDIT_DB_PASSWORD"  # noqa: S105 (the name of a variable, not a password)

#: What may follow the ``?`` of an address.
_OPTIONS = {
    "postgresql": ("schema", "host", "sslmode", "sslrootcert"),
    "mysql": ("unix_socket", "ssl_ca"),
}
_KINDS = {"postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
_PORTS = {"postgresql": 5432, "mysql": 3306}
_FORM = "应写作 postgresql://用户@主机:端口/库名 或 mysql://用户@主机/库名"
_REFUSED = (
    f"--from 的地址里不能写密码（会留在命令历史和进程列表里）：请从地址中去掉，改设环境变量 {PASSWORD_VARIABLE}，"
    "或用 --password-file 文件"
)


@dataclass(frozen=True)
class Password:
    """A password that does not show when it is printed."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True)
class Address:
    """A database; ``str`` gives the form in which it is told and stored, without the user."""

    kind: str
    user: str
    host: str
    port: int
    database: str
    options: Mapping[str, str]

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.kind] else f":{self.port}"
        return f"{self.kind}://{host or 'localhost'}{port}/{self.database}"


def parse_address(url: str) -> Address:
    """The address written as ``url``; UserError for a password in it and for anything not understood."""
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    rest = url.partition("://")[2]
    # An unescaped / ? or # in a password cuts the address short, hence the look at all of it.
    if re.match(r"[^/@]*:[^@]*@", rest) or re.search(r"[?&;](password|passwd|pwd|pass)=", rest, re.IGNORECASE):
        raise UserError(_REFUSED)
    if scheme not in _KINDS:
        raise UserError(f"--from 的地址{f' {scheme}://' if scheme.isalnum() else ''} 看不懂：{_FORM}")
    kind = _KINDS[scheme]
    try:
        parts = urlsplit(url)
        host, port = unquote(parts.hostname or ""), parts.port or _PORTS[kind]
    except ValueError:
        raise UserError(f"--from 的地址中主机或端口写法不对：{_FORM}") from None
    database = unquote(parts.path.removeprefix("/"))
    if not database or "/" in database or parts.fragment:
        raise UserError(f"--from 的地址中没有写对库名：{_FORM}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS[kind]:
            raise UserError(f"--from 的地址中有不认识的选项 {name}。可用的有：{'、'.join(_OPTIONS[kind])}")
    return Address(kind, unquote(parts.username or ""), host, port, database, options)


def find_password(file: Path | None, environment: Mapping[str, str] = os.environ) -> Password | None:
    """The password from ``file`` (its first line), else from the environment, else None."""
    if file is None:
        text = environment.get(PASSWORD_VARIABLE)
        return Password(text) if text is not None else None
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise UserError(f"密码文件 {file} 别的用户也能读：请先执行 chmod 600 {file}")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"密码文件读不了：{file}（{error.strerror}）", ExitCode.INPUT) from error
    except UnicodeDecodeError:
        raise UserError(f"密码文件不是 UTF-8 文本：{file}", ExitCode.INPUT) from None
    return Password(text.partition("\n")[0].rstrip("\r"))
