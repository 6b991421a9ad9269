from __future__ import annotations

import numpy as np
import pytest

from heartbox.train.augment import Augmenter, Look, kind_of, shares_of
from unit.train.cases import COARSE, FINE, boxed_case, drawn_case

CASES = [drawn_case(), boxed_case()]
EVENLY = np.array([0.5, 0.5])


@pytest.mark.parametrize("look", [COARSE, FINE], ids=["coarse", "fine"])
def test_same_seed_draws_the_same_examples(look: Look) -> None:
    first, second = (Augmenter(CASES, EVENLY, look, 5) for _ in "ab")
    for _ in range(3):
        one, other = first.draw(), second.draw()
        assert (one.cube == other.cube).all() and (one.faces == other.faces).all()


@pytest.mark.parametrize("look", [COARSE, FINE], ids=["coarse", "fine"])
def test_examples_are_whole(look: Look) -> None:
    augmenter = Augmenter(CASES, EVENLY, look, 6)
    examples = [augmenter.draw() for _ in range(25)]
    for example in examples:
        assert example.cube.shape == (3, 64, 64, 64) and np.abs(example.cube).max() <= 1
        assert example.mask.shape == example.mask_weight.shape == (32, 32, 32)
        counted = example.faces[example.face_weight > 0]
        assert ((counted > 0) & (counted < 64)).all()
    presence = [example.presence for example in examples if example.presence_weight]
    assert 0.1 < np.mean(presence) < 0.95


def test_wanted_box_lies_around_the_mask() -> None:
    augmenter = Augmenter([drawn_case()], np.ones(1), FINE, 7)
    seen = 0
    while seen < 6:
        example = augmenter.draw()
        if example.presence_weight * example.presence == 0 or example.face_weight.min() == 0:
            continue
        k, j, i = np.nonzero(example.mask > 0.6)
        if not len(k):
            continue
        seen += 1
        ends = np.array([i.min(), i.max(), j.min(), j.max(), k.min(), k.max()]) * 2 + np.array([0, 2] * 3)
        outside = (ends - example.faces) * np.array([1, -1, 1, -1, 1, -1])
        assert outside.min() > -3.0  # the mask never sticks out of the box by more than a cell and a half


def test_every_source_gets_its_share() -> None:
    cases = [drawn_case("segthor-p01"), drawn_case("segthor-p02"), boxed_case("o_x")]
    shares = shares_of(cases, {"segthor": 0.6, "open": 0.3, "phantom": 0.1})
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] == shares[1] == pytest.approx(shares[2])
    assert [kind_of(case) for case in cases] == ["segthor", "segthor", "open"]
