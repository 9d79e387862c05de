"""Faults of chemical works, rubber and plastics that data alone cannot say."""

from __future__ import annotations

from generator.planting import Context, Finding, Plant, Planter, action
from generator.special_rows import _recoded


@action
def renamed_outlet(at: Context, planter: Planter, row: int) -> Plant:
    """Another name for an outlet in every table, so that it passes for another source."""
    return _recoded(at, planter, row, "outlet_name", str(planter.set["outlet_name"]))


@action
def outlet_demoted_in_links(at: Context, planter: Planter, row: int) -> Plant | None:
    """A main outlet stands as a general one in the table of links: found on each row and as a contradiction."""
    code = at.get(planter.table, row, "outlet_code")
    links = [r for r in at.rows("air_links") if at.get("air_links", r, "outlet_code") == code]
    if not links:
        return None
    old = at.get("air_links", links[0], "outlet_class")
    for link in links:
        at.book.put("air_links", link, "outlet_class", "一般排放口")
    found = [Finding(planter.rule, "air_links", link) for link in links]
    contradiction = Finding("G-337", planter.table, row)
    return Plant((*found, contradiction), "outlet_class", old, "一般排放口")
