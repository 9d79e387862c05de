"""Faults of limits, permitted amounts and reported amounts.

Each function plants one fault into the permit at hand and tells what must be found, or returns
None when the permit has no place for it.
"""

from __future__ import annotations

import re
from typing import Any

from generator.planting import Context, Finding, Plant, Planter, action, halved, one

_YEARS = tuple(f"amount_y{year}_t" for year in range(1, 6))


# --- limits and amounts --------------------------------------------------------------------------


def _wider(at: Context, planter: Planter, row: int) -> Plant | None:
    """Double a permitted concentration whose standard is one plain number."""
    standards = planter.table.replace("limits", "standards")
    for other in at.rows(standards):
        same = all(at.get(standards, other, k) == at.get(planter.table, row, k) for k in ("outlet_code", "pollutant"))
        is_plain = at.get(standards, other, "remarks") in ("", "/") and "（" not in at.get(
            standards, other, "conc_limit"
        )
        if same and not is_plain:
            return None
    old = at.get(planter.table, row, "conc_limit")
    new = re.sub(r"^[0-9.]+", lambda m: f"{float(m.group()) * 2:g}", old)
    at.book.put(planter.table, row, "conc_limit", new)
    return one(planter, row, "conc_limit", old, new)


@action
def wider_air_limit(at: Context, planter: Planter, row: int) -> Plant | None:
    return _wider(at, planter, row)


@action
def wider_water_limit(at: Context, planter: Planter, row: int) -> Plant | None:
    return _wider(at, planter, row)


def _halve_years(at: Context, table: str, row: int) -> None:
    for name in _YEARS:
        at.book.put(table, row, name, halved(at.get(table, row, name)))


_IN_LIMITS = {"SO2": "二氧化硫", "NOx": "氮氧化物", "CODcr": "化学需氧量", "氨氮": "氨氮（NH3-N）"}


def _wrong_sum(at: Context, planter: Planter, row: int) -> Plant | None:
    """Halve what one main outlet may emit, so that the sum of the main outlets stands above its parts."""
    limits = planter.table.replace("totals", "limits")
    pollutant = at.get(planter.table, row, "pollutant")
    names = {pollutant, _IN_LIMITS.get(pollutant, pollutant)}
    parts = [
        part
        for part in at.rows(limits)
        if at.get(limits, part, "outlet_class").startswith("主要排放口")
        and at.get(limits, part, "pollutant") in names
        and re.match("[0-9]", at.get(limits, part, _YEARS[0]))
    ]
    if not parts:
        return None
    old = at.get(limits, parts[0], _YEARS[0])
    _halve_years(at, limits, parts[0])
    return one(planter, row, _YEARS[0], old, at.get(limits, parts[0], _YEARS[0]))


@action
def wrong_main_total(at: Context, planter: Planter, row: int) -> Plant | None:
    return _wrong_sum(at, planter, row)


@action
def wrong_water_total(at: Context, planter: Planter, row: int) -> Plant | None:
    return _wrong_sum(at, planter, row)


@action
def half_total(at: Context, planter: Planter, row: int) -> Plant:
    old = at.get(planter.table, row, _YEARS[0])
    _halve_years(at, planter.table, row)
    return one(planter, row, _YEARS[0], old, at.get(planter.table, row, _YEARS[0]))


def _raised(at: Context, planter: Planter, row: int, names: tuple[str, ...], factor: float) -> Plant:
    old = at.get(planter.table, row, names[0])
    for name in names:
        at.book.put(planter.table, row, name, f"{float(at.get(planter.table, row, name)) * factor:.3f}")
    return one(planter, row, names[0], old, at.get(planter.table, row, names[0]))


@action
def rising_total(at: Context, planter: Planter, row: int) -> Plant:
    return _raised(at, planter, row, _YEARS[2:], 1.02)


@action
def water_total_above(at: Context, planter: Planter, row: int) -> Plant:
    return _raised(at, planter, row, _YEARS, 1.03)


