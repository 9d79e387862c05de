"""Permits and template rows in, the text tables of an export out: columns carry canonical field names.

Everything is text, as in an export; numbers, dates and coordinates are written here, for whole
columns at a time. Nothing here knows file formats (see :mod:`generator.exports`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from generator import city, reports, templates
from generator.spell_air import PARTS
from generator.variant import FOLDER, read

NONE = "/"
LAW_OLD = "依据《中华人民共和国大气污染防治法》《排污许可管理条例》，落实重污染天气应急减排要求"
LAW_NEW = "依据《中华人民共和国生态环境法典》，落实重污染天气应急减排要求"
CODE_DATE = pl.date(2026, 8, 15)


def number(value: pl.Expr, digits: int) -> pl.Expr:
    """A number in its shortest form; nothing becomes ``/``."""
    return value.round(digits).cast(pl.String).str.strip_suffix(".0").fill_null(NONE)


def day(name: str) -> pl.Expr:
    """A date column as YYYY-MM-DD."""
    return pl.col(name).dt.to_string("%Y-%m-%d").alias(name)


def degrees(middle: str, offset: pl.Expr | None = None) -> pl.Expr:
    """A coordinate: decimal degrees, or degrees, minutes, seconds where the permit writes them so."""
    micro = pl.col(middle) if offset is None else pl.col(middle) + (offset * 1_000_000).round(0).cast(pl.Int64)
    decimal = pl.concat_str(
        (micro // 1_000_000).cast(pl.String), pl.lit("."), (micro % 1_000_000).cast(pl.String).str.zfill(6)
    )
    seconds = (micro % 1_000_000) * 36 // 100  # in hundredths of a second
    dms = pl.concat_str(
        (micro // 1_000_000).cast(pl.String), pl.lit("度"), (seconds // 6000).cast(pl.String), pl.lit("分"),
        (seconds % 6000 // 100).cast(pl.String), pl.lit("."), (seconds % 100).cast(pl.String).str.zfill(2),
        pl.lit("秒"),
    )  # fmt: skip
    return pl.when(pl.col("_is_dms")).then(dms).otherwise(decimal)


def _place() -> list[pl.Expr]:
    return [
        degrees("_lon", pl.col("_dx")).alias("longitude_deg"),
        degrees("_lat", pl.col("_dy")).alias("latitude_deg"),
    ]


def _scaled(digits: int, name: str) -> list[pl.Expr]:
    return [number(pl.col("_base") * pl.col("_scale"), digits).alias(name)]


def _years(amount: pl.Expr) -> list[pl.Expr]:
    text = number(amount, 3)
    return [text.alias(f"amount_y{year}_t") for year in range(1, 6)]


def _amounts() -> list[pl.Expr]:
    """Five equal years."""
    return _years((pl.col("_base") * pl.col("_scale")).round(3))


def _totals() -> list[pl.Expr]:
    """Sums of the rounded amounts of the outlets, so that parts and totals agree to the last digit."""
    parts = [(pl.col(f"_part{n}") * pl.col("_scale")).round(3) for n in range(PARTS)]
    return _years(pl.when(pl.col("_part0").is_not_null()).then(pl.sum_horizontal(parts)))


def _inflow() -> list[pl.Expr]:
    return [
        *_place(),
        pl.col("river").alias("receiving_water"),
        degrees("_lon", pl.col("_dx2")).alias("inflow_longitude_deg"),
        degrees("_lat", pl.col("_dy2")).alias("inflow_latitude_deg"),
    ]


def _outfall() -> list[pl.Expr]:
    serial = (pl.col("pid") % 10000).cast(pl.String).str.zfill(4)
    return [
        pl.concat_str(pl.lit("济南市"), "district", "unit_name", pl.lit("入"), "river",
        pl.lit("排污口")).alias("outfall_name"),
        pl.concat_str(pl.lit("FA-"), "district_code", pl.lit("-"), serial, pl.lit("-GY-00")).alias("outfall_code"),
        pl.concat_str(pl.lit("济环入河〔2023〕"), (pl.col("pid") + 1).cast(pl.String),
        pl.lit("号")).alias("approval_no"),
    ]  # fmt: skip


def _noise() -> list[pl.Expr]:
    is_industrial = pl.col("_zone")
    pairs = {"zone_class": ("3类", "2类"), "day_limit_db": ("65", "60"), "night_limit_db": ("55", "50"),
             "night_frequent_limit_db": ("65", "60"), "night_occasional_limit_db": ("70", "65")}  # fmt: skip
    return [pl.when(is_industrial).then(pl.lit(a)).otherwise(pl.lit(b)).alias(name) for name, (a, b) in pairs.items()]


def _waste() -> list[pl.Expr]:
    receivers = city.words()["receivers"]
    named = pl.col("_receiver").replace_strict(dict(enumerate(receivers)), return_dtype=pl.String)
    return [pl.when(pl.col("_contracted")).then(named).otherwise(pl.col("remarks")).alias("remarks")]


def _stores() -> list[pl.Expr]:
    size = (pl.col("_base") * pl.col("_scale") / 10).round(0) * 10
    return [*_place(), number(size, 0).alias("capacity"),
            number((pl.col("_area") * pl.col("_scale") / 10).round(0) * 10, 0).alias("area_m2")]  # fmt: skip


def _control() -> list[pl.Expr]:
    law = pl.when(pl.col("decision_date") >= CODE_DATE).then(pl.lit(LAW_NEW)).otherwise(pl.lit(LAW_OLD))
    return [(law + pl.col("_extra")).alias("air")]


#: What a permit adds to a template row, by table; tables without an entry are copied as they stand.
_FILL: dict[str, Callable[[], list[pl.Expr]]] = {
    "products": lambda: _scaled(0, "capacity"),
    "materials": lambda: _scaled(1, "annual_use"),
    "fuels": lambda: _scaled(2, "annual_use"),
    "air_outlets": _place,
    "air_limits": _amounts,
    "air_totals": _totals,
    "water_limits": _amounts,
    "water_totals": _totals,
    "air_special_limits": lambda: [number(pl.col("_base") * pl.col("_scale") * 1000 / 365 * 0.7,
    2).alias("daily_amount_kg")],
    "water_direct_outlets": _inflow,
    "rain_outlets": _inflow,
    "water_indirect_outlets": lambda: [*_place(), pl.col("_plant").alias("plant_name")],
    "river_outfalls": _outfall,
    "noise_limits": _noise,
    "solid_wastes": _waste,
    "waste_facilities": _stores,
    "ledger_requirements": lambda: [
        pl.when(pl.col("_wording")).then(pl.lit("至少保存5年")).otherwise(pl.lit("台账保存期限不少于5年")).alias("remarks")
    ],
    "control_requirements": _control,
}  # fmt: skip
_PERMIT_COLUMNS = ("_lon", "_lat", "_is_dms", "_scale", "_zone", "_receiver", "_wording", "_plant", "river", "district",
                   "district_code", "decision_date")  # fmt: skip


def _basic(permits: pl.DataFrame) -> pl.DataFrame:
    """One row per permit with every field of the basic tables."""
    serial = (pl.col("pid") + 1).cast(pl.String)
    is_new = pl.col("_held_since") >= pl.date(2026, 1, 1)
    corrects = pl.when(pl.col("_corrects")).then(pl.lit("是")).otherwise(pl.lit("否"))
    days = (pl.col("pid") * 37 % 17 + 3).cast(pl.Int64)
    start = (
        pl.when(is_new)
        .then(pl.min_horizontal(pl.col("_held_since") + pl.duration(days=days), pl.date(2026, 10, 19)))
        .when(pl.col("_held_since") < pl.date(2021, 1, 1))
        .then(pl.col("_held_since") - pl.duration(days=days * 90))
        .otherwise(pl.col("_held_since") + pl.duration(days=days * 3))
    )
    year = (start.dt.year() - 1 - pl.col("pid") % 3).cast(pl.String)
    short = pl.col("short")
    is_key = pl.col("management_class") == "重点管理"
    office = pl.when(is_key).then(pl.lit("济环审〔")).otherwise("济" + short + "环报告表〔")
    quota = {
        f"quota_{name}_t": number((pl.col(f"_quota_{name}") * pl.col("_scale") * 105).ceil() / 100, 2)
        for name in templates.QUOTAS
    }
    has_park = pl.col("_park") != ""
    return permits.select(
        "pid", "permit_no", "unit_name", "industry_name", "management_class", "legal_person", "technical_lead", "phone",
        "credit_code", "postcode", "site_address", "district", "pollutant_kinds", "air_pollutants", "water_pollutants",
        "water_discharge_rule", "has_quota", "business_type",
        day("issue_date"), day("decision_date"),
        pl.concat_str(pl.col("valid_from").dt.to_string("%Y-%m-%d"), pl.lit("至"),
        pl.col("valid_to").dt.to_string("%Y-%m-%d")).alias("valid"),
        (pl.col("decision_date") + pl.duration(days=days % 5 + 1)).dt.to_string("%Y-%m-%d").alias("updated_date"),
        start.dt.to_string("%Y-%m-%d").alias("start_date"),
        pl.lit("山东省").alias("province"), pl.lit("济南市").alias("city"),
        pl.col("site_address").alias("registered_address"),
        pl.lit(NONE).alias("other_industries"), pl.lit("是").alias("is_operating"),
        degrees("_lon").alias("longitude_deg"), degrees("_lat").alias("latitude_deg"),
        pl.when(pl.col("_wording")).then(pl.lit("null")).otherwise(pl.lit(NONE)).alias("org_code"),
        pl.lit("是").alias("is_air_key_area"),
        *[pl.lit("否").alias(name) for name in ("is_phosphorus_area", "is_nitrogen_area", "is_heavy_metal_area")],
        pl.when(has_park).then(pl.lit("是")).otherwise(pl.lit("否")).alias("is_in_park"),
        pl.when(has_park).then("济南" + short + pl.col("_park") + "产业园").otherwise(pl.lit(NONE)).alias("park_name"),
        corrects.alias("needs_correction"), pl.lit("是").alias("has_eia"), pl.lit("否").alias("has_local_record"),
        pl.lit(NONE).alias("local_record_no"),
        pl.concat_str(office, year, pl.lit("〕"), serial, pl.lit("号")).alias("eia_no"),
        pl.when(pl.col("has_quota") == "是").then(pl.concat_str(pl.lit("济环总量〔"), year, pl.lit("〕"), serial,
        pl.lit("号")))
        .otherwise(pl.lit(NONE)).alias("quota_no"),
        *[text.alias(name) for name, text in quota.items()],
    )  # fmt: skip


def _versions(permits: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    valid = pl.concat_str(
        pl.col("valid_from").dt.to_string("%Y-%m-%d"), pl.lit("至"), pl.col("valid_to").dt.to_string("%Y-%m-%d")
    )
    return known.join(permits.select("pid", "permit_no", "unit_name"), on="pid", maintain_order="left").select(
        "pid", "permit_no", "unit_name", "business_type", pl.col("version_no").cast(pl.String), day("decision_date"),
        valid.alias("valid"))  # fmt: skip


def _corrections(permits: pl.DataFrame) -> pl.DataFrame:
    """What a few units still have to put right, all with time left."""
    return permits.filter(pl.col("_corrects")).select(
        "pid", "permit_no", "unit_name", pl.lit("1").alias("sequence"),
        pl.lit("排放口标志牌不规范").alias("problem"), pl.lit("按规范更换排放口标志牌").alias("measures"),
        pl.lit("2027-06-30").alias("deadline"))  # fmt: skip


def key_polluters(permits: pl.DataFrame) -> pl.DataFrame:
    """The city's list of key units: every key-management permit, with the lists that it stands in."""
    kinds = pl.concat_str(
        pl.when(pl.col("has_quota") == "是")
        .then(pl.lit("大气环境重点排污单位"))
        .otherwise(pl.lit("水环境重点排污单位")),
        pl.when(pl.col("_soil")).then(pl.lit(",土壤污染重点监管单位")).otherwise(pl.lit("")),
    )
    return permits.filter(pl.col("management_class") == "重点管理").select(
        "pid", "unit_name", "credit_code", kinds.alias("list_kinds"), "district",
        pl.lit("2026").alias("year"))  # fmt: skip


