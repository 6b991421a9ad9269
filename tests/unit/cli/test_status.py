"""Exit codes: one table, and every problem fits it."""

from __future__ import annotations

import pytest

from heartbox.cli import status
from heartbox.contract import load_json


def test_exit_codes_are_the_promised_ones() -> None:
    assert (status.DONE, status.BAD_INPUT, status.BAD_USAGE, status.VERDICT_NO) == (0, 1, 2, 3)
    assert (status.INTERRUPTED, status.TERMINATED) == (128 + 2, 128 + 15)


def test_every_exit_code_has_a_meaning() -> None:
    codes = {value for name, value in vars(status).items() if name.isupper() and isinstance(value, int)}
    assert codes == set(status.MEANINGS)


@pytest.mark.parametrize("code", sorted(load_json("problems.json")))
def test_every_problem_is_bad_input_or_bad_usage(code: str) -> None:
    assert load_json("problems.json")[code]["exit_code"] in (status.BAD_INPUT, status.BAD_USAGE)
