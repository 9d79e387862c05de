"""The workspace: where a bureau's configuration, rules, warehouse, runs and ledgers lie.

Paths and settings only; what is done with them stands in the modules named after the work.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checks.errors import UserError

DEFAULT_FOLDER = "permit-audit-workspace"
ENVIRONMENT = "PERMIT_AUDIT_WORKSPACE"


class SparkSettings(BaseModel):
    """``[spark]``: where ``run --engine spark`` judges, and any setting of Spark's own in ``[spark.conf]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    master: str = "local[*]"
    conf: dict[str, str] = Field(default_factory=dict)


class Settings(BaseModel):
    """What ``config.toml`` may say. Every setting has a default; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_limit: str = Field("", pattern=r"^$|^[0-9]+(\.[0-9]+)?\s?(MB|GB|MiB|GiB|%)$")  # default: half of the memory
    threads: int = Field(0, ge=0)  # 0 = all cores
    wait_seconds: float = Field(5.0, ge=0)  # how long a writer waits for another
    spark: SparkSettings = SparkSettings()


@dataclass(frozen=True)
class Workspace:
    """One folder with everything that belongs to a bureau's audits."""

    folder: Path

    @classmethod
    def at(cls, folder: str | os.PathLike[str] | None = None) -> Workspace:
        """The workspace at ``folder``, else at the environment's choice, else below the current folder."""
        return cls(Path(folder or os.environ.get(ENVIRONMENT) or DEFAULT_FOLDER))

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file."""
        return self.folder / "warehouse.duckdb"

    @property
    def ledgers(self) -> Path:
        """Where the ledgers of runs are written, one folder a run."""
        return self.folder / "ledgers"

    @property
    def lake(self) -> Path:
        """Where ``lake export`` writes if not told otherwise."""
        return self.folder / "lake"

    @property
    def cache(self) -> Path:
        """Where things are kept that can be made again at any time."""
        return self.folder / "cache"

    @cached_property
    def rule_files(self) -> list[Path]:
        """The bureau's own rule files and overrides, sorted."""
        return sorted(self.folder.glob("rules/*.yaml"))

    @cached_property
    def layout_files(self) -> list[Path]:
        """The bureau's own layouts, sorted."""
        return sorted(self.folder.glob("layouts/*.yaml"))

    @cached_property
    def settings(self) -> Settings:
        """The settings of ``config.toml``; UserError names the line's key when one is wrong."""
        file = self.folder / "config.toml"
        if not file.is_file():
            return Settings()
        try:
            return Settings.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"配置文件写法有误：{file}（{error}）") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            known = "、".join(Settings.model_fields)
            raise UserError(f"配置文件有误：{file} 的 {key}：{first['msg']}。可用的设置：{known}") from error

    def memory_limit(self) -> str:
        """The memory limit of the engine: the setting, else half of the machine's memory."""
        return self.settings.memory_limit or f"{_memory_bytes() // 2 // 2**20}MB"


def _memory_bytes() -> int:
    """Physical memory in bytes; 4 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return 4 * 2**30
