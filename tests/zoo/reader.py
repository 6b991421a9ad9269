"""One file at a time through the doors of the intake, in the shape that the zoo's table asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from heartbox.intake.door import open_series, open_study
from heartbox.intake.files import Member, list_files
from heartbox.intake.headers import Header, is_media_directory, judge_header, read_dicom_head
from heartbox.intake.pixels import Frames, rescaled
from heartbox.intake.zips import is_zip, list_zip
from heartbox.problems import Problem

Values = npt.NDArray[Any]


def read_image(path: str) -> tuple[Values, Values]:
    """Return the stored values and HU of one file, [frames, rows, columns]; refuse by raising."""
    source = Path(path)
    (member,) = list_files(source)
    with source.open("rb") as file:
        first = file.read(4)
    if is_zip(first) or first == b"NRRD" or source.name.endswith((".nii", ".nii.gz")):
        series = open_series(source)
        nz, ny, nx = series.volume.grid.shape
        hu = series.volume.read((0, 0, 0), (nz, ny, nx)).hu
        return hu, hu
    header = _header(member)
    frames = Frames(header)
    stored = [frames.stored(index) for index in range(len(header.planes))]
    hu = np.stack([rescaled(header, index, values) for index, values in enumerate(stored)])
    return np.stack(stored), hu


def count_images(path: str) -> int:
    """Return the number of CT images, scout views included, in a zip or on a medium; refuse by raising."""
    source = Path(path)
    with source.open("rb") as file:
        members = list_zip(source) if is_zip(file.read(4)) else _medium(source)
    count = 0
    for member in members:
        try:
            Frames(_header(member)).stored(0)
        except Problem as problem:
            if problem.code not in ("not-an-image", "no-ct-series", "file-empty"):
                raise
            count += "localizer" in str(problem)
        else:
            count += 1
    if not count:
        open_study(source)
        raise Problem("no-ct-series", reason="no CT images")
    return count


def _medium(source: Path) -> list[Member]:
    (member,) = list_files(source)
    if not is_media_directory(read_dicom_head(member)):
        return [member]
    return list_files(source.parent)


def _header(member: Member) -> Header:
    return judge_header(member, read_dicom_head(member))
