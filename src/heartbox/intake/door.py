"""The door: whatever is handed over becomes a study of series, or one clear refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from heartbox.intake.choose import choose_series
from heartbox.intake.files import Member, list_files, printable
from heartbox.intake.headers import is_media_directory, read_dicom_head
from heartbox.intake.hounsfield import require_hounsfield
from heartbox.intake.nifti import is_nifti, open_nifti
from heartbox.intake.series import RefusedSeries, Series, geometry_notices, label_of, names_of, require_extent
from heartbox.intake.study import read_study
from heartbox.intake.zips import is_zip, list_zip
from heartbox.nrrd import read_nrrd
from heartbox.problems import Problem
from heartbox.volume import LazyVolume

_NO_IMAGES = frozenset(("not-an-image", "file-empty"))
_VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd")


def open_series(source: Path | str) -> Series:
    """Open what was handed over and choose its best CT; problems as `open_study`, `choose_series`."""
    return choose_series(open_study(source))


def open_study(source: Path | str) -> list[Series | RefusedSeries]:
    """Open a DICOM folder, a zip, a DICOM, NIfTI or NRRD file; headers are read, pixels are not.

    A DICOMDIR stands for the folder that it lies in: its records are not followed.

    Raises
    ------
    Problem
        ``path-missing``, ``nothing-to-read``, ``zip-unsafe``, ``too-many-files``, ``too-large``;
        for a single file ``file-empty``, ``not-an-image``, ``nifti-unreadable``,
        ``nrrd-unreadable``, ``not-hounsfield``. What is wrong with one series of several is told
        in a `RefusedSeries`.
    """
    path = Path(source)
    members = list_files(path)
    if path.is_dir():
        return _open_folder(members, printable(path.name))
    (member,) = members
    if is_zip(_first_bytes(member)):
        return _open_zip(list_zip(path), member.name)
    if kind := _volume_kind(member):
        return [_open_volume(member, kind)]
    if is_media_directory(read_dicom_head(member)):
        return _open_folder(list_files(path.parent), member.name)
    return read_study(members)


def _open_zip(members: list[Member], name: str) -> list[Series | RefusedSeries]:
    """Open a zip of DICOM files; other formats are read from disk only."""
    study = read_study(members)
    packed = [member.name for member in members if member.name.lower().endswith(_VOLUME_ENDINGS)]
    if packed and _is_empty(study):
        raise Problem("zip-of-volumes", name=name, inside=names_of(packed))
    return _some(study, name)


def _open_folder(members: list[Member], name: str) -> list[Series | RefusedSeries]:
    """Open a folder as DICOM; only when it holds none, as NIfTI and NRRD files."""
    study = read_study(members)
    if not _is_empty(study):
        return study
    volumes: list[Series | RefusedSeries] = []
    others: list[Member] = []
    for member in members:
        kind = _volume_kind(member)
        if kind is None:
            others.append(member)
            continue
        try:
            volumes.append(_open_volume(member, kind))
        except Problem as problem:
            volumes.append(RefusedSeries(problem, (member.name,), is_ct=True))
    return volumes + read_study(others) if volumes else _some(study, name)


def _is_empty(study: list[Series | RefusedSeries]) -> bool:
    """Tell a study of nothing but files that are no images."""
    return all(isinstance(one, RefusedSeries) and one.problem.code in _NO_IMAGES for one in study)


def _some(study: list[Series | RefusedSeries], name: str) -> list[Series | RefusedSeries]:
    if _is_empty(study):
        raise Problem("nothing-to-read", name=name, count=sum(len(one.names) for one in study))
    return study


def _first_bytes(member: Member) -> bytes:
    with member.open() as file:
        return file.read(8)


def _volume_kind(member: Member) -> Literal["nifti", "nrrd"] | None:
    if _first_bytes(member)[:4] == b"NRRD":
        return "nrrd"
    return "nifti" if member.path is not None and is_nifti(member.path) else None


def _open_volume(member: Member, kind: Literal["nifti", "nrrd"]) -> Series:
    """Open one file that holds a whole scan."""
    assert member.path is not None
    volume = open_nifti(member) if kind == "nifti" else LazyVolume.of(read_nrrd(member.path))
    require_extent(volume.grid)
    require_hounsfield(volume, member.name)
    notices = tuple(geometry_notices(volume.grid))
    return Series(volume, kind, "CT", member.n_bytes, notices, label_of(volume.grid), (member.name,))
