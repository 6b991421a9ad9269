"""The floors of the house, and that the guard that keeps them is awake."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(
        command, cwd=root, env={"PYTHONPATH": str(root / "src")}, capture_output=True, text=True
    )


def test_rooms_lean_on_lower_floors_only() -> None:
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("geometry.py", "import heartbox.sector\n"),
        ("volume.py", "import torch\n"),
        ("sample.py", "import heartbox.network\n"),
        ("drawer.py", ""),
        ("aorta/planes.py", "import heartbox.aorta.track\n"),
    ],
    ids=["upwards", "heavy", "sideways", "a stray room", "upwards inside the aorta"],
)
def test_a_planted_violation_is_refused(tmp_path: Path, file: str, text: str) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "src" / "heartbox" / file
    before = planted.read_text(encoding="utf-8") if planted.exists() else ""
    planted.write_text(before + text, encoding="utf-8")
    assert _lint(tmp_path).returncode != 0
