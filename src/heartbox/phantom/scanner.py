"""The scanner: an anatomy and a protocol become int16 slices with blur, thickness and noise.

The body is painted slab by slab on a working grid no finer than `DETAIL_MM`, and each slice is drawn
from it by two small matrices that interpolate and filter at once: 800 slices in well under a minute.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from heartbox.geometry import Grid, Points
from heartbox.phantom.anatomy import Anatomy, heart_box, paint
from heartbox.phantom.protocol import Kernel, Orientation, Protocol
from heartbox.volume import AIR_HU, HuSlice

#: Pitch of the working grid, mm: about the resolution of a soft-tissue CT.
DETAIL_MM = 1.2
#: Largest HU that 12 stored bits hold.
MOST_HU = 3071
#: A field of view narrower than this is centred on the heart, a wider one on the body, mm.
HEART_CENTRED_BELOW_MM = 300.0

_SLAB_PLANES = 16
_NOISE_SIDE = 768
#: Gaussian blur (sd, mm), and the share and sd (mm) of the unsharp mask of each kernel.
_KERNELS: Mapping[Kernel, tuple[float, float, float]] = {
    "soft": (0.75, 0.0, 1.0),
    "standard": (0.45, 0.0, 1.0),
    "sharp": (0.35, 0.6, 0.9),
}
#: Directions of a row and of a column of a slice, LPS.
_DIRECTIONS: Mapping[Orientation, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "axial": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "coronal": ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    "sagittal": ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}


class Scan:
    """One scan of one patient, slice by slice, each slice the same whenever it is asked for.

    Parameters
    ----------
    anatomy : whom to scan
    protocol : how
    seed : of the scan's range and noise
    """

    def __init__(self, anatomy: Anatomy, protocol: Protocol, seed: int) -> None:
        self.anatomy = anatomy
        self.protocol = protocol
        self.seed = seed
        self.grid = lay_grid(anatomy, protocol, seed)
        self._pixel_mm = protocol.field_of_view_mm / protocol.rows
        self._columns = max(2, min(protocol.rows, round(protocol.field_of_view_mm / DETAIL_MM)))
        self._draw = _draw_matrix(protocol, self._columns)
        self._step_mm = float(self.grid.spacing_mm[2])
        self._thickness_mm = protocol.thickness_mm or self._step_mm
        self._plane_mm = _plane_step(protocol.field_of_view_mm / self._columns, self._thickness_mm)
        self._slabs: OrderedDict[int, npt.NDArray[np.float32]] = OrderedDict()
        self._noise = _noise_bank(protocol, self._pixel_mm, seed)

    def read_slice(self, k: int) -> HuSlice:
        """Render slice ``k`` of the grid, (rows, rows) int16 HU.

        Cost: one slab of planes is painted for every 16 planes, two are kept.
        """
        plane = self._averaged(k)
        image = self._draw @ plane @ self._draw.T
        if self.protocol.noise_hu > 0:
            image += np.float32(self.protocol.noise_hu) * self._grain(k)
        return np.asarray(np.clip(np.rint(image), AIR_HU, MOST_HU), dtype=np.int16)

    def _averaged(self, k: int) -> npt.NDArray[np.float32]:
        """Average the working planes over one slice's thickness."""
        count = max(1, int(np.ceil(self._thickness_mm / self._plane_mm - 1e-9)))
        offsets = ((np.arange(count) + 0.5) / count - 0.5) * self._thickness_mm
        places = (k * self._step_mm + offsets) / self._plane_mm
        low = np.floor(places).astype(int)
        weights: dict[int, float] = {}
        for index, share in zip(low.tolist(), (places - low).tolist(), strict=True):
            weights[index] = weights.get(index, 0.0) + (1.0 - share) / count
            weights[index + 1] = weights.get(index + 1, 0.0) + share / count
        total = np.zeros((self._columns, self._columns), dtype=np.float32)
        for index, weight in weights.items():
            if weight > 1e-6:
                total += np.float32(weight) * self._plane(index)
        return total

    def _plane(self, index: int) -> npt.NDArray[np.float32]:
        slab, place = divmod(index, _SLAB_PLANES)
        if slab not in self._slabs:
            self._slabs[slab] = paint(self.anatomy, self._slab_grid(slab))
            while len(self._slabs) > 2:
                self._slabs.popitem(last=False)
        self._slabs.move_to_end(slab)
        plane: npt.NDArray[np.float32] = self._slabs[slab][place]
        return plane

    def _slab_grid(self, slab: int) -> Grid:
        affine = self.grid.affine.copy()
        ratio = self.protocol.rows / self._columns
        half = (ratio - 1.0) / 2.0
        affine[:3, 3] += half * (affine[:3, 0] + affine[:3, 1])
        normal = affine[:3, 2] / self._step_mm
        affine[:3, :2] *= ratio
        affine[:3, 2] = normal * self._plane_mm
        affine[:3, 3] += slab * _SLAB_PLANES * self._plane_mm * normal
        return Grid((_SLAB_PLANES, self._columns, self._columns), affine)

    def _grain(self, k: int) -> npt.NDArray[np.float32]:
        """Cut this slice's noise from the bank: two windows at seeded places, one of them turned."""
        rng = np.random.default_rng([self.seed, 22, k])
        rows = self.protocol.rows
        j0, i0, j1, i1 = rng.integers(0, len(self._noise) - rows + 1, size=4)
        first = self._noise[j0 : j0 + rows, i0 : i0 + rows]
        second = self._noise[j1 : j1 + rows, i1 : i1 + rows].T[:: (-1) ** k]
        return np.asarray((first + second) * np.float32(np.sqrt(0.5)))


