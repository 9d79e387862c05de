"""The canonical tables of a discharge permit: the single source of the data dictionary.

The declarations are plain data. Pandera contracts (:mod:`checks.contracts`), the DuckDB
tables of the warehouse, the loaders' targets, the sample data and the documentation are all
made from them; importing this package loads none of those libraries.
"""

from checks.tables.fields import Column, Field, Kind, RowCheck, Table
from checks.tables.registry import TABLES, table

__all__ = ["TABLES", "Column", "Field", "Kind", "RowCheck", "Table", "table"]
