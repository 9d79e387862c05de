"""Calls the command line in this process, as the console script would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run


@dataclass(frozen=True)
class Answer:
    """Exit code and what was printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        assert value["schema_version"] == 1
        return value


@dataclass
class Command:
    """permit-audit with a workspace."""

    workspace: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Answer:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as leaving:
            run(["--workspace", str(self.workspace), *map(str, arguments)])
        printed = self.capture.readouterr()
        return Answer(int(leaving.value.code or 0), printed.out, printed.err)
