"""The 60 rules as Polars expressions and joins, by hand, for the peers that work on frames: true = wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from tests.bench.common import AS_OF, KEYS, TABLE_OF

_C = pl.col
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CODE = _C("credit_code")
_IS_CODE = _CODE.str.contains("^[0-9A-HJ-NPQRTUWXY]{18}$")
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_MAIN_POLLUTANTS = ("颗粒物", "二氧化硫", "氮氧化物")


def _digit(place: int) -> pl.Expr:
    return _CODE.str.slice(place, 1).replace_strict(_VALUES, default=None, return_dtype=pl.Int32)


def _check_digit() -> pl.Expr:
    total = pl.sum_horizontal(weight * _digit(place) for place, weight in enumerate(_WEIGHTS))
    return (31 - total % 31) % 31 != _digit(17)


_OUTSIDE = (
    _C("longitude_deg").is_not_null()
    & _C("latitude_deg").is_not_null()
    & ~(_C("longitude_deg").is_between(116.2, 117.9) & _C("latitude_deg").is_between(36.0, 37.6))
)
_since, _until = _C("valid_from"), _C("valid_to")
_FIVE_YEARS = _since.dt.offset_by("5y")
_HEIGHT, _WIDTH = _C("stack_height_m"), _C("stack_diameter_m")
_DEGREES = _C("gas_temperature").cast(pl.Float64, strict=False)
_AMOUNTS = [f"amount_y{year}_t" for year in range(1, 6)]
_Y1, _Y2 = _C("amount_y1_t"), _C("amount_y2_t")
_IS_MANUAL = _C("method") == "手工"
_IS_AUTO = _C("method").str.contains("自动", literal=True)

PREDICATES: dict[str, pl.Expr] = {
    "B-P01": ~_IS_CODE,
    "B-P02": _IS_CODE & _check_digit(),
    "B-P03": _IS_CODE & (_C("permit_no").str.slice(0, 18) != _CODE),
    "B-P04": ~_C("permit_no").str.contains("^[0-9A-Z]{18}[0-9]{3}[A-Z]$"),
    "B-P05": _until <= _since,
    "B-P06": (_until > _since) & ~_until.is_between(_FIVE_YEARS.dt.offset_by("-2d"), _FIVE_YEARS),
    "B-P07": (_until > _since.dt.offset_by("1y")) & (_until < AS_OF),
    "B-P08": ~_C("postcode").str.contains("^[0-9]{6}$"),
    "B-P09": ~_C("phone").str.contains("^1[3-9][0-9]{9}$")
    & ~_C("phone").str.contains("^0[0-9]{2,3}-?[2-9][0-9]{6,7}$"),
    "B-P10": _OUTSIDE,
    "B-P11": _C("is_operating") & _C("start_date").is_null(),
    "B-P12": _C("is_in_park") & _C("park_name").is_null(),
    "B-P13": _C("has_eia") & _C("eia_no").is_null(),
    "B-P14": _C("legal_person").is_null(),
    "B-P15": ~_C("management_class").is_in(["重点管理", "简化管理", "登记管理"]),
    "B-O01": ~_C("outlet_code").str.contains("^DA[0-9]{3}$"),
    "B-O02": _C("outlet_code").is_not_null() & (_C("longitude_deg").is_null() | _C("latitude_deg").is_null()),
    "B-O03": _OUTSIDE,
    "B-O04": _C("outlet_name").str.contains("锅炉", literal=True) & (_HEIGHT > 0) & (_HEIGHT < 8),
    "B-O05": (_HEIGHT <= 0) | (_WIDTH <= 0) | (_WIDTH > _HEIGHT),
    "B-O06": _C("outlet_name").str.contains("锅炉|窑尾|焚烧") & _C("gas_temperature").is_in(["常温", "室温"]),
    "B-O07": ~_DEGREES.is_between(-30, 1500),
    "B-O08": ~_C("outlet_name").str.len_chars().is_between(2, 30),
    "B-L01": _C("pollutant").is_null(),
    "B-L02": _C("conc_limit") <= 0,
    "B-L03": _C("pollutant").is_in(_MAIN_POLLUTANTS) & ~_C("conc_limit_unit").is_in(["mg/m3", "mg/Nm3"]),
    "B-L04": _Y2.is_not_null() & (pl.min_horizontal(_AMOUNTS) < 0),
    "B-L05": (_C("outlet_class") == "一般排放口") & _C("outlet_code").is_not_null() & (_Y1 != 0),
    "B-L06": (_C("outlet_class") == "主要排放口") & _C("pollutant").is_in(_MAIN_POLLUTANTS) & _Y1.is_null(),
    "B-L07": (_C("pollutant") == "林格曼黑度") & ~_C("conc_limit").is_between(0, 5),
    "B-L08": _Y2 > _Y1 + 0.000001,
    "B-L09": (_C("rate_limit_kg_h") <= 0) | (_C("rate_limit_kg_h") >= 1000),
    "B-M01": _IS_MANUAL & _C("frequency").is_null(),
    "B-M02": _IS_MANUAL & (_C("source_kind") == "废气") & _C("sampling").is_null(),
    "B-M03": ~_C("frequency").str.contains("^[0-9]+次/(日|周|月|季|半年|年)$"),
    "B-M04": _IS_AUTO & _C("is_online").is_null(),
    "B-M05": _IS_AUTO & _C("instrument").is_null(),
    "B-M06": ~_C("source_kind").is_in(["废气", "废水", "无组织废气", "噪声"]),
    "B-M07": ~_C("outlet_code").str.contains("^D[AW][0-9]{3}$"),
    "B-M08": _C("outlet_code").is_null() | _C("pollutant").is_null(),
}

#: Columns that must not repeat, together; a null among them says nothing.
UNIQUE: dict[str, tuple[str, tuple[str, ...]]] = {
    "B-U01": ("permits", ("credit_code",)),
    "B-U02": ("permits", ("unit_name", "site_address")),
    "B-U03": ("air_outlets", ("subject", "outlet_code")),
    "B-U04": ("air_limits", ("subject", "outlet_code", "pollutant")),
    "B-U05": ("monitoring_plan", ("subject", "outlet_code", "pollutant")),
}

Frames = Mapping[str, pl.LazyFrame]


def repeated(columns: tuple[str, ...]) -> pl.Expr:
    """True for rows whose columns are all filled and occur more than once; for tools that take an expression."""
    return pl.all_horizontal(_C(name).is_not_null() for name in columns) & (pl.len().over(columns) > 1)


def _repeated_rows(table: str, columns: tuple[str, ...]) -> Callable[[Frames], pl.LazyFrame]:
    def find(frames: Frames) -> pl.LazyFrame:
        counted = frames[table].select(columns).drop_nulls().group_by(columns).len().filter(_C("len") > 1)
        return frames[table].join(counted, on=columns, how="semi")

    return find


def _alone(table: str, other: str, *columns: str, where: pl.Expr | None = None) -> Callable[[Frames], pl.LazyFrame]:
    def find(frames: Frames) -> pl.LazyFrame:
        rows = frames[table].filter(where) if where is not None else frames[table].drop_nulls(columns)
        return rows.join(frames[other].select(columns), on=columns, how="anti")

    return find


def _totals(table: str, *values: pl.Expr) -> Callable[[Frames], pl.LazyFrame]:
    return lambda frames: frames[table].group_by("subject").agg(values)


def _permits(totals: Callable[[Frames], pl.LazyFrame], wrong: pl.Expr) -> Callable[[Frames], pl.LazyFrame]:
    return lambda frames: frames["permits"].join(totals(frames), on="subject").filter(wrong)


def _above(pollutant: str, quota: str) -> Callable[[Frames], pl.LazyFrame]:
    def totals(frames: Frames) -> pl.LazyFrame:
        rows = frames["air_limits"].filter(_C("pollutant") == pollutant)
        return rows.group_by("subject").agg(_Y1.sum().alias("amount"))

    return _permits(totals, _C("amount") > _C(quota) * 1.001)


def _few_points(frames: Frames) -> pl.LazyFrame:
    code = _C("outlet_code").drop_nulls().n_unique()
    outlets = frames["air_outlets"].group_by("subject").agg(code.alias("outlets"))
    points = frames["monitoring_plan"].group_by("subject").agg(code.alias("points"))
    both = frames["permits"].join(outlets, on="subject").join(points, on="subject")
    return both.filter(_C("points") < _C("outlets"))


_IS_MAIN = (_C("outlet_class") == "主要排放口") & _Y1.is_not_null() & (_C("pollutant") == "二氧化硫")

#: What gives the wrong rows of a table: judged table and a function of the frames.
JOINS: dict[str, tuple[str, Callable[[Frames], pl.LazyFrame]]] = {
    **{rule: (table, _repeated_rows(table, columns)) for rule, (table, columns) in UNIQUE.items()},
    "B-R01": ("air_outlets", _alone("air_outlets", "permits", "subject")),
    "B-R02": ("air_limits", _alone("air_limits", "air_outlets", "subject", "outlet_code")),
    "B-R03": (
        "monitoring_plan",
        _alone("monitoring_plan", "air_outlets", "subject", "outlet_code",
               where=_C("outlet_code").str.starts_with("DA")),
    ),
    "B-R04": ("monitoring_plan", _alone("monitoring_plan", "air_limits", "subject", "outlet_code", "pollutant")),
    "B-R05": ("air_limits", _alone("air_limits", "monitoring_plan", "subject", "outlet_code", "pollutant")),
    "B-R06": ("permits", _alone("permits", "air_outlets", "subject")),
    "B-R07": ("air_outlets", _alone("air_outlets", "air_limits", "subject", "outlet_code")),
    "B-A01": ("permits", _above("二氧化硫", "quota_so2_t")),
    "B-A02": ("permits", _above("氮氧化物", "quota_nox_t")),
    "B-A03": ("permits", _above("颗粒物", "quota_pm_t")),
    "B-A04": (
        "permits",
        _permits(
            _totals("air_limits", _IS_MAIN.any().alias("has_main"), _IS_MAIN.is_not_null().any().alias("is_known")),
            (_C("management_class") == "重点管理") & ~_C("has_main") & _C("is_known"),
        ),
    ),
    "B-A05": (
        "permits",
        _permits(
            _totals("air_outlets", pl.len().alias("outlets"), _C("longitude_deg").count().alias("located")),
            _C("located") * 4 < _C("outlets") * 3,
        ),
    ),
    "B-A06": ("permits", _few_points),
    "B-A07": (
        "permits",
        _permits(
            _totals("air_outlets", _HEIGHT.max().alias("highest"), _HEIGHT.median().alias("middle")),
            _C("highest") > 10 * _C("middle"),
        ),
    ),
    "B-A08": (
        "permits",
        _permits(
            _totals("air_outlets", (_C("longitude_deg").max() - _C("longitude_deg").min()).alias("spread")),
            _C("spread") > 0.3,
        ),
    ),
}  # fmt: skip


def table_of(rule: str) -> str:
    """The table whose rows a rule judges."""
    return JOINS[rule][0] if rule in JOINS else TABLE_OF[rule[2]]


def plain_of(rules: tuple[str, ...], table: str) -> list[str]:
    """The plain rules of a table."""
    return [rule for rule in rules if rule in PREDICATES and table_of(rule) == table]


def with_keys(rows: pl.LazyFrame, rule: str) -> pl.LazyFrame:
    """Rule, row number and the three key columns of wrong rows."""
    names: list[str | None] = [*KEYS[table_of(rule)], None, None]
    keys = [_C(name) if name else pl.lit(None, dtype=pl.String) for name in names[:3]]
    return rows.select(
        pl.lit(rule).alias("rule"), "rid", *(key.alias(f"k{number}") for number, key in enumerate(keys, start=1))
    )


def finish(found: pl.DataFrame, pairs: str) -> dict[str, int]:
    """How many rows each rule found; the rows themselves written if ``pairs`` names a file."""
    if pairs:
        found.select("rule", "rid").write_parquet(pairs)
    return dict(found.group_by("rule").len().rows())
