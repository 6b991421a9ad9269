"""The net behind one small seam: a sampled cube goes in, numbers about the heart come out.

ONNX Runtime runs the weights that ship in ``heartbox/weights``; ``heart.manifest.json`` beside them
holds every number that sampling, the net and the verdict need, and the digests of the weights.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnxruntime

from heartbox.problems import Problem
from heartbox.sample import SampledVolume

Tensor: TypeAlias = npt.NDArray[np.float32]

_MANIFEST = "heart.manifest.json"


@dataclass(frozen=True)
class Logits:
    """What the net says about one cube.

    Parameters
    ----------
    faces : (6, voxels) float32, for each face of `geometry.FACES` a logit for each plane of voxels
    mask : (z, y, x) float32, logit of being heart, on cells of two voxels
    presence : logit of the whole visible heart lying in the cube
    """

    faces: Tensor
    mask: Tensor
    presence: float


@cache
def manifest() -> dict[str, Any]:
    """Return the model's manifest (schema ``manifest``)."""
    document: dict[str, Any] = json.loads(_weights_file(_MANIFEST))
    return document


@cache
def manifest_sha256() -> str:
    """Digest of the manifest file, which holds the weights' digests: it names the model whole."""
    return hashlib.sha256(_weights_file(_MANIFEST)).hexdigest()


def encode(sampled: SampledVolume, windows_hu: list[tuple[float, float]]) -> Tensor:
    """Turn HU into the net's channels.

    Each window runs linearly from -1 at its lower to +1 at its upper end and is clipped there;
    outside of the scan every window reads -1. The last channel is 1 inside of the scan, else 0.

    Parameters
    ----------
    sampled : cube, (z, y, x)
    windows_hu : (low, high) of each window, HU

    Returns
    -------
    (windows + 1, z, y, x) float32
    """
    channels = np.empty((len(windows_hu) + 1, *sampled.hu.shape), dtype=np.float32)
    for channel, (low, high) in zip(channels, windows_hu, strict=False):
        np.clip((sampled.hu - np.float32(low)) * np.float32(2 / (high - low)) - 1, -1, 1, out=channel)
        channel[~sampled.inside] = -1
    channels[-1] = sampled.inside
    return channels


def infer(sampled: SampledVolume, look: str) -> Logits:
    """Run one look of the net.

    Parameters
    ----------
    sampled : cube of the look's size and spacing
    look : name of a look of the manifest, ``coarse`` or ``fine``

    Returns
    -------
    Logits

    Raises
    ------
    Problem
        ``model-unfit`` when the weights are not those of the manifest.
    """
    windows = [(float(low), float(high)) for low, high in manifest()["windows_hu"]]
    faces, mask, presence = _session(look).run(None, {"cube": encode(sampled, windows)[None]})
    return Logits(faces[0], mask[0, 0], float(presence[0, 0]))


@cache
def _session(look: str) -> Any:
    entry = manifest()["looks"][look]
    weights = _weights_file(entry["file"])
    if hashlib.sha256(weights).hexdigest() != entry["sha256"]:
        raise Problem("model-unfit", name=entry["file"], reason="its sha256 is not the manifest's")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _weights_file(name: str) -> bytes:
    return (files("heartbox") / "weights" / name).read_bytes()
