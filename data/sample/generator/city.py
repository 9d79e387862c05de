"""The made-up city: who holds a permit, where, since when, and every version of it.

All columns are computed for all permits at once. A permit has a number ``pid`` that fixes its name
and codes, so that chunks made one after another never repeat each other.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl

from generator import templates
from generator.variant import FOLDER, read

PERIODS = ("2026Q2", "2026Q3")
_STARTS = {"2026Q2": "2026-04-01", "2026Q3": "2026-07-01"}
_ENDS = {"2026Q2": "2026-06-30", "2026Q3": "2026-09-30"}
#: Every term of the sample has ended and begun by then, and every export was drawn then.
EXPORT_DATE = np.datetime64("2026-10-20")
SHARE_IN_BOTH = 0.0375
KINDS = ("申领", "延续", "变更", "重新申请")
KIND_WEIGHTS = (0.26, 0.26, 0.30, 0.18)
_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I O S V Z
_DAY = np.timedelta64(1, "D")


@cache
def words() -> dict[str, Any]:
    """Made-up words and the four districts."""
    return dict(read(FOLDER / "words.yaml"))


def districts() -> pl.DataFrame:
    """The four districts, one row each, in a fixed order."""
    names = ("district_code", "district", "short", "postcode", "river", "_lon", "_lat")
    return pl.DataFrame(words()["districts"], schema=list(names), orient="row").with_row_index("place")


def credit_codes(pid: np.ndarray, regions: np.ndarray) -> pl.Series:
    """Made-up credit codes with valid check characters (GB 11714 inside GB 32100)."""
    base = len(_LETTERS)
    scrambled = (pid.astype(np.int64) * 3**18 + 1234567) % base**6
    body = np.empty((len(pid), 18), dtype=np.uint8)
    body[:, 0:2] = np.frombuffer(b"91", dtype=np.uint8)
    body[:, 2:8] = regions.astype("S6").view(np.uint8).reshape(-1, 6)
    body[:, 8:10] = np.frombuffer(b"MA", dtype=np.uint8)
    alphabet = np.frombuffer(_LETTERS.encode(), dtype=np.uint8)
    for place in range(6):
        body[:, 15 - place] = alphabet[scrambled % base]
        scrambled //= base
    is_digit = body[:, 8:16] <= ord("9")
    values = np.where(is_digit, body[:, 8:16] - ord("0"), body[:, 8:16] - ord("A") + 10).astype(np.int64)
    check = 11 - (values * np.array([3, 7, 9, 10, 5, 8, 4, 2])).sum(axis=1) % 11
    body[:, 16] = np.where(check == 10, ord("X"), np.where(check == 11, ord("0"), check + ord("0")))
    index = np.zeros(128, dtype=np.int64)
    index[alphabet] = np.arange(base)
    weights = np.array([pow(3, place, base) for place in range(17)])
    body[:, 17] = alphabet[(base - (index[body[:, :17]] * weights).sum(axis=1) % base) % base]
    return pl.Series(body.view("S18").ravel().astype("U18"))


def _pick(rng: np.random.Generator, values: list[str], count: int) -> pl.Series:
    return pl.Series(np.array(values)[rng.integers(0, len(values), count)])


def _names(rng: np.random.Generator, pid: np.ndarray, variant: np.ndarray) -> pl.Series:
    syllables = np.array(list(words()["syllables"]))
    base = len(syllables)
    scrambled = (pid.astype(np.int64) * 7_654_321 + 1357) % base**3
    parts = [syllables[scrambled // base**2], syllables[scrambled // base % base], syllables[scrambled % base]]
    trades = [item.industry["trades"] for item in templates.variants()]
    draw = rng.integers(0, 1000, len(pid))
    trade = np.array([trades[v][d % len(trades[v])] for v, d in zip(variant, draw, strict=True)])
    prefix = np.array(words()["prefixes"])[(rng.random(len(pid)) < 0.25).astype(int)]
    pieces = [pl.Series(f"p{n}", part) for n, part in enumerate([prefix, *parts, trade])]
    # Beyond the number of words a serial character keeps names apart.
    round_of = pl.Series("round", np.where(pid < base**3, "", (pid // base**3).astype("U4")))
    return pl.select(pl.concat_str([*pieces, round_of, pl.lit("有限公司")])).to_series()


def _variants(rng: np.random.Generator, count: int) -> np.ndarray:
    weights = templates.facts()["_weight"].to_numpy()
    return rng.choice(len(weights), size=count, p=weights / weights.sum())


def people(rng: np.random.Generator, first: int, count: int) -> pl.DataFrame:
    """Who and where: one row per permit, from number ``first`` on."""
    pid = np.arange(first, first + count)
    places = districts()
    place = rng.choice(len(places), size=count, p=[0.34, 0.28, 0.18, 0.20])
    variant = _variants(rng, count)
    both = max(1, round(count * SHARE_IN_BOTH))
    period = np.where(pid - first < both, 2, (pid - first) % 2)
    plants = both + np.arange(min(8, count - both))  # every district has sewage works in both quarters
    keys = templates.facts()["_key"].to_list()
    variant[plants] = keys.index("sewage")
    place[plants] = (plants - both) // 2
    picked = places[place]
    names = _names(rng, pid, variant)
    credit = credit_codes(pid, picked["district_code"].to_numpy())
    facts = templates.facts()[variant]
    low, high = facts["_low"].to_numpy(), facts["_high"].to_numpy()
    scale = np.round((low + rng.random(count) * (high - low)) * 20) / 20
    number = pl.Series(rng.integers(1, 600, count)).cast(pl.String)
    road = _pick(rng, words()["roads"], count)
    park = pl.Series(np.where(rng.random(count) < 0.4, np.array(words()["parks"])[rng.integers(0, 4, count)], ""))
    surname = _pick(rng, list(words()["surnames"]), count)
    return pl.DataFrame({
        "pid": pid, "period": period, "place": place, "unit_name": names, "credit_code": credit,
        "permit_no": credit + "001" + facts["_letter"], "_scale": scale,
        "_lon": picked["_lon"].to_numpy() + rng.integers(-60000, 60001, count),
        "_lat": picked["_lat"].to_numpy() + rng.integers(-50000, 50001, count),
        "_is_dms": rng.random(count) < 0.2, "_park": park,
        "legal_person": surname + _pick(rng, words()["given"], count),
        "technical_lead": _pick(rng, list(words()["surnames"]), count) + _pick(rng, words()["given"], count),
        "site_address": "山东省济南市" + picked["district"] + road + number + "号",
        "phone": "0531-8" + pl.Series(pid).cast(pl.String).str.zfill(7),
        "_zone": rng.random(count) < 0.7, "_wording": rng.random(count) < 0.5, "_receiver": rng.integers(0, 3, count),
        "_agency": rng.integers(0, words()["agencies"], count), "_rank": rng.random(count),
        "_corrects": rng.random(count) < 0.03,
    }).with_columns(pl.col("place").cast(pl.UInt32)).hstack(facts)  # fmt: skip


def days(rng: np.random.Generator, low: Any, high: Any, count: int) -> np.ndarray:
    """Dates between two dates (scalars or arrays), both included."""
    low_days, high_days = (np.asarray(value, dtype="datetime64[D]").astype(np.int64) for value in (low, high))
    low_days = np.broadcast_to(low_days, count)
    span = np.broadcast_to(high_days, count) - low_days + 1
    return (low_days + (rng.random(count) * span).astype(np.int64)).astype("datetime64[D]")


def _years(dates: np.ndarray, years: int) -> np.ndarray:
    """The same day some years on (29 February is avoided by the callers)."""
    month = dates.astype("datetime64[M]")
    return (month + np.timedelta64(12 * years, "M")).astype("datetime64[D]") + (dates - month.astype("datetime64[D]"))


def _no_leap_day(dates: np.ndarray) -> np.ndarray:
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(int) + 1
    return np.where((month == 2) & (day == 29), dates - _DAY, dates)


def _weekday(dates: np.ndarray) -> np.ndarray:
    """Move a Saturday or Sunday back to Friday."""
    weekday = (dates.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    return dates - np.maximum(weekday - 4, 0).astype("timedelta64[D]")


def _term(start: np.ndarray, years: int = 5) -> np.ndarray:
    return _years(start, years) - _DAY


def _version(pid: np.ndarray, mask: np.ndarray, order: int, kind: Any, decided: np.ndarray, start: np.ndarray,
             end: np.ndarray) -> pl.DataFrame:  # fmt: skip
    kinds = np.broadcast_to(np.asarray(kind), len(pid))
    return pl.DataFrame({
        "pid": pid[mask], "_order": np.full(int(mask.sum()), order), "business_type": kinds[mask],
        "decision_date": decided[mask], "valid_from": start[mask], "valid_to": end[mask],
    })  # fmt: skip


def versions(rng: np.random.Generator, who: pl.DataFrame) -> pl.DataFrame:
    """All versions of all permits: the first state, and the second of those in both exports (``_order`` 9)."""
    pid, period = who["pid"].to_numpy(), who["period"].to_numpy()
    count = len(pid)
    first = np.where(period == 1, "2026Q3", "2026Q2")
    low = np.where(first == "2026Q3", _STARTS["2026Q3"], _STARTS["2026Q2"]).astype("datetime64[D]")
    high = np.where(first == "2026Q3", _ENDS["2026Q3"], _ENDS["2026Q2"]).astype("datetime64[D]")
    decided = _weekday(days(rng, low + 3 * _DAY, high, count))
    kind = rng.choice(KINDS, size=count, p=KIND_WEIGHTS)
    kind = np.where((period == 2) & (kind == "延续"), "变更", kind)
    new, renewed, changed, again = (kind == name for name in KINDS)
    # A renewal is decided some weeks before the old term ends; its own term begins the day after.
    old_end = np.minimum(
        decided + days(rng, "1970-01-20", "1970-02-14", count).astype(np.int64), EXPORT_DATE - 5 * _DAY
    )
    since = np.select(
        [renewed, changed, again],
        [_years(old_end + _DAY, -5), days(rng, "2022-06-01", "2025-09-20", count), days(rng, "2021-12-01",
        "2025-06-30", count)],
        decided,
    )  # fmt: skip
    since = np.where(new, decided, _no_leap_day(since))
    older = renewed & (rng.random(count) < 0.4)  # a first term of three years before 2021
    earliest = _years(since, -3)
    between = changed & (rng.random(count) < 0.25) & (since < np.datetime64("2025-03-01"))
    halfway = _weekday(since + (decided - since) // 2)
    renewed_since = old_end + _DAY
    start = np.select([renewed, changed], [renewed_since, since], decided)
    frames = [
        _version(pid, older, 0, "申领", earliest, earliest, since - _DAY),
        _version(pid, ~new, 1, np.where(older, "延续", "申领"), np.where(older, since - 20 * _DAY, since), since,
        _term(since)),
        _version(pid, between, 2, "变更", halfway, since, _term(since)),
        _version(pid, np.ones(count, bool), 3, kind, decided, start, _term(start)),
    ]  # fmt: skip
    both = period == 2
    second = _weekday(days(rng, "2026-07-06", "2026-09-30", count))
    anew = rng.random(count) < 0.5
    start2 = np.where(anew, second, start)
    frames.append(_version(pid, both, 9, np.where(anew, "重新申请", "变更"), second, start2, _term(start2)))
    return pl.concat(frames).sort("pid", "_order")


def state(who: pl.DataFrame, history: pl.DataFrame, period: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The permits of one export with their newest version, and the version list as known then."""
    wanted = who.filter(pl.col("period").is_in([2, PERIODS.index(period)]))
    known = history.join(wanted.select("pid"), on="pid", how="semi", maintain_order="left")
    if period == PERIODS[0]:
        known = known.filter(pl.col("_order") < 9)
    known = known.with_columns((pl.col("pid").cum_count().over("pid")).cast(pl.Int64).alias("version_no"))
    issued = known.filter(pl.col("business_type") != "变更").group_by("pid", maintain_order=True).agg(
        pl.col("decision_date").last().alias("issue_date"))  # fmt: skip
    newest = known.group_by("pid", maintain_order=True).agg(
        pl.col("business_type", "decision_date", "valid_from", "valid_to").last(),
        pl.col("decision_date").first().alias("_first_decided"),
        pl.col("valid_from").first().alias("_held_since"))  # fmt: skip
    merged = wanted.join(newest, on="pid", maintain_order="left").join(issued, on="pid", maintain_order="left")
    return merged.join(districts().drop("_lon", "_lat"), on="place", maintain_order="left"), known