def _plane_step(pixel_mm: float, thickness_mm: float) -> float:
    """Choose the step between working planes: fine enough that a slice's profile is a box."""
    if pixel_mm >= thickness_mm:
        return thickness_mm
    return min(DETAIL_MM, max(0.3, thickness_mm / 2))


def lay_grid(anatomy: Anatomy, protocol: Protocol, seed: int) -> Grid:
    """Lay the scan's grid over the part of the body that the protocol asks for.

    Returns
    -------
    Grid of (slices, rows, rows) voxels, voxel -> LPS mm
    """
    rng = np.random.default_rng([seed, 21])
    row, column = (np.array(direction) for direction in _DIRECTIONS[protocol.orientation])
    normal = np.cross(row, column)
    first_mm, step_mm = _slice_places(anatomy, protocol, normal, rng)
    centre = _centre(anatomy, protocol, rng)
    pixel = protocol.field_of_view_mm / protocol.rows
    in_plane = centre - (centre @ normal) * normal
    origin = in_plane - (protocol.rows - 1) / 2 * pixel * (row + column) + first_mm * normal
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = row * pixel, column * pixel, normal * step_mm
    affine[:3, 3] = np.round(origin, 3)
    return Grid((protocol.slices, protocol.rows, protocol.rows), affine)


def _centre(anatomy: Anatomy, protocol: Protocol, rng: np.random.Generator) -> Points:
    jitter = rng.uniform(-8.0, 8.0, size=3)
    box = heart_box(anatomy)
    if protocol.field_of_view_mm < HEART_CENTRED_BELOW_MM:
        return np.asarray(box.centre_mm + jitter)
    centre = anatomy.to_lps([0.0, 25.0, 0.0]) + jitter
    if protocol.orientation != "axial":
        low, high = _range_along_body(anatomy, protocol, rng)
        centre[2] = (low + high) / 2
    return np.asarray(centre)


