"""The aorta's centreline: points each mm with their widths, from the fitted outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heartbox.aorta.measure import inscribed_radius_mm
from heartbox.aorta.planes import arc_length_mm
from heartbox.aorta.segment import Piece
from heartbox.geometry import Points

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Centreline:
    """One piece of the aorta as a line, in the direction of the blood.

    Parameters
    ----------
    piece : Piece the line runs through
    points_mm : (n, 3) float64, LPS mm, about 1 mm apart
    arc_mm : (n,) float64, arc length from the piece's start, mm
    inscribed_radius_mm, diameter_mm : (n,) float64, mm
    """

    piece: Piece
    points_mm: Points
    arc_mm: Numbers
    inscribed_radius_mm: Numbers
    diameter_mm: Numbers

    def plane_at(self, arc_mm: float) -> int:
        """Return the number of the plane nearest to an arc length."""
        return int(np.abs(self.arc_mm - arc_mm).argmin())


def trace_centreline(piece: Piece) -> Centreline:
    """Read the centreline off a piece's outlines.

    Parameters
    ----------
    piece : Piece
    """
    contours = piece.contours
    inscribed = inscribed_radius_mm(contours.radii_mm)
    points = contours.points_mm
    return Centreline(piece, points, arc_length_mm(points), inscribed, contours.diameter_mm)
