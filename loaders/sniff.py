"""What a file is and how its text is encoded, told from its bytes and never from its ending.

Names the format a reader must take, or says in words why no reader can. Opens nothing but the
directory of an archive; sizes and hostile content are the work of :mod:`loaders.guard`.
"""

from __future__ import annotations

import codecs
import io
import re
from enum import StrEnum

from loaders.guard import CHUNK, UnreadableError, open_archive

HEAD = 4096
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF8_START = b"\x09\x08\x10\x00\x00\x06\x05\x00"
_BIFF_FILEPASS = 0x2F
_LOCKED = "文件有打开密码（已加密），请另存为不加密的文件"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_REFUSED = (
    (b"%PDF", "这是 PDF 文件"),
    (b"Rar!", "这是 RAR 压缩包，请解压或改用 zip"),
    (b"7z\xbc\xaf", "这是 7z 压缩包，请解压或改用 zip"),
    (b"\x1f\x8b", "这是 gzip 压缩文件，请解压"),
    (b"\x89PNG", "这是图片"),
    (b"\xff\xd8\xff", "这是图片"),
    (b"GIF8", "这是图片"),
    (b"{\\rtf", "这是 RTF 文档"),
    (b"\x09\x08\x08\x00", "这是 Excel 4 以前的格式，请另存为 xlsx"),
    (b"\x09\x04\x06\x00", "这是 Excel 4 以前的格式，请另存为 xlsx"),
    (b"\x09\x02\x06\x00", "这是 Excel 4 以前的格式，请另存为 xlsx"),
)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|table|div|meta|style|title|script)\b", re.IGNORECASE)
_WORKBOOK_2003 = re.compile(r"<(?:\w+:)?Workbook\b")
_JSON = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\[{\]"])')
_MHT = re.compile(r"\s*(?:MIME-Version:|Content-Type:\s*multipart/related|From:\s*<Saved by)", re.IGNORECASE)
_OFFICE_FIRST = ("[content_types].xml", "_rels/", "docprops/", "xl/", "word/", "ppt/", "mimetype", "customxml/")


class Format(StrEnum):
    """The formats that can be read."""

    XLSX = "xlsx"
    XLS = "xls"
    SPREADSHEET_XML = "xml2003"
    HTML = "html"
    TEXT = "text"
    JSON = "json"
    PARQUET = "parquet"
    ZIP = "zip"


def sniff(data: bytes) -> Format:
    """The format of these bytes; raises :class:`UnreadableError` with the kind of file it is otherwise."""
    if not data:
        raise UnreadableError("文件是空的（0 字节）")
    if data.startswith(ZIP_MAGIC):
        return _sniff_zip(data)
    if data.startswith(_OLE_MAGIC):
        return _sniff_ole(data)
    if data.startswith(b"PAR1"):
        return Format.PARQUET
    for magic, message in _REFUSED:
        if data.startswith(magic):
            raise UnreadableError(f"{message}，不是表格数据")
    return _sniff_text(data)


def _sniff_text(data: bytes) -> Format:
    encoding = _declared_encoding(data)
    if not encoding and b"\0" in data:
        raise UnreadableError("无法识别的文件格式（二进制内容）")
    head = data[:HEAD].decode(encoding or "latin-1", errors="replace").lstrip("\ufeff \t\r\n")
    if _MHT.match(head):
        raise UnreadableError("这是单个文件网页（MHT），请用 Excel 打开后另存为 xlsx")
    if head.startswith("<"):
        if _WORKBOOK_2003.search(head) and "office:spreadsheet" in head:
            return Format.SPREADSHEET_XML
        if _HTML.search(head):
            return Format.HTML
        if head.startswith("<?xml"):
            raise UnreadableError("这是 XML 文件，但不是表格，无法读取")
    return Format.JSON if _JSON.match(head) else Format.TEXT


def _sniff_zip(data: bytes) -> Format:
    try:
        with open_archive(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except UnreadableError:
        # A cut-off workbook is still a workbook to the person who sent it.
        if is_office_start(data):
            raise UnreadableError("xlsx 不完整（结尾缺失），多半没有传完，请重新取得") from None
        raise
    return zip_format(names)


def zip_format(names: list[str]) -> Format:
    """Whether an archive with these entries is a workbook or a bundle of files; raises for other documents."""
    known = [name.replace("\\", "/").lower() for name in names]
    if any(re.match(r"xl/workbook[^/]*\.xml$", name) for name in known):
        return Format.XLSX
    if any(name.startswith("xl/workbook") for name in known):
        raise UnreadableError("这是 xlsb 工作簿，请另存为 xlsx")
    if "[content_types].xml" in known:
        kind = "Word 文档" if any(name.startswith("word/") for name in known) else "缺少工作簿部件的 Office 文件"
        raise UnreadableError(f"这是{kind}，不是表格数据")
    if "mimetype" in known and "content.xml" in known:
        raise UnreadableError("这是 OpenDocument 文件，请另存为 xlsx")
    return Format.ZIP


def is_office_start(head: bytes) -> bool:
    """Whether a zip that begins with these bytes is an Office document, from its first entry's name."""
    size = int.from_bytes(head[26:28], "little")
    return head[30 : 30 + size].decode("latin-1").lower().startswith(_OFFICE_FIRST)


def _sniff_ole(data: bytes) -> Format:
    streams = {
        name: name.encode("utf-16-le") in data for name in ("EncryptedPackage", "Workbook", "Book", "WordDocument")
    }
    if streams["EncryptedPackage"]:
        raise UnreadableError(_LOCKED)
    if streams["Workbook"] or streams["Book"]:
        if _is_locked_biff(data):
            raise UnreadableError(_LOCKED)
        return Format.XLS
    if streams["WordDocument"]:
        raise UnreadableError("这是 Word 97 文档，不是表格数据")
    raise UnreadableError("xls 不完整或已损坏（找不到工作簿内容）")


def _is_locked_biff(data: bytes) -> bool:
    """Whether the workbook's first records say that all that follows is encrypted; calamine only says "unknown"."""
    at = data.find(_BIFF8_START)
    for _ in range(3 if at >= 0 else 0):  # start, write protection, encryption: the order is fixed
        kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little")
        if kind == _BIFF_FILEPASS:
            return True
        at += 4 + size
    return False


def _declared_encoding(data: bytes) -> str:
    """The encoding told by a byte-order mark or by the pattern of NUL bytes; empty when neither speaks."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return encoding
    even, odd = data[:HEAD:2].count(0), data[1:HEAD:2].count(0)
    # Line ends and delimiters are ASCII, so UTF-16 always has NULs, and all on one side.
    if odd and not even:
        return "utf-16-le"
    if even and not odd:
        return "utf-16-be"
    return ""


def to_utf8(data: bytes, first: str = "") -> tuple[bytes, str]:
    """The text as UTF-8 without mark, and the encoding it was in; ``first`` is tried before the others.

    Every byte is decoded strictly: a file in two encodings is refused with the place of the first bad byte.
    """
    declared = _declared_encoding(data)
    # gb18030 holds all of gbk and gb2312; a page that names those may still use its four-byte characters.
    candidates = [declared] if declared else list(dict.fromkeys([*filter(None, [first]), "utf-8", "gb18030"]))
    faults: list[str] = []
    for encoding in candidates:
        try:
            return _transcode(data, encoding), encoding.removesuffix("-sig")
        except _BadByteError as bad:
            line = data.count(b"\n", 0, bad.offset) + 1
            faults.append(f"按 {encoding.removesuffix('-sig').upper()} 读到第 {line} 行（第 {bad.offset} 字节）出错")
    raise UnreadableError(f"文字编码有误：{'，'.join(faults)}；请重新导出或另存为 UTF-8")


class _BadByteError(Exception):
    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def _transcode(data: bytes, encoding: str) -> bytes:
    """Strictly decoded, chunk by chunk: a whole file as one str takes four times its size."""
    decoder = codecs.getincrementaldecoder(encoding)()
    same = encoding in ("utf-8", "utf-8-sig")
    result = bytearray()
    for start in range(0, len(data) or 1, CHUNK):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(data[start : start + CHUNK], final=start + CHUNK >= len(data))
        except UnicodeDecodeError as error:
            raise _BadByteError(start - pending + error.start) from error
        if not same:
            result += text.encode()
    return data.removeprefix(codecs.BOM_UTF8) if same else bytes(result)
