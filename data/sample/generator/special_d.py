"""Faults that industry rules of light industry, metals, electronics, textiles and food find.

A factor or a waste is taken out of every table of a permit at once, so that the general rules,
which compare the tables with one another, have nothing to say. ``set`` holds patterns: ``air``,
``fugitive``, ``water`` and ``waste`` name what is lost; ``also`` lists the further findings.
"""

from __future__ import annotations

import re

from generator.planting import Context, Finding, Plant, Planter, action, one

_AIR = ("air_links", "air_standards", "air_limits")
_WATER = ("water_links", "water_standards", "water_limits", "water_indirect_outlets", "water_direct_outlets")


def _drop(at: Context, table: str, **patterns: str) -> list[str]:
    """Take out the permit's rows whose fields match all patterns; what stood in the last field of each."""
    gone = []
    for row in at.rows(table):
        values = [at.get(table, row, name) for name in patterns]
        if all(re.search(pattern, value) for pattern, value in zip(patterns.values(), values, strict=True)):
            at.book.drop(table, row)
            gone.append(values[-1])
    return gone


def _permit_findings(planter: Planter) -> list[Finding]:
    return [Finding(rule, "permits", None) for rule in (planter.rule, *(entry["rule"] for entry in planter.also))]


@action
def lost_from_permit(at: Context, planter: Planter, row: int) -> Plant | None:
    """A pollutant or a waste that the permit does not list anywhere."""
    gone: list[str] = []
    if "air" in planter.set:
        for table in _AIR:
            gone += _drop(at, table, pollutant=planter.set["air"])
        _drop(at, "monitoring_plan", source_kind="^废气$", pollutant=planter.set["air"])
    if "fugitive" in planter.set:
        gone += _drop(at, "fugitive_limits", pollutant=planter.set["fugitive"])
        _drop(at, "monitoring_plan", source_kind="^无组织$", pollutant=planter.set["fugitive"])
    if "water" in planter.set:
        for table in _WATER:
            if "pollutant" in at.book.fields(table):
                gone += _drop(at, table, pollutant=planter.set["water"])
        _drop(at, "monitoring_plan", source_kind="^废水$", pollutant=planter.set["water"])
    if "waste" in planter.set:
        gone += _drop(at, "solid_wastes", waste_name=planter.set["waste"])
        _drop(at, "waste_facilities", waste_name=planter.set["waste"])
    if not gone:
        return None
    return Plant(tuple(_permit_findings(planter)), "", f"（有{gone[0]}）", "（删去）")


@action
def lost_from_outlet(at: Context, planter: Planter, row: int) -> Plant | None:
    """A pollutant that an outlet of waste gas does not list."""
    code = at.get("air_outlets", row, "outlet_code")
    gone: list[str] = []
    for table in (*_AIR, "monitoring_plan"):
        gone += _drop(at, table, outlet_code=f"^{code}$", pollutant=planter.set["air"])
    if not gone:
        return None
    more = [Finding(entry["rule"], "air_outlets", row) for entry in planter.also]
    return one(planter, row, "", f"（有{gone[0]}）", "（删去）", *more)


@action
def class_lowered(at: Context, planter: Planter, row: int) -> Plant:
    """A simplified permit for what the catalogue manages as key; ``finding`` names the table of the finding."""
    old = at.get("permit_records", row, "management_class")
    at.book.put("permit_records", row, "management_class", "简化管理")
    table = (planter.finding or {"table": "permits"})["table"]
    found = None if table == "permits" else at.rows(table)[0]
    more = [Finding(entry["rule"], "permits", None) for entry in planter.also]
    return Plant((Finding(planter.rule, table, found), *more), "management_class", old, "简化管理")
