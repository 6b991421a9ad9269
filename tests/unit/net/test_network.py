from __future__ import annotations

import copy
from importlib.resources import files

import numpy as np
import pytest

from heartbox import network
from heartbox.contract import check
from heartbox.geometry import Box, isotropic_grid
from heartbox.problems import Problem
from heartbox.sample import SampledVolume

WINDOWS = [(-1000.0, 600.0), (-150.0, 250.0)]
#: What the issue allows for all looks together.
MOST_PARAMETERS, MOST_BYTES = 100_000, 500_000


def cube(hu: float, voxels: int = 4) -> SampledVolume:
    grid = isotropic_grid(Box(0, 6 * voxels, 0, 6 * voxels, 0, 6 * voxels), 6.0)
    inside = np.ones(grid.shape, dtype=bool)
    inside[0] = False
    return SampledVolume(np.full(grid.shape, hu, dtype=np.float32), inside, grid)


@pytest.mark.parametrize(
    ("hu", "wide", "soft"), [(-2000, -1, -1), (50, 0.3125, 0), (600, 1, 1), (3000, 1, 1)]
)
def test_windows_run_from_minus_one_to_one(hu: float, wide: float, soft: float) -> None:
    channels = network.encode(cube(hu), WINDOWS)
    assert np.allclose(channels[0, 1:], wide)
    assert np.allclose(channels[1, 1:], soft)


def test_last_channel_says_what_is_inside_of_the_scan() -> None:
    channels = network.encode(cube(50), WINDOWS)
    assert (channels[:2, 0] == -1).all()
    assert (channels[2, 0] == 0).all() and (channels[2, 1:] == 1).all()


def test_shipped_manifest_fits_its_schema() -> None:
    check("manifest", network.manifest())


def test_shipped_net_is_small() -> None:
    looks = network.manifest()["looks"].values()
    sizes = [len((files("heartbox") / "weights" / look["file"]).read_bytes()) for look in looks]
    assert sum(look["parameters"] for look in looks) <= MOST_PARAMETERS
    assert sum(sizes) < MOST_BYTES


@pytest.mark.parametrize("look", ["coarse", "fine"])
def test_answer_has_a_logit_for_each_plane_of_each_face(look: str) -> None:
    logits = network.infer(cube(-1000, 64), look)
    assert logits.faces.shape == (6, 64)
    assert logits.mask.shape == (32, 32, 32)
    assert np.isfinite(logits.faces).all() and np.isfinite(logits.presence)


def test_weights_that_the_manifest_does_not_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = copy.deepcopy(network.manifest())
    forged["looks"]["forged"] = {**forged["looks"]["fine"], "sha256": "0" * 64}
    monkeypatch.setattr(network, "manifest", lambda: forged)
    with pytest.raises(Problem) as refusal:
        network.infer(cube(-1000, 64), "forged")
    assert refusal.value.code == "model-unfit"


def test_terms_of_the_training_data_are_stated() -> None:
    terms = network.manifest()["terms"]
    assert "research use only" in terms
    assert all(entry["licence"] for entry in network.manifest()["data"])
