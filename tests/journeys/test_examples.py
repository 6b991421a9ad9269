"""The examples run: what `make run` starts, on a phantom that is at hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MAIN_JOB = Path(__file__).parents[2] / "examples" / "main_job.py"


def test_the_main_job_walks_to_the_report_and_says_where_it_lies(phantom: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(MAIN_JOB), "--series", str(phantom), "--out", "out", "--no-serve"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "out" / "report.html").is_file()
    for words in ("The whole heart was found", "descending", "report.html", "Not a medical device"):
        assert words in said.stdout


def test_a_wrong_series_ends_the_main_job_with_its_sentence(tmp_path: Path) -> None:
    command = [sys.executable, str(MAIN_JOB), "--series", "nowhere", "--no-serve"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "There is nothing at nowhere: check the path." in said.stderr
    assert list(tmp_path.iterdir()) == []
