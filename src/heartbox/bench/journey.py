"""The doctor's way through the page, timed in a real browser against a real server.

The walking is the page's own journey (``web/bench``); here it is only started and read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from heartbox.problems import Problem

_WEB = Path(__file__).parents[3] / "web"


def bench_journey(series: Path, runs: int) -> Iterator[dict[str, Any]]:
    """Walk from drop to graph.

    Parameters
    ----------
    series : a DICOM folder, or one file
    runs : how often, each time with a fresh server

    Yields
    ------
    one document a run: ``drop_to_box_s``, ``send_to_graph_s``, ``longest_task_ms``, ``heap_mb``,
    ``clicks``, ``bytes`` to the first view and the first box

    Raises
    ------
    Problem
        ``path-missing``; ``journey-unavailable`` where there is no checkout, Node.js or browser.
    """
    node = shutil.which("node")
    if not series.exists():
        raise Problem("path-missing", path=str(series))
    if node is None or not (_WEB / "node_modules").is_dir():
        raise Problem("journey-unavailable", reason="there is no Node.js, or no 'make page' was run")
    command = [node, "bench/run.mjs", str(series.resolve()), str(runs)]
    with subprocess.Popen(
        command, cwd=_WEB, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as walk:
        assert walk.stdout is not None and walk.stderr is not None
        for line in walk.stdout:
            yield json.loads(line)
        said = walk.stderr.read().strip().splitlines()
    if walk.returncode != 0:
        raise Problem("journey-unavailable", reason=said[-1] if said else "it ended without a word")
