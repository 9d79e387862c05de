"""Faults of places, outlet codes and names, and rows that should not be there.

Each function plants one fault into the permit at hand and tells what must be found, or returns
None when the permit has no place for it.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from generator.planting import Context, Finding, Plant, Planter, action, one

# --- places --------------------------------------------------------------------------------------


def _shifted(text: str, degrees: float) -> str:
    """A coordinate moved by some degrees, written as before."""
    parts = re.findall(r"[0-9.]+", text)
    if "度" not in text:
        return f"{float(text) + degrees:.6f}"
    hundredths = round((int(parts[0]) + int(parts[1]) / 60 + float(parts[2]) / 3600 + degrees) * 360_000)
    return f"{hundredths // 360_000}度{hundredths % 360_000 // 6000}分{hundredths % 6000 / 100:.2f}秒"


def _moved(at: Context, planter: Planter, rows: list[int], degrees: float) -> Plant:
    old = at.get(planter.table, rows[0], "latitude_deg")
    new = _shifted(old, degrees)
    for row in rows:
        at.book.put(planter.table, row, "latitude_deg", new)
    return one(planter, rows[0], "latitude_deg", old, new)


def _of_outlet(at: Context, table: str, row: int) -> list[int]:
    code = at.get(table, row, "outlet_code")
    return [other for other in at.rows(table) if at.get(table, other, "outlet_code") == code]


@action
def far_outlet(at: Context, planter: Planter, row: int) -> Plant:
    return _moved(at, planter, [row], 0.05)


@action
def far_direct_outlet(at: Context, planter: Planter, row: int) -> Plant:
    return _moved(at, planter, _of_outlet(at, planter.table, row), 0.15)


@action
def far_indirect_outlet(at: Context, planter: Planter, row: int) -> Plant:
    return _moved(at, planter, _of_outlet(at, planter.table, row), 0.15)


@action
def centre_swapped(at: Context, planter: Planter, row: int) -> Plant:
    longitude, latitude = (at.get(planter.table, row, name) for name in ("longitude_deg", "latitude_deg"))
    at.book.put(planter.table, row, "longitude_deg", latitude)
    at.book.put(planter.table, row, "latitude_deg", longitude)
    contract = [
        Finding("C-013", planter.table, row, name) for name in ("longitude_deg", "latitude_deg") for _ in range(2)
    ]
    return one(planter, row, "longitude_deg", longitude, latitude, *contract)


@action
def centre_rounded(at: Context, planter: Planter, row: int) -> Plant | None:
    old = at.get(planter.table, row, "longitude_deg")
    if "度" in old:
        return None
    for name in ("longitude_deg", "latitude_deg"):
        at.book.put(planter.table, row, name, f"{float(at.get(planter.table, row, name)):.1f}")
    return one(planter, row, "longitude_deg", old, at.get(planter.table, row, "longitude_deg"))


@action
def same_place(at: Context, planter: Planter, row: int) -> Plant:
    first, *rest = at.rows(planter.table)
    row = at.pick(rest)
    old = at.get(planter.table, row, "longitude_deg")
    for name in ("longitude_deg", "latitude_deg"):
        at.book.put(planter.table, row, name, at.get(planter.table, first, name))
    return one(planter, row, "longitude_deg", old, at.get(planter.table, row, "longitude_deg"))


@action
def rain_at_water_outlet(at: Context, planter: Planter, row: int) -> Plant | None:
    sources = [(t, r) for t in ("water_direct_outlets", "water_indirect_outlets") for r in at.rows(t)]
    if not sources:
        return None
    table, other = sources[0]
    old = at.get(planter.table, row, "longitude_deg")
    for name in ("longitude_deg", "latitude_deg"):
        at.book.put(planter.table, row, name, at.get(table, other, name))
    return one(planter, row, "longitude_deg", old, at.get(planter.table, row, "longitude_deg"))


# --- outlet codes and names ----------------------------------------------------------------------


def _recoded(at: Context, planter: Planter, row: int, name: str, new: str) -> Plant:
    """Another code or name for an outlet in every table."""
    code, old = at.get(planter.table, row, "outlet_code"), at.get(planter.table, row, name)
    for table in at.book.names:
        if {"outlet_code", name} <= set(at.book.fields(table)):
            for other in at.rows(table):
                if at.get(table, other, "outlet_code") == code and at.book.get(table, other, name):
                    at.book.put(table, other, name, new)
    return one(planter, row, name, old, new)


@action
def bad_outlet_code(at: Context, planter: Planter, row: int) -> Plant:
    code = at.get(planter.table, row, "outlet_code")
    return _recoded(at, planter, row, "outlet_code", at.pick([f"DA{code[-1]}", f"DA0{code[-1]}"]))


@action
def bad_direct_code(at: Context, planter: Planter, row: int) -> Plant:
    code = at.get(planter.table, row, "outlet_code")
    return _recoded(at, planter, row, "outlet_code", f"DW{code[-1]}")


@action
def bad_indirect_code(at: Context, planter: Planter, row: int) -> Plant:
    row = _of_outlet(at, planter.table, row)[0]
    code = at.get(planter.table, row, "outlet_code")
    return _recoded(at, planter, row, "outlet_code", at.pick([f"DW{code[-1]}", f"DW0{code[-1]}"]))


@action
def same_outlet_name(at: Context, planter: Planter, row: int) -> Plant:
    first, *rest = at.rows(planter.table)
    return _recoded(at, planter, at.pick(rest), "outlet_name", at.get(planter.table, first, "outlet_name"))


# --- rows added ----------------------------------------------------------------------------------


def _added(at: Context, planter: Planter, row: int, shown: str, values: dict[str, Any]) -> Plant:
    """A copy of the row with other values; the copy is what the rule finds."""
    new = at.book.add(planter.table, row, values)
    return one(planter, new, shown, None, values[shown])


@action
def facility_in_two_units(at: Context, planter: Planter, row: int) -> Plant:
    values: dict[str, Any] = {
        "production_unit": "其他单元",
        "parameter_name": "功率",
        "parameter_unit": "kW",
        "parameter_value": "30",
    }
    return _added(at, planter, row, "production_unit", values)


@action
def limit_of_unknown_outlet(at: Context, planter: Planter, row: int) -> Plant:
    return _added(at, planter, row, "outlet_code", {"outlet_code": "DA099", "outlet_name": "备用排气筒"})


@action
def fuel_without_combustion(at: Context, planter: Planter, row: int) -> Plant | None:
    values: dict[str, Any] = {
        name: at.get("permit_records", row, name) for name in ("permit_no", "unit_name", "industry_name")
    }
    whole = {"fuel_name": "天然气", "sulphur": "0.002", "heat_value": "35.6"}
    templates = [
        r for r in at.book.order("fuels") if all(at.get("fuels", r, key) == value for key, value in whole.items())
    ]
    if not templates:
        return None
    new = at.book.add("fuels", templates[0], {**values, "pid": at.pid, "sequence": "1", "annual_use": "36"})
    return Plant((Finding(planter.rule, "fuels", new),), "fuel_name", None, "天然气")


@action
def hydrogen_chloride_monitored(at: Context, planter: Planter, row: int) -> Plant:
    method = "环境空气和废气 氯化氢的测定 离子色谱法 HJ 549-2016"
    return _added(at, planter, row, "pollutant", {"pollutant": "氯化氢", "analysis_method": method})


@action
def zinc_monitored(at: Context, planter: Planter, row: int) -> Plant:
    method = "水质 32种元素的测定 电感耦合等离子体发射光谱法 HJ 776-2015"
    return _added(at, planter, row, "pollutant", {"pollutant": "总锌", "analysis_method": method})


@action
def unknown_air_outlet_monitored(at: Context, planter: Planter, row: int) -> Plant:
    return _added(at, planter, row, "outlet_code", {"outlet_code": "DA098", "outlet_name": "备用排气筒"})


@action
def unknown_water_outlet_monitored(at: Context, planter: Planter, row: int) -> Plant:
    return _added(at, planter, row, "outlet_code", {"outlet_code": "DW099", "outlet_name": "备用排放口"})


@action
def two_frequencies(at: Context, planter: Planter, row: int) -> Plant:
    old = at.get(planter.table, row, "frequency")
    new = "1次/月" if old != "1次/月" else "1次/季"
    at.book.add(planter.table, row, {"frequency": new})
    return one(planter, row, "frequency", old, new)


@action
def reported_twice(at: Context, planter: Planter, row: int) -> Plant:
    filed = date.fromisoformat(at.get(planter.table, row, "published_date")) + timedelta(days=3)
    at.book.add(planter.table, row, {"published_date": str(filed)})
    return one(planter, row, "published_date", None, str(filed))


@action
def outlet_row_twice(at: Context, planter: Planter, row: int) -> Plant:
    at.book.add(planter.table, row, {})
    contract = [Finding(planter.rule, planter.table, row, planter.field)] * 2
    return Plant(tuple(contract), planter.field, None, at.get(planter.table, row, planter.field))


@action
def direct_and_indirect(at: Context, planter: Planter, row: int) -> Plant:
    names = (
        "permit_no",
        "unit_name",
        "outlet_code",
        "outlet_name",
        "longitude_deg",
        "latitude_deg",
        "destination",
        "discharge_rule",
    )
    values: dict[str, Any] = {name: at.get(planter.table, row, name) for name in names}
    rest = dict.fromkeys(("time_span", "plant_name", "agreed_limit", "plant_limit"), "/")
    template = at.book.order("water_indirect_outlets")[-1]
    at.book.add(
        "water_indirect_outlets",
        template,
        {**values, **rest, "pid": at.pid, "sequence": "1", "pollutant": "化学需氧量"},
    )
    return one(planter, row, "outlet_code", None, values["outlet_code"])
