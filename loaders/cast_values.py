"""What a text says as a number, date, period, coordinate, flag, quantity or list, as Polars expressions.

Each function takes narrow (half-width, trimmed) text and returns the value, null where the text is
nothing of the kind. Deciding what counts as empty or as a failure is the work of :mod:`loaders.cast`.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from loaders.normalise import clean

EARLIEST, LATEST = date(1990, 1, 1), date(2060, 12, 31)  # serials outside are numbers, not dates
_EPOCH_1900, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_BEIJING_MS = 8 * 3600 * 1000

_SEPARATED = r"([12][0-9]{3}) ?[-/.年] ?([0-9]{1,2}) ?[-/.月] ?([0-9]{1,2})日?"
_PACKED = r"([12][0-9]{3})([01][0-9])([0-3][0-9])"
_TIME = r"(?:[ T]*[0-9]{1,2}[:时][0-9]{1,2}(?:[:分][0-9.]{1,6}秒?)?分?(?:\.[0-9]+)?Z?)?"
_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3}|[x×*]10\^?[-+]?[0-9]{1,3})?"
_RANGE = r"[~-]|--+|—+|–|至|到"


def tidy_number(text: pl.Expr) -> pl.Expr:
    """Without thousands separators and blanks inside a number."""
    return (
        text.str.replace_all(r"([0-9]),([0-9]{3})\b", "$1$2")
        .str.replace_all(r"([0-9]),([0-9]{3})\b", "$1$2")
        .str.replace_all(r" *([x×*~—–-]) *", "$1")
    )


def to_float(text: pl.Expr) -> pl.Expr:
    """A plain number, also 1×10^3 and 1E3; null for anything else."""
    plain = text.str.replace(r"[x×*]10\^?([-+]?[0-9]{1,3})$", "e$1")
    return pl.when(text.str.contains(f"^(?:{_NUMBER})$")).then(
        plain.str.strip_prefix("+").cast(pl.Float64, strict=False)
    )


def to_integer(text: pl.Expr) -> pl.Expr:
    """A whole number, also written 5.0; null for anything else."""
    value = to_float(text)
    return pl.when(value == value.round(0)).then(value.cast(pl.Int64, strict=False))


def _parts(text: pl.Expr, pattern: str, first: int = 1) -> pl.Expr:
    groups = [text.str.extract(pattern, first + offset).str.zfill(width) for offset, width in ((0, 4), (1, 2), (2, 2))]
    return pl.concat_str(groups, separator="-").str.to_date("%Y-%m-%d", strict=False)


def to_date(text: pl.Expr, date_1904: bool = False) -> pl.Expr:
    """A day: with separators, packed, as a spreadsheet serial, or as epoch milliseconds at Beijing time."""
    number = text.str.extract(r"^([0-9]{5}(?:\.[0-9]+)?|[0-9]{12,13})(?:\.0+)?$", 1).cast(pl.Float64, strict=False)
    epoch = pl.lit(_EPOCH_1904 if date_1904 else _EPOCH_1900)
    serial = epoch + pl.duration(days=pl.when(number < 100000).then(number.floor()).cast(pl.Int64))
    moment = pl.when(number >= 100000).then(number + _BEIJING_MS).cast(pl.Int64).cast(pl.Datetime("ms")).dt.date()
    counted = pl.coalesce(serial.cast(pl.Date), moment)
    return pl.coalesce(
        _parts(text, f"^{_SEPARATED}{_TIME}$"),
        _parts(text, f"^{_PACKED}{_TIME}$"),
        pl.when(counted.is_between(EARLIEST, LATEST)).then(counted),
    )


def to_period(text: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """First day, last day, and whether the text is a period at all; an open end has no last day."""
    day = f"(?:{_SEPARATED}|{_PACKED})"
    between = r" ?(?:至|到|~|-+|—+|–|起至?|止)? ?"
    pattern = f"^(?:自|从)?{day}{_TIME}{between}{day}{_TIME}止?$"
    start = pl.coalesce(_parts(text, pattern, 1), _parts(text, pattern, 4))
    end = pl.coalesce(_parts(text, pattern, 7), _parts(text, pattern, 10))
    open_end = f"^(?:自|从)?{day}{_TIME} ?(?:至|到|~|—+|起|-+) ?(?:长期|永久|今|无固定期限)?$"
    lone = pl.coalesce(_parts(text, open_end, 1), _parts(text, open_end, 4))
    from_day = pl.coalesce(start, lone)
    until_only = _parts(text, f"^(?:至|到|~|截至){day}{_TIME}止?$", 1)
    both_or_open = (start.is_not_null() & end.is_not_null()) | (lone.is_not_null() & ~text.str.contains(pattern))
    return from_day, pl.coalesce(end, until_only), both_or_open | until_only.is_not_null()


def to_degrees(text: pl.Expr) -> pl.Expr:
    """Decimal degrees, from a number or from degrees, minutes and seconds."""
    bare = text.str.replace_all(r" |^(?:东经|北纬|[EN])[:]?|(?:[EN])$", "").str.replace_all("''", '"')
    parts = r"^([0-9]{1,3})[度°:]([0-9]{1,2}(?:\.[0-9]+)?)[分':]?(?:([0-9]{1,2}(?:\.[0-9]+)?)[秒\"]?)?$"
    degrees, minutes, seconds = (bare.str.extract(parts, group).cast(pl.Float64, strict=False) for group in (1, 2, 3))
    angle = degrees + minutes / 60 + seconds.fill_null(0.0) / 3600
    sexagesimal = pl.when((minutes < 60) & (seconds.fill_null(0.0) < 60)).then(angle.round(8))
    return pl.coalesce(to_float(bare.str.strip_suffix("°").str.strip_suffix("度")), sexagesimal)


_YES = ("是", "有", "y", "yes", "true", "1", "√", "✓", "已", "属于")
_NO = ("否", "无", "n", "no", "false", "0", "×", "x", "不是", "没有", "未", "不属于")


def to_flag(text: pl.Expr) -> pl.Expr:
    """是 / 否 in any of its writings; null for anything else."""
    word = text.str.to_lowercase().str.replace(r"^([01])\.0$", "$1")
    return pl.when(word.is_in(list(_YES))).then(True).when(word.is_in(list(_NO))).then(False)


_UNIT = (
    r"(?:[A-Za-z%‰μµ°/·.^'0-9-]|\((?:[A-Za-z0-9%‰μ/.-]|无量纲|标态|干基|级|倍|个|稀释倍数)+\)|级|倍|个|无量纲|度|分贝"
    r"|万|吨|千克|公斤|毫克|微克|克|毫升|升|年|月|日|天|小时|时|立方米|米|标|根|纤维|次|稀释倍数|当量| )*"
)


def to_quantity(text: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Value (the upper one of a range), lower value, unit, and whether the text is a quantity at all.

    5（8） is 5 (the bracket holds the value for another season); ＜1 and ≤20 are upper values, ≥60 is
    a lower one.
    """
    tidy = (
        tidy_number(text).str.replace(r"^(?:小于等于|不大于|不超过|≦)", "≤").str.replace(r"^(?:大于等于|不小于|≧)", "≥")
    )
    single = f"^([<≤>≥]?=?) ?({_NUMBER})(?:\\(({_NUMBER})\\))? ?({_UNIT})$"
    span = f"^({_NUMBER}) ?({_UNIT}?) ?(?:{_RANGE}) ?({_NUMBER}) ?({_UNIT})$"
    low, high = to_float(tidy.str.extract(span, 1)), to_float(tidy.str.extract(span, 3))
    is_span = low.is_not_null() & high.is_not_null() & (low <= high)
    sign, number = tidy.str.extract(single, 1), to_float(tidy.str.extract(single, 2))
    is_single = ~is_span & number.is_not_null()
    is_floor = is_single & sign.str.contains("^[>≥]")
    value = pl.when(is_span).then(high).when(is_single & ~is_floor).then(number)
    lower = pl.when(is_span).then(low).when(is_floor).then(number)
    written = pl.when(is_span).then(tidy.str.extract(span, 4)).when(is_single).then(tidy.str.extract(single, 4))
    unit = written.str.strip_chars().str.replace(r"^\((.*)\)$", "$1").str.replace_all("µ", "μ")
    return value, lower, pl.when(unit != "").then(unit), is_span | is_single


