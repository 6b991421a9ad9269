"""Builds the page before a wheel is packed, so that an installed heartbox serves it without Node.js."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts ``web/dist`` into the wheel as ``heartbox/_page``, building it where npm is at hand."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build and include the page; an editable install reads ``web/dist`` where it lies."""
        web = Path(self.root) / "web"
        page = web / "dist"
        if version == "editable" or self.target_name != "wheel":
            return
        npm = shutil.which("npm")
        if not (page / "index.html").is_file() and npm and (web / "package.json").is_file():
            for command in (["ci"], ["run", "build"]):
                subprocess.run([npm, *command], cwd=web, check=True)
        if (page / "index.html").is_file():
            build_data["force_include"][str(page)] = "heartbox/_page"
        else:
            self.app.display_warning("npm is not at hand: this wheel has no page, `heartbox serve` says so")
