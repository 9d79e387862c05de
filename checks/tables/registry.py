"""All canonical tables by name. New parts of a permit are added to their module and appear here."""

from __future__ import annotations

from checks.tables import air, basic, monitoring, noise, others, products, reports, waste, water
from checks.tables.fields import Table

_MODULES = (basic, products, air, water, noise, waste, monitoring, reports, others)

TABLES: dict[str, Table] = {table.name: table for module in _MODULES for table in module.TABLES}


def table(name: str) -> Table:
    """The canonical table called ``name``; KeyError if there is none."""
    return TABLES[name]
