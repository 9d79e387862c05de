"""A relational database as source of a load: its tables as text, in one consistent snapshot.

Nothing here is imported by any other command: the drivers are an extra, ``permit-audit[database]``.
"""
