"""The command ``permit-audit`` as a module, for a fresh process without an installed script."""

from __future__ import annotations

from audit.cli.main import run

if __name__ == "__main__":
    run()
