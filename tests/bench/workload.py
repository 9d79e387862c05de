"""The benchmark's data: four canonical tables of N, 5N, 15N and 15N rows with seeded faults, as parquet.

``python -m tests.bench.workload FOLDER PERMITS`` makes them once. No rule is named here; the faults are of
the kinds that the benchmark's rules look for, each in about one row of a hundred.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.bench.common import TABLES

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
SEED = 20261122
OUTLETS, POLLUTANTS = 5, 3  # of a permit, of an outlet
RATE = 0.012  # share of rows that one kind of fault changes
RID_STEP = 1_000_000_000  # rows of one table have numbers of their own

_WEST, _EAST, _SOUTH, _NORTH = 116.2, 117.9, 36.0, 37.6


class _Faults:
    """Draws the rows of each fault, one after another, from one seed."""

    def __init__(self, frame: pl.DataFrame, number: int) -> None:
        self.frame = frame
        self.rng = np.random.default_rng([SEED, number])

    def set(self, column: str, value: Any, share: float = RATE) -> None:
        """Put a value (an expression or a literal) into some rows of a column."""
        mask = pl.Series(self.rng.random(len(self.frame)) < share)
        new = value if isinstance(value, pl.Expr) else pl.lit(value, dtype=self.frame.schema[column])
        self.frame = self.frame.with_columns(pl.when(mask).then(new).otherwise(pl.col(column)).alias(column))

    def repeat(self, share: float = RATE / 3) -> None:
        """Say some rows twice."""
        self.frame = pl.concat([self.frame, self.frame.filter(pl.Series(self.rng.random(len(self.frame)) < share))])

    def drop(self, share: float = RATE / 3) -> None:
        """Leave some rows out."""
        self.frame = self.frame.filter(pl.Series(self.rng.random(len(self.frame)) >= share))


def make(folder: Path, permits: int) -> None:
    """Write the four tables of so many permits, unless they are there."""
    done = folder / "done"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    who = _permits(permits)
    outlets, kinds = _outlets(who)
    limits = _limits(outlets, kinds)
    plan = _plan(limits)
    quotas = _quotas(limits)
    who = who.join(quotas, on="subject", how="left", maintain_order="left")
    spoilt = (_spoil_permits(who), _spoil_outlets(outlets), _spoil_limits(limits), _spoil_plan(plan))
    for number, (name, frame) in enumerate(zip(TABLES, spoilt, strict=True)):
        rid = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
        frame.select(
            (rid + number * RID_STEP).alias("rid"),
            pl.lit(1, dtype=pl.Int32).alias("batch_id"),
            pl.lit(number + 1, dtype=pl.Int32).alias("source_id"),
            (rid + 1).cast(pl.Int32).alias("source_row"),
            *frame.columns,
        ).write_parquet(folder / f"{name}.parquet", compression="zstd", statistics=True, row_group_size=122_880)
    done.touch()


def _permits(count: int) -> pl.DataFrame:
    sys.path.insert(0, str(SAMPLE))
    from generator import city

    rng = np.random.default_rng([SEED, 0])
    pid = np.arange(count)
    credit = city.credit_codes(pid, np.array(["370102", "370103", "370104", "370112"])[pid % 4])
    start = np.datetime64("2022-01-05") + rng.integers(0, 1700, count).astype("timedelta64[D]")
    serial = pl.Series(pid).cast(pl.String)
    classes = np.array(["重点管理", "简化管理"])[(rng.random(count) < 0.6).astype(int)]
    frame = pl.DataFrame({
        "permit_no": credit + "001P", "unit_name": "济南第" + serial + "号有限公司", "district": pl.Series(
            np.array(["历下区", "市中区", "槐荫区", "历城区"])[pid % 4]),
        "industry_name": pl.Series(np.array(["火力发电", "水泥制造", "炼铁", "家具制造"])[rng.integers(0, 4, count)]),
        "management_class": classes, "credit_code": credit, "legal_person": "张" + serial,
        "site_address": "工业路" + serial + "号", "postcode": "250" + pl.Series(100 + pid % 900).cast(pl.String),
        "phone": "0531-8" + serial.str.zfill(7), "valid_from": start,
        "is_operating": rng.random(count) < 0.9, "start_date": start - np.timedelta64(900, "D"),
        "is_in_park": rng.random(count) < 0.4, "park_name": "新材料产业园", "has_eia": rng.random(count) < 0.8,
        "eia_no": "济环审〔2019〕" + serial + "号",
        "longitude_deg": np.round(rng.uniform(_WEST + 0.2, _EAST - 0.2, count), 6),
        "latitude_deg": np.round(rng.uniform(_SOUTH + 0.2, _NORTH - 0.2, count), 6),
    })  # fmt: skip
    leap = (pl.col("valid_from").dt.month() == 2) & (pl.col("valid_from").dt.day() == 29)
    frame = frame.with_columns(valid_from=pl.when(leap).then(pl.col("valid_from").dt.offset_by("1d"))
                               .otherwise(pl.col("valid_from")))  # fmt: skip
    return frame.with_columns(valid_to=pl.col("valid_from").dt.offset_by("5y").dt.offset_by("-1d")).select(
        pl.col("permit_no").alias("subject"), pl.all()
    )


def _outlets(permits: pl.DataFrame) -> tuple[pl.DataFrame, np.ndarray]:
    """The outlets, and the kind of each: boiler, kiln, dust."""
    count = len(permits) * OUTLETS
    rng = np.random.default_rng([SEED, 1])
    place = np.arange(count)
    owner = place // OUTLETS
    kinds = rng.integers(0, 3, count)
    frame = pl.DataFrame({
        "subject": permits["subject"][owner], "outlet_code": "DA" + pl.Series(place % OUTLETS + 1).cast(pl.String)
        .str.zfill(3), "outlet_name": pl.Series(np.array(["锅炉废气排放口", "窑尾烟囱", "破碎粉尘排气筒"])[kinds]),
        "longitude_deg": permits["longitude_deg"].to_numpy()[owner] + np.round(rng.uniform(-0.01, 0.01, count), 6),
        "latitude_deg": permits["latitude_deg"].to_numpy()[owner] + np.round(rng.uniform(-0.01, 0.01, count), 6),
        "stack_height_m": rng.integers(15, 60, count).astype(float),
        "stack_diameter_m": np.round(rng.uniform(0.3, 3.0, count), 1),
        "gas_temperature": pl.Series(np.where(kinds == 2, "常温", rng.integers(60, 300, count).astype("U5"))),
    })  # fmt: skip
    return frame, kinds


def _limits(outlets: pl.DataFrame, kinds: np.ndarray) -> pl.DataFrame:
    count = len(outlets) * POLLUTANTS
    rng = np.random.default_rng([SEED, 2])
    place = np.arange(count)
    owner = place // POLLUTANTS
    third = np.where(kinds == 0, "林格曼黑度", "氮氧化物")[owner]
    pollutant = np.select([place % 3 == 0, place % 3 == 1], ["颗粒物", "二氧化硫"], third)
    is_ringelmann = pollutant == "林格曼黑度"
    is_main = (kinds == 0)[owner] | (owner % OUTLETS == 0)
    amount = np.where(is_main & ~is_ringelmann, np.round(rng.uniform(0.1, 50.0, count), 3), np.nan)
    years = {f"amount_y{year}_t": pl.Series(amount).fill_nan(None) for year in range(1, 6)}
    return pl.DataFrame({
        "subject": outlets["subject"][owner], "outlet_class": np.where(is_main, "主要排放口", "一般排放口"),
        "outlet_code": outlets["outlet_code"][owner], "pollutant": pollutant,
        "conc_limit": np.where(is_ringelmann, 1.0, rng.integers(5, 200, count).astype(float)),
        "conc_limit_unit": np.where(is_ringelmann, "级", "mg/Nm3"),
        "rate_limit_kg_h": np.round(rng.uniform(0.1, 20.0, count), 2), **years,
    })  # fmt: skip


def _plan(limits: pl.DataFrame) -> pl.DataFrame:
    count = len(limits)
    rng = np.random.default_rng([SEED, 3])
    is_auto = rng.random(count) < 0.2
    texts = {
        "source_kind": "废气",
        "outlet_code": limits["outlet_code"],
        "pollutant": limits["pollutant"],
        "method": pl.Series(np.where(is_auto, "自动", "手工")),
        "is_online": pl.Series(np.where(is_auto, 1, -1)).replace_strict({1: True, -1: None}),
        "instrument": pl.Series(np.where(is_auto, "CEMS", "")).replace("", None),
        "sampling": pl.Series(np.where(is_auto, "", "非连续采样 至少3个")).replace("", None),
        "frequency": pl.Series(np.array(["1次/月", "1次/季", "1次/半年", "1次/年"])[rng.integers(0, 4, count)]),
    }
    return pl.DataFrame({"subject": limits["subject"], **texts})


def _quotas(limits: pl.DataFrame) -> pl.DataFrame:
    """Quotas well above what the limits add up to; far enough that no rounding decides."""

    def of(pollutant: str) -> pl.Expr:
        return pl.col("amount_y1_t").filter(pl.col("pollutant") == pollutant).sum() * 1.1 + 1.0

    return limits.group_by("subject", maintain_order=True).agg(
        of("颗粒物").alias("quota_pm_t"), of("二氧化硫").alias("quota_so2_t"), of("氮氧化物").alias("quota_nox_t")
    )


def _spoil_permits(frame: pl.DataFrame) -> pl.DataFrame:
    faults = _Faults(frame, 10)
    code = pl.col("credit_code")
    faults.set("credit_code", code.str.replace("9", "I", literal=True))
    faults.set("credit_code", code.str.slice(0, 17) + pl.when(code.str.ends_with("A")).then(pl.lit("B"))
               .otherwise(pl.lit("A")))  # fmt: skip
    faults.set("credit_code", code.shift(1))
    faults.set("credit_code", None)
    faults.set("permit_no", pl.col("permit_no").str.slice(0, 20))
    faults.set("valid_to", pl.col("valid_from").dt.offset_by("-10d"))
    faults.set("valid_to", pl.col("valid_from").dt.offset_by("3y"))
    faults.set("valid_to", None)
    faults.set("postcode", "25010")
    faults.set("phone", "12345")
    faults.set("longitude_deg", pl.col("longitude_deg") - 100)
    faults.set("longitude_deg", None)
    faults.set("start_date", None)
    faults.set("park_name", None)
    faults.set("eia_no", None)
    faults.set("legal_person", None)
    faults.set("management_class", "重点")
    faults.set("management_class", None)
    for name in ("quota_pm_t", "quota_so2_t", "quota_nox_t"):
        faults.set(name, pl.col(name) * 0.5)
    # the name and address of the permit before: one place with two permits
    both = pl.Series(faults.rng.random(len(frame)) < RATE)
    return faults.frame.with_columns(
        pl.when(both).then(pl.col(name).shift(1)).otherwise(pl.col(name)).alias(name)
        for name in ("unit_name", "site_address")
    )


def _spoil_outlets(frame: pl.DataFrame) -> pl.DataFrame:
    faults = _Faults(frame, 11)
    faults.drop()
    faults.set("outlet_code", pl.lit("排口") + pl.col("outlet_code").str.slice(4), RATE / 2)
    faults.set("outlet_code", None, RATE / 4)
    faults.set("outlet_code", "DA001", RATE / 4)
    faults.set("longitude_deg", None)
    faults.set("longitude_deg", pl.col("longitude_deg") + 1.5, RATE / 2)
    faults.set("latitude_deg", pl.col("latitude_deg") / 10, RATE / 2)
    faults.set("stack_height_m", 6.0)
    faults.set("stack_height_m", 0.0, RATE / 2)
    faults.set("stack_height_m", pl.col("stack_height_m") * 40, RATE / 2)
    faults.set("stack_diameter_m", pl.col("stack_diameter_m") * 100, RATE / 2)
    faults.set("gas_temperature", "常温")
    faults.set("gas_temperature", "2500")
    faults.set("outlet_name", "口")
    faults.set("subject", pl.lit("X") + pl.col("subject").str.slice(1), RATE / 4)
    faults.repeat()
    return _without_some_subjects(faults)


def _spoil_limits(frame: pl.DataFrame) -> pl.DataFrame:
    faults = _Faults(frame, 12)
    faults.drop()
    faults.set("pollutant", None)
    faults.set("outlet_code", "DA009", RATE / 3)
    faults.set("outlet_code", None, RATE / 4)
    faults.set("conc_limit", 0.0)
    faults.set("conc_limit", 80.0)
    faults.set("conc_limit_unit", "kg/h")
    faults.set("amount_y2_t", -1.0)
    faults.set("amount_y3_t", pl.col("amount_y3_t") * 2)
    faults.set("amount_y2_t", pl.col("amount_y2_t") * 3)
    faults.set("amount_y1_t", 5.0)
    faults.set("amount_y1_t", None)
    faults.set("rate_limit_kg_h", 5000.0)
    faults.repeat()
    return _without_some_subjects(faults)


def _spoil_plan(frame: pl.DataFrame) -> pl.DataFrame:
    faults = _Faults(frame, 13)
    faults.drop()
    faults.set("outlet_code", "DA001", RATE / 3)
    names = faults.frame.select(pl.col("subject").unique(maintain_order=True))
    bare = names.filter(pl.Series(faults.rng.random(len(names)) < RATE * 2)).with_columns(outlet_code=pl.lit("DA005"))
    faults.frame = faults.frame.join(bare, on=("subject", "outlet_code"), how="anti", maintain_order="left")
    faults.set("frequency", None)
    faults.set("frequency", "一年一次")
    faults.set("sampling", None)
    faults.set("is_online", None, RATE * 3)
    faults.set("instrument", None, RATE * 3)
    faults.set("source_kind", "大气")
    faults.set("outlet_code", pl.lit("排") + pl.col("outlet_code"), RATE / 2)
    faults.set("outlet_code", "DA008", RATE / 3)
    faults.set("pollutant", "烟尘", RATE / 2)
    faults.set("pollutant", None)
    faults.repeat()
    return _without_some_subjects(faults)


def _without_some_subjects(faults: _Faults) -> pl.DataFrame:
    """Some permits have nothing in this table."""
    names = faults.frame.select(pl.col("subject").unique(maintain_order=True))
    gone = names.filter(pl.Series(faults.rng.random(len(names)) < RATE / 2))
    return faults.frame.join(gone, on="subject", how="anti", maintain_order="left")


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
