"""The page's corridor and this one on the same scans, side by side.

The page's TypeScript runs in Node.js (``web/test/agree``); what it says of a scan is the document of
``heartbox locate --json``, so both can be held against each other.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from heartbox.intake.door import open_series
from heartbox.locate import find_heart
from heartbox.problems import Problem

Document: TypeAlias = dict[str, Any]

WEB = Path(__file__).parents[3] / "web"
#: The net answers within seconds; a page that hangs is not waited for.
_MOST_SECONDS = 900


@dataclass(frozen=True)
class Pair:
    """Two answers to one scan: verdicts or problem codes, how far boxes (mm) and confidences are apart."""

    case: str
    page: str
    heartbox: str
    worst_face_mm: float | None
    confidence: float | None


def page_documents(paths: Sequence[Path]) -> list[Document]:
    """Run the page's corridor on every path; one document of ``locate`` or one problem each.

    Raises
    ------
    Problem
        ``journey-unavailable`` without Node.js or the page's packages, or when the page broke off.
    """
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules").is_dir():
        raise Problem("journey-unavailable", reason="there is no Node.js, or no 'make page' was run")
    command = [node, "test/agree/run.mjs", *(str(path.resolve()) for path in paths)]
    done = subprocess.run(
        command, cwd=WEB, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise Problem("journey-unavailable", reason=said[-1] if said else "it ended without a word")
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(paths: Sequence[Path]) -> list[Pair]:
    """Hold the page's answers against this program's, scan by scan; problems as `page_documents`."""
    return [_pair(path, page) for path, page in zip(paths, page_documents(paths), strict=True)]


def _pair(path: Path, page: Document) -> Pair:
    try:
        found = find_heart(open_series(path).volume)
    except Problem as problem:
        return Pair(path.name, _said(page), problem.code, None, None)
    box = page.get("heart_box_lps_mm")
    worst = None
    if box is not None and found.heart_box is not None:
        worst = float(np.abs(np.subtract(box, found.heart_box.faces_mm)).max())
    apart = None if "confidence" not in page else abs(page["confidence"] - found.confidence)
    mine = " ".join((found.verdict, *found.cut_faces))
    return Pair(path.name, _said(page), mine, worst, apart)


def _said(page: Document) -> str:
    return " ".join([page["code"]] if "code" in page else [page["verdict"], *page["cut_faces"]])