def receivers(permits: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Add ``_plant``: the sewage works of the same district in the same export."""
    plants = (
        permits.filter(pl.col("_key") == "sewage").group_by("place").agg(pl.col("unit_name").sort().alias("_plants"))
    )
    draw = pl.Series("_draw", rng.integers(0, 1_000_000, len(permits)))
    joined = permits.with_columns(draw).join(plants, on="place", how="left", maintain_order="left")
    plant = pl.col("_plants").list.get(pl.col("_draw") % pl.col("_plants").list.len(), null_on_oob=True)
    return joined.with_columns(plant.alias("_plant")).drop("_plants", "_draw")


def build(permits: pl.DataFrame, known: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """All tables of one export as text, permits in the order given."""
    order = permits.with_row_index("_at")
    small = order.select("_at", "pid", "permit_no", "unit_name", "variant", *_PERMIT_COLUMNS)
    tables = {"permit_records": _basic(permits), "permit_versions": _versions(permits, known),
              "execution_reports": reports.index(permits), "corrections": _corrections(permits)}  # fmt: skip
    for name, lines in templates.rows().items():
        joined = small.join(lines.with_row_index("_line"), on="variant", how="inner").sort("_at", "_line")
        if name in _FILL:
            joined = joined.with_columns(_FILL[name]())
        kept = [c for c in joined.columns if not c.startswith("_") and c not in (*_PERMIT_COLUMNS, "variant")]
        tables[name] = joined.select(kept)
    tables["report_emissions"] = reports.emissions(tables)
    tables["report_concentrations"] = reports.concentrations(tables)
    return tables


def registrations(first: int, count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Units that only register, from number ``first`` on; their trades are used by no permit."""
    kinds = read(FOLDER / "registrations.yaml")
    who = city.people(rng, first, count)
    fields = ("industry_name", "_trade", "process_name", "main_products", "capacity", "capacity_unit", "fuels",
              "voc_materials", "air_facilities")  # fmt: skip
    drawn = pl.DataFrame(
        [kinds[k] for k in rng.integers(0, len(kinds), count)], schema=list(fields), orient="row", strict=False
    )
    begun = pl.Series("_begun", city.days(rng, "2022-04-01", "2026-06-20", count))
    frame = pl.concat([who.select("pid", "place", "unit_name", "credit_code", "site_address", "legal_person",
    "phone", "_lon",
                                  "_lat", "_is_dms"), drawn, begun.to_frame()], how="horizontal")  # fmt: skip
    frame = frame.join(city.districts().select("place", "district"), on="place", maintain_order="left")
    end = pl.col("_begun").dt.offset_by("5y") - pl.duration(days=1)
    text = pl.col("_begun").dt.to_string("%Y-%m-%d")
    return frame.select(
        "pid", (pl.col("credit_code") + "001Y").alias("permit_no"),
        pl.concat_str(pl.col("unit_name").str.slice(0, 5), "_trade", pl.lit("有限公司")).alias("unit_name"),
        pl.lit("山东省").alias("province"), pl.lit("济南市").alias("city"), "district",
        pl.col("site_address").alias("registered_address"), "site_address", "industry_name",
        pl.lit(NONE).alias("other_industries"), degrees("_lon").alias("longitude_deg"),
        degrees("_lat").alias("latitude_deg"),
        "credit_code", "legal_person", "phone", "process_name", "main_products", pl.col("capacity").cast(pl.String),
        "capacity_unit", "fuels", "voc_materials", "air_facilities", pl.lit(NONE).alias("water_facilities"),
        pl.lit("废包装 自行贮存 委托利用").alias("solid_wastes"), pl.lit(NONE).alias("remarks"),
        text.alias("registered_date"),
        pl.concat_str(text, pl.lit("至"), end.dt.to_string("%Y-%m-%d")).alias("valid"))  # fmt: skip
