"""What a contour tells: area, centre, equivalent, least and largest diameter, inscribed radius."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heartbox.aorta.model import Diameter

Numbers = npt.NDArray[np.float64]


def ray_angles(count: int) -> Numbers:
    """Return evenly spaced angles of a contour's rays, (count,) float64, radians from 0."""
    return np.arange(count) * 2 * np.pi / count


def contour_area_mm2(radii_mm: Numbers) -> Numbers:
    """Return the areas of polar contours, (n,) float64, mm2, from (n, rays) float64 radii, mm.

    Each ray stands for a sector of its own radius, so a circle's area comes out exactly.
    """
    return np.asarray((radii_mm**2).mean(axis=1) * np.pi)


def equivalent_diameter_mm(radii_mm: Numbers) -> Numbers:
    """Return the diameters of circles of equal area, (n,) float64, mm."""
    return np.asarray(2 * np.sqrt(contour_area_mm2(radii_mm) / np.pi))


def centroid_mm(radii_mm: Numbers) -> Numbers:
    """Return the centroids of polar contours in their planes, (n, 2) float64, mm along u and v."""
    outline = _outline(radii_mm)
    ahead = np.roll(outline, -1, axis=1)
    cross = outline[..., 0] * ahead[..., 1] - outline[..., 1] * ahead[..., 0]
    twice_area = np.maximum(cross.sum(axis=1), 1e-6)
    return np.asarray(((outline + ahead) * cross[..., None]).sum(axis=1) / (3 * twice_area[:, None]))


def inscribed_radius_mm(radii_mm: Numbers, reach: int = 3) -> Numbers:
    """Return for each plane the radius of the largest circle inside its contour, (n,) float64, mm.

    The circle's centre is searched near the plane's own centre and its centroid; neighbours along the
    vessel are not looked at, so this is the ball's radius for a vessel that widens slowly.

    Parameters
    ----------
    radii_mm : (n, rays) float64
    reach : rounds of refinement of the centre
    """
    outline = _outline(radii_mm)
    centre = centroid_mm(radii_mm)
    step = 0.15 * radii_mm.mean(axis=1)
    angles = ray_angles(8)
    moves = np.vstack([np.zeros((1, 2)), np.stack([np.cos(angles), np.sin(angles)], axis=1)])
    best = _clearance(outline, centre[:, None])[:, 0]
    for _ in range(reach):
        trial = centre[:, None] + step[:, None, None] * moves
        clearance = _clearance(outline, trial)
        pick = clearance.argmax(axis=1)
        centre = trial[np.arange(len(trial)), pick]
        best = clearance[np.arange(len(trial)), pick]
        step = step / 2
    return np.asarray(best)


def diameter_of(radii_mm: Numbers) -> Diameter:
    """Return equivalent, least and largest diameter of one contour, (rays,) float64, an even count, mm.

    The least is the shortest chord through the contour's centre, never above the equivalent (a mean
    is never above a root mean square); the largest is the widest calliper width, the distance of
    parallel lines that touch the contour from outside, never below it (isodiametric inequality).
    """
    half = radii_mm.size // 2
    chords = radii_mm[:half] + radii_mm[half:]
    angles = ray_angles(radii_mm.size)[:half]
    along = _outline(radii_mm[None])[0] @ np.stack([np.cos(angles), np.sin(angles)])
    width = along.max(axis=0) - along.min(axis=0)
    equivalent = float(equivalent_diameter_mm(radii_mm[None])[0])
    return Diameter(equivalent, float(chords.min()), float(max(width.max(), equivalent)))


def _outline(radii_mm: Numbers) -> Numbers:
    angles = ray_angles(radii_mm.shape[1])
    return np.asarray(radii_mm[..., None] * np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _clearance(outline: Numbers, centres: Numbers) -> Numbers:
    """Distance from centres, (n, m, 2), to the contour's corners, (n, rays, 2): (n, m)."""
    away = np.linalg.norm(outline[:, None] - centres[:, :, None], axis=-1)
    return np.asarray(away.min(axis=-1))
