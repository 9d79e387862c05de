"""Fixtures for tests that call commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.command import Command


@pytest.fixture
def permit_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line on a fresh workspace."""
    return Command(tmp_path / "workspace", capsys)
