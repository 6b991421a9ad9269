"""What ``heartbox bench`` measures."""

from __future__ import annotations

import subprocess
import sys

import pytest

from heartbox.cli.bench import _peak_bytes

BIG = 100_000_000


@pytest.mark.parametrize("allocated", [0, BIG])
def test_peak_memory_is_the_processs_own(allocated: int) -> None:
    """This process holds much; a child that holds little must say little."""
    ballast = bytearray(BIG)
    ballast[::4096] = b"x" * len(ballast[::4096])
    code = (
        "from heartbox.cli.bench import _peak_bytes\n"
        f"held = b'x' * {allocated}\n"
        "del held\n"
        "print(_peak_bytes())"
    )
    child = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    peak = int(child.stdout)
    assert (peak > BIG) == bool(allocated)
    assert _peak_bytes() > len(ballast)
