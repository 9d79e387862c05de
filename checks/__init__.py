"""What is right: canonical tables, contracts, the rule catalogue and the engine that judges tables.

Nothing here knows a file format, a workbook or a command line.
"""
