"""Shared fixtures: where real and made-up whole exports lie, when they lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the folder ../shared/data/{name} beside the checkout")
    return folder


@pytest.fixture(scope="session")
def forms_dir() -> Path:
    """Whole permits as an authority exports them, without problems."""
    return _folder("forms")


@pytest.fixture(scope="session")
def real_dir() -> Path:
    """Real public records."""
    return _folder("real")
