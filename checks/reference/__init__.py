"""Reference tables: code lists and limits as CSV, read by :mod:`checks.references`."""
