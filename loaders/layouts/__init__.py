"""Layouts as data: which headings of which export fill which field."""