def split_items(raw: pl.Expr, separators: tuple[str, ...] = (",",)) -> pl.Expr:
    """The parts of a cell between separators; a comma between position numbers (1,2-二氯乙烷) does not split."""
    text = raw
    for separator in separators:
        if separator != ",":
            text = text.str.replace_all(separator, ",", literal=True)
    first = r"(^|,)(\s*[0-9]{1,2}),([0-9]{1,2}(?:,[0-9]{1,2})*-[^0-9])"
    further = r"(\x{e000}[0-9]{1,2}),([0-9]{1,2}(?:,[0-9]{1,2})*-[^0-9])"
    for _ in range(2):  # names that stand side by side share a comma, so one pass misses every other one
        text = text.str.replace_all(first, "${1}${2}\ue000${3}")
    for _ in range(2):
        text = text.str.replace_all(further, "${1}\ue000${2}")
    return text.str.split(",").list.eval(pl.element().str.replace_all("\ue000", ","))


def to_items(raw: pl.Expr, separators: tuple[str, ...], nothing: list[str]) -> pl.Expr:
    """The items of a list cell: split as written, before widths change, then tidied; null when none is left."""
    items = split_items(raw, (",", *separators))
    items = items.list.eval(clean(pl.element()))
    items = items.list.eval(pl.element().filter(~pl.element().str.to_lowercase().is_in(nothing)))
    return pl.when(items.list.len() > 0).then(items)
