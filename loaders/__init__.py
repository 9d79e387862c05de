"""Exports in, canonical rows out, into the warehouse; every row keeps its file, sheet and row."""
