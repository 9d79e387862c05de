"""Faults of power, boilers, metals and building materials that change more than cells of like rows."""

from __future__ import annotations

from generator.planting import Context, Finding, Plant, Planter, action
from generator.variant import common

_YEARS = tuple(f"amount_y{year}_t" for year in range(1, 6))
_SCOPES = ("主要排放口合计", "全厂有组织排放总计", "企业合计")


@action
def heavy_outlet_made_general(at: Context, planter: Planter, row: int) -> Plant | None:
    """A main outlet written as a general one: without permitted amounts, which the totals then lack too."""
    code = at.get(planter.table, row, "outlet_code")
    totals = common()["totals"]["air"]
    found = [r for r in at.rows("air_outlets") if at.get("air_outlets", r, "outlet_code") == code]
    limits = [r for r in at.rows("air_limits") if at.get("air_limits", r, "outlet_code") == code]
    if not found:
        return None
    for limit in limits:
        name = totals.get(at.get("air_limits", limit, "pollutant"))
        for year in _YEARS:
            amount = at.get("air_limits", limit, year)
            if amount == "/":
                continue
            at.book.put("air_limits", limit, year, "/")
            for total in at.rows("air_totals"):
                is_theirs = at.get("air_totals", total, "pollutant") == name
                if is_theirs and at.get("air_totals", total, "scope") in _SCOPES:
                    rest = round(float(at.get("air_totals", total, year)) - float(amount), 3)
                    at.book.put("air_totals", total, year, f"{rest:.3f}".rstrip("0").rstrip(".") if rest else "/")
        at.book.put("air_limits", limit, "outlet_class", "一般排放口")
    for link in at.rows("air_links"):
        if at.get("air_links", link, "outlet_code") == code:
            at.book.put("air_links", link, "outlet_class", "一般排放口")
    for table in ("report_emissions", "report_concentrations"):
        for report in at.rows(table):
            if at.get(table, report, "outlet_code") == code:
                at.book.drop(table, report)
    return Plant((Finding(planter.rule, "air_outlets", found[0]),), "outlet_class", "主要排放口", "一般排放口")
