"""From a scan to an example: the patient is moved, the scan is cut short, the picture is made worse.

The voxels come through `heartbox.sample`, so that the net learns on what it will see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heartbox.geometry import Affine, Box, Grid, Points, apply_affine
from heartbox.locate import BODY_HU, FROM_END_MM, cube_grid
from heartbox.network import Tensor, encode
from heartbox.sample import Block, SampledVolume, reduce_in_plane, reduced_affine, resample
from heartbox.train.data import Case
from heartbox.train.degrade import degrade, recolour
from heartbox.train.move import ABSENT_MM, Truth, draw_bounds, draw_motion, moved_truth

#: How often blood gets another contrast phase, where it was drawn.
RECOLOURED = 0.45
#: A heart counts as present from this visible height on, mm.
PRESENT_MM = 22.0
#: The first look answers for hearts up to so far from its middle along z, and no more from so far on, mm.
NEAR_MM, FAR_MM = 85.0, 130.0


@dataclass(frozen=True)
class Look:
    """One look of the net: its cube, and how far off its aim may be.

    Parameters
    ----------
    name : ``coarse`` or ``fine``
    spacing_mm, voxels : the cube
    jitter_mm : sd of the aim's error
    reduced_mm : spacing of the reduced slices under it
    windows_hu : (low, high) of the HU channels
    body_to_heart_mm : from the middle of the body to the middle of the coarse cube, x and y
    """

    name: str
    spacing_mm: float
    voxels: int
    jitter_mm: float
    reduced_mm: float
    windows_hu: tuple[tuple[float, float], ...]
    body_to_heart_mm: tuple[float, float] = (0.0, 0.0)

    @property
    def size_mm(self) -> float:
        """Edge of the cube."""
        return self.spacing_mm * self.voxels


@dataclass(frozen=True)
class Example:
    """What one step of training sees.

    Parameters
    ----------
    cube : (channels, n, n, n) float32
    mask, mask_weight : (n/2, n/2, n/2) float32, share of heart and how much it counts
    faces, face_weight : (6,) float32, position in voxels from the cube's lower outer face, and weight
    presence, presence_weight : 0 or 1, and weight
    """

    cube: Tensor
    mask: Tensor
    mask_weight: Tensor
    faces: Tensor
    face_weight: Tensor
    presence: float
    presence_weight: float


@dataclass(frozen=True)
class _Prepared:
    case: Case
    fields: tuple[npt.NDArray[np.float32], ...]  # hu, and heart and blood where drawn; reduced in the plane
    affine: Affine
    body: Points  # (slices, 3) middle of the body, LPS mm


class Augmenter:
    """Draws examples of one look from cases, without end and from one seed.

    Parameters
    ----------
    cases : scans to learn from
    shares : how often each case is drawn, sums to 1
    look : the look
    seed : the same seed gives the same examples
    """

    def __init__(
        self, cases: list[Case], shares: npt.NDArray[np.float64], look: Look, seed: int | list[int]
    ) -> None:
        self._prepared = [_prepare(case, look) for case in cases]
        self._shares = shares
        self._look = look
        self._rng = np.random.default_rng(seed)

    def draw(self) -> Example:
        """Draw one example."""
        rng, look = self._rng, self._look
        prepared = self._prepared[int(rng.choice(len(self._prepared), p=self._shares))]
        motion = draw_motion(prepared.case, rng)
        bounds = draw_bounds(prepared.case, motion, rng)
        truth = moved_truth(prepared.case, motion, bounds)
        window = self._window(prepared, motion, bounds, truth)
        view = _View(prepared, motion, rng)
        sampled = _within(view.sample(0, window), bounds, rng)
        if prepared.case.blood is not None and rng.random() < RECOLOURED:
            recolour(sampled.hu, view.share(2, window), look.spacing_mm, rng)
        degrade(sampled.hu, look.spacing_mm, rng)
        cube = encode(sampled, list(look.windows_hu))
        cells = cube_grid(window.bounds_mm.centre_mm, 2 * look.spacing_mm, look.voxels // 2)
        heart = None if prepared.case.heart is None else view.share(1, cells)
        mask, mask_weight = _mask(heart, truth, sampled)
        faces = (truth.faces - np.repeat(window.bounds_mm.low_mm, 2)) / look.spacing_mm
        presence, presence_weight = self._presence(truth, window)
        shown = presence * presence_weight * ((faces > 0.5) & (faces < look.voxels - 0.5))
        return Example(
            cube, mask, mask_weight, faces.astype(np.float32), (truth.weight * shown).astype(np.float32),
            presence, presence_weight,
        )  # fmt: skip

    def _window(self, prepared: _Prepared, motion: Affine, bounds: Box, truth: Truth) -> Grid:
        rng, look = self._rng, self._look
        seen = truth.visible_mm > ABSENT_MM
        anywhere = not seen or rng.random() < 0.12
        centre = (truth.faces[::2] + truth.faces[1::2]) / 2 if seen else bounds.centre_mm
        if look.name == "coarse":
            reach = max(bounds.size_mm[2] / 2 - FROM_END_MM, 0.0)
            middle = bounds.centre_mm[2] if anywhere else float(centre[2])
            z = middle + rng.uniform(-1, 1) * (reach if anywhere else 65.0)
            body = apply_affine(motion, prepared.body)
            near = np.abs(body[:, 2] - z) < look.size_mm / 2
            x, y = (body[near] if near.any() else body).mean(axis=0)[:2] + look.body_to_heart_mm
            centre = np.array([x, y, z]) + rng.normal(0.0, look.jitter_mm, 3)
        elif anywhere:
            body = apply_affine(motion, prepared.body)
            centre = body[rng.integers(len(body))] + rng.uniform(-90, 90, 3)
        else:
            centre = centre + np.clip(rng.normal(0.0, look.jitter_mm, 3), -25.0, 25.0)
        return cube_grid(centre, look.spacing_mm, look.voxels)

    def _presence(self, truth: Truth, window: Grid) -> tuple[float, float]:
        """Whether the window shows the heart, and whether anybody can say so."""
        if truth.visible_mm <= ABSENT_MM:
            return 0.0, 1.0
        box = Box.of(truth.faces)
        if self._look.name == "coarse":
            away = abs(box.centre_mm[2] - window.bounds_mm.centre_mm[2])
            here, gone = away < NEAR_MM, away > FAR_MM
        else:
            shared = box.intersection(window.bounds_mm)
            share = 0.0 if shared is None else float(np.prod(shared.size_mm) / np.prod(box.size_mm))
            here, gone = share > 0.9, share < 0.1
        if gone:
            return 0.0, 1.0
        return 1.0, float(here and truth.visible_mm >= PRESENT_MM)


def _prepare(case: Case, look: Look) -> _Prepared:
    pixel = (float(case.grid.spacing_mm[1]), float(case.grid.spacing_mm[0]))
    wanted = max(look.reduced_mm, look.spacing_mm if look.name == "coarse" else 0.0)
    drawn = [field for field in (case.hu, case.heart, case.blood) if field is not None]
    fields = tuple(np.stack([reduce_in_plane(plane, pixel, wanted) for plane in field]) for field in drawn)
    affine = reduced_affine(case.grid, (fields[0].shape[1], fields[0].shape[2]), 0, 1)
    thick = fields[0] > BODY_HU
    middle = []
    for k, plane in enumerate(thick):
        j, i = np.nonzero(plane) if plane.any() else (np.arange(plane.shape[0]), np.arange(plane.shape[1]))
        middle.append((i.mean(), j.mean(), k))
    return _Prepared(case, fields, affine, apply_affine(affine, np.array(middle)))


class _View:
    """A moved patient scanned with some slice step: every so many slices, or means of so many."""

    def __init__(self, prepared: _Prepared, motion: Affine, rng: np.random.Generator) -> None:
        placed = motion @ prepared.affine
        distance = float(np.linalg.norm(placed[:3, 2]))
        self._step = int(rng.integers(1, max(1, min(4, int(7.5 / distance))) + 1))
        self._first = int(rng.integers(self._step))
        self._mean = self._step > 1 and rng.random() < 0.5
        self._fields = prepared.fields
        self._scan = Grid(prepared.case.grid.shape, motion @ prepared.case.grid.affine)
        self._affine = placed.copy()
        self._affine[:3, 3] += placed[:3, 2] * (self._first + (self._step - 1) / 2 * self._mean)
        self._affine[:3, 2] *= self._step

    def sample(self, field: int, grid: Grid) -> SampledVolume:
        """Sample one of the prepared fields."""
        values = self._fields[field][self._first :]
        if self._mean:
            count = len(values) // self._step
            values = values[: count * self._step].reshape(count, self._step, *values.shape[1:]).mean(axis=1)
        else:
            values = values[:: self._step]
        return resample(Block(values, self._affine), self._scan, grid)

    def share(self, field: int, grid: Grid) -> Tensor:
        """Sample a field of shares 0..255 as 0..1."""
        return np.asarray(np.maximum(self.sample(field, grid).hu, 0) / np.float32(255))


def _within(sampled: SampledVolume, bounds: Box, rng: np.random.Generator) -> SampledVolume:
    """End the scan at its bounds; sometimes show a wide or a round field of view."""
    grid = sampled.grid
    x, y, z = (grid.affine[a, 3] + grid.affine[a, a] * np.arange(grid.shape[2 - a]) for a in (0, 1, 2))
    inside = sampled.inside.copy()
    if rng.random() < 0.3:
        inside[:] = np.asarray(inside.any(axis=(1, 2)))[:, None, None]
    for axis, (places, low, high) in enumerate(
        ((z, bounds.z0, bounds.z1), (y, bounds.y0, bounds.y1), (x, bounds.x0, bounds.x1))
    ):
        out = (places < low) | (places > high)
        inside[(slice(None),) * axis + (out,)] = False
    hu = sampled.hu
    if rng.random() < 0.2:
        centre = bounds.centre_mm[:2] + rng.normal(0.0, 15.0, 2)
        radius = rng.uniform(125.0, 250.0)
        outside = (y[:, None] - centre[1]) ** 2 + (x[None] - centre[0]) ** 2 > radius**2
        hu[:, outside] = -1024
    hu[~inside] = -1024
    return SampledVolume(hu, inside, grid)


def _mask(heart: Tensor | None, truth: Truth, sampled: SampledVolume) -> tuple[Tensor, Tensor]:
    """Share of heart on cells of two voxels; without a drawn heart only the box's core and surroundings."""
    n = sampled.grid.shape[0] // 2
    inside = sampled.inside.reshape(n, 2, n, 2, n, 2).mean(axis=(1, 3, 5), dtype=np.float32)
    if truth.visible_mm == 0.0:
        return np.zeros((n, n, n), np.float32), np.ones((n, n, n), np.float32)
    if heart is not None:
        return heart * inside, np.ones((n, n, n), np.float32)
    box = Box.of(truth.faces)
    cell = 2 * float(sampled.grid.affine[0, 0])
    square, away = np.zeros((n, n, n)), np.full((n, n, n), -np.inf)
    for axis, place in enumerate(np.ogrid[:n, :n, :n][::-1]):
        at = sampled.grid.bounds_mm.low_mm[axis] + (place + 0.5) * cell
        from_middle = np.abs(at - box.centre_mm[axis])
        square = square + (from_middle / (box.size_mm[axis] / 2)) ** 2
        away = np.maximum(away, from_middle - box.size_mm[axis] / 2)
    core = (square < 0.4) & (inside > 0.5)
    return core.astype(np.float32), (core | (away > cell / 2)).astype(np.float32)


def shares_of(cases: list[Case], by_source: dict[str, float]) -> npt.NDArray[np.float64]:
    """Spread each source's share over its cases; a source that is absent gives its share to the others.

    Parameters
    ----------
    cases : n scans
    by_source : share of each kind (`kind_of`)

    Returns
    -------
    (n,) float64, sums to 1
    """
    kinds = np.array([kind_of(case) for case in cases])
    shares = np.zeros(len(cases))
    for kind, share in by_source.items():
        chosen = kinds == kind
        if chosen.any():
            shares[chosen] = share / chosen.sum()
    return np.asarray(shares / shares.sum())


def kind_of(case: Case) -> str:
    """Tell a case's kind: ``segthor``, ``phantom`` or ``open``."""
    return next((kind for kind in ("segthor", "phantom") if case.name.startswith(kind)), "open")
