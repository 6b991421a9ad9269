"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from heartbox.cli.options import checked_margin, one_source

USUAL = (15.0, 15.0, 10.0, 60.0, 15.0, 100.0)


def test_source_may_come_from_either_place() -> None:
    assert one_source(Path("a"), None) == one_source(None, Path("a")) == Path("a")


@pytest.mark.parametrize("both", [(None, None), (Path("a"), Path("a"))])
def test_source_is_given_exactly_once(both: tuple[Path | None, Path | None]) -> None:
    with pytest.raises(typer.BadParameter, match="SERIES"):
        one_source(*both)


def test_margin_defaults_to_the_rooms_own() -> None:
    assert checked_margin(None, USUAL) == USUAL
    assert checked_margin((0, 1, 2, 3, 4, 200), USUAL) == (0, 1, 2, 3, 4, 200)


@pytest.mark.parametrize("wrong", [-1.0, 200.5, float("nan"), float("inf")])
def test_margin_outside_of_its_range_is_refused(wrong: float) -> None:
    with pytest.raises(typer.BadParameter, match="0 to 200"):
        checked_margin((0, 0, 0, 0, 0, wrong), USUAL)
