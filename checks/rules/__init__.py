"""Rule files; see :mod:`checks.catalogue`."""
