"""The preview of a heart box: three planes through its middle, small enough to mail."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, map_coordinates

from heartbox.geometry import Box, Grid, Points, apply_affine
from heartbox.problems import Problem
from heartbox.volume import AIR_HU, LazyVolume, Volume

#: The preview never weighs more than this.
MOST_BYTES = 200_000
#: Wide enough that blood with contrast keeps its edges: centre and width, HU.
WINDOW_HU = (90.0, 700.0)
#: How much of the patient is shown around the box, mm.
AROUND_MM = 55.0
#: At most so many slices are read for a preview.
MOST_SLICES = 72

_PIXEL_MM = 0.65
#: Grey levels and smoothing (sd in pixels), tried one after the other until the picture is small enough.
_EFFORTS = ((96, 0.6), (64, 0.6), (40, 0.8), (24, 1.2), (16, 2.0), (12, 4.0))
_SCALE_BAR_MM = 50
_GAP, _HEAD, _FOOT = 10, 30, 44
_BACKGROUND = (12, 14, 18)
_INK = (222, 226, 232)
_QUIET_INK = (150, 158, 170)
_BOX_COLOUR = (255, 176, 0)
_SECTOR_COLOUR = (90, 170, 255)
_NOTE = "Not a medical device: for research use."

_EDGES = {
    "right": "right",
    "left": "left",
    "anterior": "front",
    "posterior": "back",
    "inferior": "lower",
    "superior": "upper",
}

Greys = npt.NDArray[np.float64]  # (rows, columns), 0..1 in the window
Corner = tuple[int, int]


@dataclass(frozen=True)
class _Plane:
    """A plane as radiologists hang it; x, y, z = 0, 1, 2.

    ``right`` grows to the right of the picture; ``down`` grows downwards when ``falling``, else
    upwards. ``letters`` stand at the left, right, top and bottom edge.
    """

    name: str
    normal: int
    right: int
    down: int
    falling: bool
    letters: str


#: The patient's left is on the picture's right; the front is above (axial), or the head is.
_PLANES = (
    _Plane("axial", 2, 0, 1, True, "RLAP"),
    _Plane("coronal", 1, 0, 2, False, "RLHF"),
    _Plane("sagittal", 0, 1, 2, False, "APHF"),
)


def verdict_in_words(verdict: str, cut_faces: Iterable[str], confidence: float) -> str:
    """Say in one sentence what ``find_heart`` found."""
    if verdict == "not_found":
        return "No heart was found in this scan."
    sure = f"confidence {confidence:.2f}"
    if verdict == "found":
        return f"The whole heart was found ({sure})."
    edges = " and ".join(_EDGES[face] for face in cut_faces)
    return f"A heart was found, cut off at the scan's {edges} edge ({sure})."


def draw_box(
    scan: LazyVolume, heart_box: Box, sector_box: Box | None = None, caption: str = "Heart box"
) -> bytes:
    """Draw a box in the axial, coronal and sagittal plane through its middle.

    Reads at most `MOST_SLICES` slices around the box. Radiological convention: the patient's left
    is on the right of the picture.

    Parameters
    ----------
    scan : the series' lazy volume
    heart_box : LPS mm, outlined and measured
    sector_box : LPS mm, drawn as a thin line when given
    caption : one line over the picture

    Returns
    -------
    bytes of a PNG of at most `MOST_BYTES`

    Raises
    ------
    Problem
        ``box-outside`` when the box misses the scan; whatever reading a slice raises.
    """
    around = heart_box.grown([AROUND_MM] * 6)
    thinned = read_thinned(scan, around)
    shown = around.intersection(scan.grid.bounds_mm) or heart_box
    greys = [_plane_greys(thinned, plane, shown, heart_box.centre_mm) for plane in _PLANES]
    boxes = [(heart_box, _BOX_COLOUR, 2)]
    if sector_box is not None:
        boxes.insert(0, (sector_box, _SECTOR_COLOUR, 1))
    content = b""
    for levels, smoothing in _EFFORTS:
        smooth = (gaussian_filter(grey, smoothing) for grey in greys)
        picture, corners = _hang([np.rint(grey * levels) / levels for grey in smooth])
        pen = ImageDraw.Draw(picture)
        for plane, corner, grey in zip(_PLANES, corners, greys, strict=True):
            for box, colour, width in boxes:
                _outline(picture, (plane, corner, grey.shape), box, shown, (colour, width))
            _letter(pen, plane, corner, grey.shape, heart_box)
        _words(pen, picture.size, caption, heart_box)
        content = _png(picture)
        if len(content) <= MOST_BYTES:
            break
    return content


def read_thinned(scan: LazyVolume, box: Box) -> Volume:
    """Read the voxels under a box with only so many slices and pixels as a preview shows.

    One of the slices goes through the middle of the box, so that its plane is sharp.

    Raises
    ------
    Problem
        ``box-outside`` when the box misses the scan; whatever reading a slice raises.
    """
    voxels = scan.grid.voxel_range(box)
    if voxels is None:
        raise Problem("box-outside")
    (k0, j0, i0), (k1, j1, i1) = voxels
    middle = round(float(apply_affine(scan.grid.inverse, box.centre_mm)[2]))
    middle = min(max(middle, k0), k1 - 1)
    step = max(1, int(np.ceil((k1 - k0) / (MOST_SLICES - 1))))
    first = middle - (middle - k0) // step * step
    stride = max(1, round(_PIXEL_MM / float(scan.grid.spacing_mm[:2].min())))
    hu = np.stack([scan.read_slice(k)[j0:j1:stride, i0:i1:stride] for k in range(first, k1, step)])
    affine = scan.grid.affine @ np.diag([stride, stride, step, 1.0])
    affine[:3, 3] = apply_affine(scan.grid.affine, [i0, j0, first])
    return Volume(hu, Grid((hu.shape[0], hu.shape[1], hu.shape[2]), affine))


def _plane_greys(volume: Volume, plane: _Plane, shown: Box, through_mm: Points) -> Greys:
    """Sample one plane on square pixels; what lies outside of the voxels is black."""
    columns, rows = (max(1, int(shown.size_mm[axis] / _PIXEL_MM)) for axis in (plane.right, plane.down))
    right, down = np.meshgrid((np.arange(columns) + 0.5) * _PIXEL_MM, (np.arange(rows) + 0.5) * _PIXEL_MM)
    points_mm = np.empty((rows, columns, 3))
    points_mm[..., plane.normal] = through_mm[plane.normal]
    points_mm[..., plane.right] = shown.low_mm[plane.right] + right
    low, high = shown.low_mm[plane.down], shown.high_mm[plane.down]
    points_mm[..., plane.down] = low + down if plane.falling else high - down
    kji = np.moveaxis(apply_affine(volume.grid.inverse, points_mm)[..., ::-1], -1, 0)
    hu = map_coordinates(volume.hu, kji, output=np.float64, order=1, mode="nearest")
    # A thinned slice stands for its neighbours too: up to a whole step beyond its centre is inside.
    reach = np.array(volume.hu.shape).reshape(3, 1, 1)
    hu[((kji < -1) | (kji > reach)).any(axis=0)] = AIR_HU
    centre, width = WINDOW_HU
    return np.asarray(np.clip((hu - centre) / width + 0.5, 0, 1))


def _hang(greys: list[Greys]) -> tuple[Image.Image, list[Corner]]:
    """Put the planes side by side; return the picture and each plane's upper left corner."""
    height = max(grey.shape[0] for grey in greys)
    width = sum(grey.shape[1] for grey in greys) + _GAP * (len(greys) + 1)
    picture = Image.new("RGB", (width, height + _HEAD + _FOOT), _BACKGROUND)
    corners, left = [], _GAP
    for grey in greys:
        corner = (left, _HEAD + (height - grey.shape[0]) // 2)
        picture.paste(Image.fromarray(np.rint(grey * 255).astype(np.uint8)), corner)
        corners.append(corner)
        left += grey.shape[1] + _GAP
    return picture, corners


def _outline(
    picture: Image.Image,
    panel: tuple[_Plane, Corner, tuple[int, ...]],
    box: Box,
    shown: Box,
    stroke: tuple[tuple[int, int, int], int],
) -> None:
    """Draw a box's section with a plane, clipped to the panel; edges beyond it are not drawn."""
    plane, (left, top), (rows, columns) = panel
    colour, width = stroke
    x0, x1 = (
        (edge[plane.right] - shown.low_mm[plane.right]) / _PIXEL_MM for edge in (box.low_mm, box.high_mm)
    )
    if plane.falling:
        y0, y1 = ((edge[plane.down] - shown.low_mm[plane.down]) for edge in (box.low_mm, box.high_mm))
    else:
        y0, y1 = ((shown.high_mm[plane.down] - edge[plane.down]) for edge in (box.high_mm, box.low_mm))
    rectangle = [round(x0), round(y0 / _PIXEL_MM), round(x1) - 1, round(y1 / _PIXEL_MM) - 1]
    face = picture.crop((left, top, left + columns, top + rows))
    ImageDraw.Draw(face).rectangle(rectangle, outline=colour, width=width)
    picture.paste(face, (left, top))


def _letter(pen: ImageDraw.ImageDraw, plane: _Plane, corner: Corner, size: tuple[int, ...], box: Box) -> None:
    """Write the patient's directions at the edges, and under the panel where its plane lies."""
    (left, top), (rows, columns) = corner, size
    font = ImageFont.load_default(15)
    middle_x, middle_y = left + columns // 2, top + rows // 2
    places = (
        (left + 4, middle_y, "lm"),
        (left + columns - 4, middle_y, "rm"),
        (middle_x, top + 3, "ma"),
        (middle_x, top + rows - 3, "md"),
    )
    for letter, (x, y, anchor) in zip(plane.letters, places, strict=True):
        pen.text((x, y), letter, _INK, font, anchor=anchor, stroke_width=2, stroke_fill=_BACKGROUND)
    axis = "xyz"[plane.normal]
    text = f"{plane.name}, {axis} = {box.centre_mm[plane.normal]:.0f} mm"
    pen.text((left, top + rows + 4), text, _QUIET_INK, ImageFont.load_default(13))


def _words(pen: ImageDraw.ImageDraw, size: tuple[int, int], caption: str, box: Box) -> None:
    width, height = size
    x, y, z = box.size_mm
    pen.text((_GAP, 7), caption, _INK, ImageFont.load_default(15))
    measure = f"{x:.0f} x {y:.0f} x {z:.0f} mm (right-left x front-back x head-feet)"
    small = ImageFont.load_default(13)
    pen.text((width - _GAP, 9), measure, _BOX_COLOUR, small, anchor="ra")
    bar = round(_SCALE_BAR_MM / _PIXEL_MM)
    pen.rectangle((_GAP, height - 14, _GAP + bar, height - 12), fill=_INK)
    pen.text((_GAP + bar + 8, height - 20), f"{_SCALE_BAR_MM / 10:.0f} cm", _INK, small)
    pen.text((width - _GAP, height - 20), _NOTE, _QUIET_INK, small, anchor="ra")


def _png(picture: Image.Image) -> bytes:
    """Encode with a palette: the greys in use and the few colours of the drawing."""
    file = io.BytesIO()
    picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        file, "PNG", optimize=True
    )
    return file.getvalue()