def _slice_places(
    anatomy: Anatomy, protocol: Protocol, normal: Points, rng: np.random.Generator
) -> tuple[float, float]:
    """Find where the first slice's centre lies along the normal, and the step between slices, mm."""
    axial = protocol.orientation == "axial"
    if axial:
        low, high = _range_along_body(anatomy, protocol, rng)
    else:
        half = 0.5 * protocol.field_of_view_mm
        middle = float(anatomy.to_lps([0.0, 25.0, 0.0]) @ normal)
        low, high = middle - half, middle + half
    step = protocol.spacing_mm or (high - low) / protocol.slices
    extent = step * protocol.slices
    start = (low + high - extent) / 2
    if axial and _face_kept(anatomy, protocol, low) == "high":
        start = high - extent
    elif axial and _face_kept(anatomy, protocol, low) == "low":
        start = low
    return start + step / 2, step


def _face_kept(anatomy: Anatomy, protocol: Protocol, low: float) -> str:
    """Name the end of the range that stays when the spacing makes the scan longer or shorter."""
    if protocol.crop == "heart_cut_superior":
        return "high"
    if protocol.crop == "heart_cut_inferior":
        return "low"
    if protocol.crop == "no_heart":
        return "low" if low > heart_box(anatomy).z1 else "high"
    return "middle"


def _range_along_body(anatomy: Anatomy, protocol: Protocol, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the scan's lowest and highest face along z, LPS mm, for the crop."""
    box = heart_box(anatomy)
    share, above, below, side = rng.uniform(size=4)
    low = box.z0 - 60.0 - 60.0 * below
    high = box.z1 + 95.0 + 50.0 * above
    height = box.z1 - box.z0
    if protocol.crop == "heart_cut_superior":
        return box.z0 - 130.0 - 100.0 * below, box.z0 + (0.3 + 0.45 * share) * height
    if protocol.crop == "heart_cut_inferior":
        return box.z1 - (0.3 + 0.45 * share) * height, high
    if protocol.crop == "no_heart":
        if side < 0.5:
            return box.z0 - 230.0, box.z0 - 12.0 - 25.0 * share
        return box.z1 + 20.0 + 25.0 * share, box.z1 + 190.0
    return low, high


def _draw_matrix(protocol: Protocol, columns: int) -> npt.NDArray[np.float32]:
    """Build the (rows, columns) matrix that interpolates working pixels and filters the result."""
    rows = protocol.rows
    pixel_mm = protocol.field_of_view_mm / rows
    place = np.clip((np.arange(rows) + 0.5) * columns / rows - 0.5, 0.0, columns - 1.0)
    low = np.minimum(place.astype(int), columns - 2)
    linear = np.zeros((rows, columns))
    linear[np.arange(rows), low] = 1.0 - (place - low)
    linear[np.arange(rows), low + 1] += place - low
    blur_mm, share, mask_mm = _KERNELS[protocol.kernel]
    filtered = _gaussian(rows, blur_mm / pixel_mm)
    if share:
        filtered = (1.0 + share) * filtered - share * filtered @ _gaussian(rows, mask_mm / pixel_mm)
    return np.asarray(filtered @ linear, dtype=np.float32)


def _gaussian(rows: int, sd_pixels: float) -> npt.NDArray[np.float64]:
    """Build the matrix of a one-dimensional Gaussian filter whose rows sum to one."""
    if sd_pixels < 0.1:
        return np.eye(rows)
    offsets = np.arange(rows)[:, None] - np.arange(rows)[None, :]
    weights = np.exp(-0.5 * (offsets / sd_pixels) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _noise_bank(protocol: Protocol, pixel_mm: float, seed: int) -> npt.NDArray[np.float32]:
    """Draw a periodic sheet of unit noise with the protocol's grain."""
    side = max(_NOISE_SIDE, protocol.rows + 256)
    white = np.random.default_rng([seed, 23]).standard_normal((side, side), dtype=np.float32)
    grain = protocol.noise_grain_mm / pixel_mm
    frequency_y, frequency_x = np.fft.fftfreq(side), np.fft.rfftfreq(side)
    response = np.exp(-2 * (np.pi * grain) ** 2 * (frequency_y[:, None] ** 2 + frequency_x[None] ** 2))
    sheet = np.fft.irfft2(np.fft.rfft2(white) * response, s=white.shape)
    return np.asarray((sheet - sheet.mean()) / sheet.std(), dtype=np.float32)
