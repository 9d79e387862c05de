"""Seeded generator of a made-up city of discharge permits: clean ones, and the same with planted faults.

Industries are data (``industries/*.yaml``); everything after reading them works on whole frames.
Nothing here judges a permit; that is the work of :mod:`checks`.
"""
