"""Named places along the aorta, each with the definition used and how sure its place is.

Names and definitions follow the nine places of the 2022 ACC/AHA guideline on aortic disease
(Isselbacher et al., Circulation 146, 2022); what is estimated from arc length says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heartbox.aorta.branches import ArchBranch
from heartbox.aorta.centreline import Centreline
from heartbox.aorta.measure import diameter_of
from heartbox.aorta.model import Landmark

_BEFORE_TRUNK_MM = 5.0
_ISTHMUS_MM = 20.0
_SURE_MM, _CLEAR_MM, _VAGUE_MM, _ESTIMATED_MM = 2.0, 3.0, 5.0, 15.0


def find_landmarks(lines: Sequence[Centreline], branches: Sequence[ArchBranch]) -> list[Landmark]:
    """Find the landmarks that a sector's aorta shows, from the heart on.

    Parameters
    ----------
    lines : centrelines of the aorta's pieces
    branches : vessels that leave the arch
    """
    found: list[Landmark] = []
    for line in lines:
        if line.piece.kind != "descending":
            found += _root(line)
            found += _ascending(line, branches)
        if line.piece.kind == "whole":
            found += _arch(line, branches)
        if line.piece.kind != "ascending":
            found += _descending(line)
    return found


def _at(line: Centreline, plane: int, name: str, uncertainty_mm: float, definition: str) -> Landmark:
    plane = int(np.clip(plane, 0, len(line.points_mm) - 1))
    radii = line.piece.contours.radii_mm[plane]
    return Landmark(name, line.points_mm[plane], diameter_of(radii), uncertainty_mm, definition)


def _root(line: Centreline) -> list[Landmark]:
    root = line.piece.root
    if root is None:
        return []
    sure = _CLEAR_MM if root.clear else _VAGUE_MM
    found = [
        _at(
            line, root.annulus, "annulus", sure,
            "Upper end of the waist between outflow tract and sinuses, by equivalent diameter.",
        )
    ]  # fmt: skip
    if root.sinuses is not None:
        text = "Largest equivalent diameter between annulus and sinotubular junction."
        found.append(_at(line, root.sinuses, "sinuses", sure, text))
    if root.junction is not None:
        text = "First minimum of the equivalent diameter above the sinuses."
        found.append(_at(line, root.junction, "sinotubular_junction", sure + 1, text))
    return found


def _named(branches: Sequence[ArchBranch], name: str) -> ArchBranch | None:
    return next((branch for branch in branches if branch.name == name), None)


def _ascending(line: Centreline, branches: Sequence[ArchBranch]) -> list[Landmark]:
    root = line.piece.root
    trunk = _named(branches, "brachiocephalic")
    if root is None:
        return []
    low = float(line.arc_mm[root.junction if root.junction is not None else root.annulus])
    below = "sinotubular junction" if root.junction is not None else "annulus"
    if trunk is not None:
        high, above = float(line.arc_mm[trunk.leaves_at]), "brachiocephalic trunk"
    elif line.piece.arch is not None:
        high, above = float(line.arc_mm[line.piece.arch[0]]), "beginning of the arch (estimated)"
    else:
        return []
    sure = _VAGUE_MM if trunk is not None and root.junction is not None else _ESTIMATED_MM
    text = f"Midway between {below} and {above} along the centreline."
    return [_at(line, line.plane_at((low + high) / 2), "mid_ascending", sure, text)]


def _arch(line: Centreline, branches: Sequence[ArchBranch]) -> list[Landmark]:
    found = []
    trunk = _named(branches, "brachiocephalic")
    carotid, subclavian = _named(branches, "left_carotid"), _named(branches, "left_subclavian")
    if trunk is not None:
        place = line.plane_at(float(line.arc_mm[trunk.leaves_at]) - _BEFORE_TRUNK_MM)
        text = "5 mm before the middle of the brachiocephalic trunk's mouth."
        found.append(_at(line, place, "proximal_arch", _CLEAR_MM, text))
    if carotid is not None and subclavian is not None:
        middle = (line.arc_mm[carotid.leaves_at] + line.arc_mm[subclavian.leaves_at]) / 2
        text = "Midway between left common carotid and left subclavian artery."
        found.append(_at(line, line.plane_at(float(middle)), "mid_arch", _CLEAR_MM, text))
    elif line.piece.arch is not None:
        middle = line.arc_mm[list(line.piece.arch)].mean()
        text = "Estimated: midway between the upper ends of the two straight parts."
        found.append(_at(line, line.plane_at(float(middle)), "mid_arch", _ESTIMATED_MM, text))
    if subclavian is not None:
        place = line.plane_at(float(line.arc_mm[subclavian.leaves_at]) + _ISTHMUS_MM)
        text = "20 mm beyond the left subclavian artery along the centreline."
        found.append(_at(line, place, "isthmus", _VAGUE_MM, text))
    return found


def _descending(line: Centreline) -> list[Landmark]:
    found = []
    first = line.piece.arch[1] if line.piece.arch is not None else 0
    last = len(line.points_mm) - 1
    if line.piece.kind == "whole":
        text = "Estimated: midway along the straight descending part inside the sector."
        found.append(_at(line, (first + last) // 2, "mid_descending", _ESTIMATED_MM, text))
    if line.piece.end == "sector_face":
        text = "Estimated: where the sector's lower face cuts the descending aorta, at or near the diaphragm."
        found.append(_at(line, last - 3, "diaphragm", 2 * _ESTIMATED_MM, text))
    return found