@action
def amounts_missing(at: Context, planter: Planter, row: int) -> Plant:
    old = at.get(planter.table, row, _YEARS[0])
    totals = [r for r in at.rows("water_totals") if at.get("water_totals", r, "pollutant") == "CODcr"]
    for table, rows in ((planter.table, [row]), ("water_totals", totals)):
        for other in rows:
            for name in _YEARS:
                at.book.put(table, other, name, "/")
    return one(planter, row, _YEARS[0], old, "/")


@action
def nothing_discharged(at: Context, planter: Planter, row: int) -> Plant:
    kept = {"discharge_mode": "无", "destination": "不外排（全部还田）"}
    empty = dict.fromkeys(("discharge_rule", "outlet_code", "outlet_name", "is_outlet_compliant", "outlet_class"), "/")
    old = at.get(planter.table, row, "destination")
    for other in at.rows(planter.table):
        for name, value in {**kept, **empty}.items():
            at.book.put(planter.table, other, name, value)
    for other in at.rows("water_indirect_outlets"):
        at.book.drop("water_indirect_outlets", other)
    rows = [r for r in at.rows("water_limits") if re.match("[0-9]", at.get("water_limits", r, _YEARS[0]))]
    findings = tuple(Finding(planter.rule, "water_limits", r) for r in rows)
    return Plant(findings, "destination", old, kept["destination"])


def _class_one(at: Context, *, linked: bool) -> tuple[int, int] | None:
    """Nickel at the works' last outlet: limit, standard and monitoring, perhaps its link too."""
    rows = at.rows("water_limits")
    if not rows:
        return None
    code = at.get("water_limits", rows[-1], "outlet_code")
    nickel: dict[str, Any] = {"pollutant": "总镍"}
    amounts: dict[str, Any] = dict.fromkeys(_YEARS, "/")
    limit = at.book.add("water_limits", rows[-1], {**nickel, **amounts, "conc_limit": "1.0"})
    standard = [r for r in at.rows("water_standards") if at.get("water_standards", r, "outlet_code") == code][-1]
    at.book.add("water_standards", standard, {**nickel, "conc_limit": "1.0", "agreed_limit": "/"})
    manual = [r for r in at.rows("monitoring_plan") if at.get("monitoring_plan", r, "outlet_code") == code
              and at.get("monitoring_plan", r, "method") == "手工"]  # fmt: skip
    if not manual:
        return None
    at.book.add(
        "monitoring_plan",
        manual[0],
        {**nickel, "analysis_method": "水质 32种元素的测定 电感耦合等离子体发射光谱法 HJ 776-2015"},
    )
    links = [r for r in at.rows("water_links") if at.get("water_links", r, "outlet_code") == code]
    return limit, at.book.add("water_links", links[-1], nickel) if linked else -1


@action
def class_one_at_the_end(at: Context, planter: Planter, row: int) -> Plant | None:
    made = _class_one(at, linked=False)
    return None if made is None else one(planter, made[0], "pollutant", None, "总镍")


@action
def class_one_pollutant(at: Context, planter: Planter, row: int) -> Plant | None:
    made = _class_one(at, linked=True)
    if made is None:
        return None
    return one(planter, made[1], "pollutant", None, "总镍", Finding("G-118", "water_limits", made[0]))


# --- reports -------------------------------------------------------------------------------------


def _emitted(at: Context, planter: Planter, row: int, value: float) -> Plant:
    old, new = at.get(planter.table, row, "emitted_t"), f"{value:.6g}"
    at.book.put(planter.table, row, "emitted_t", new)
    return one(planter, row, "emitted_t", old, new)


@action
def above_permitted(at: Context, planter: Planter, row: int) -> Plant:
    return _emitted(at, planter, row, float(at.get(planter.table, row, "permitted_t")) * 1.2)


@action
def thousandfold(at: Context, planter: Planter, row: int) -> Plant:
    return _emitted(at, planter, row, float(at.get(planter.table, row, "emitted_t")) * at.pick([1e3, 1e6, 1e9]))


@action
def months_do_not_add_up(at: Context, planter: Planter, row: int) -> Plant:
    old = at.get(planter.table, row, "first_month_t")
    new = f"{float(old) * 3:.6g}"
    at.book.put(planter.table, row, "first_month_t", new)
    return one(planter, row, "first_month_t", old, new)
