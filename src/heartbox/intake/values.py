"""Single values out of a kept data set, with a bound on what pydicom is asked to convert."""

from __future__ import annotations

from typing import Any

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from heartbox.intake.elements import LARGE_BYTES, SMALL_BYTES
from heartbox.problems import Problem

#: Sequences and tables; every other value of a header is short.
LARGE = frozenset(
    (
        "ExtendedOffsetTable",
        "LUTData",
        "ModalityLUTSequence",
        "PerFrameFunctionalGroupsSequence",
        "PixelMeasuresSequence",
        "PixelValueTransformationSequence",
        "PlaneOrientationSequence",
        "PlanePositionSequence",
        "SharedFunctionalGroupsSequence",
    )
)


def most_bytes(keyword: str) -> int:
    """Return the most bytes that the value of an element may have."""
    return LARGE_BYTES if keyword in LARGE else SMALL_BYTES


def value_of(data: Dataset, keyword: str, default: Any = None) -> Any:
    """Return an element's value, converted by pydicom; the default where it is missing or empty.

    Raises
    ------
    ValueError
        When the value is far longer than its meaning allows.
    """
    element = data.get_item(Tag(keyword))
    if element is None:
        return default
    if isinstance(element, RawDataElement) and len(element.value or b"") > most_bytes(keyword):
        raise ValueError(f"{keyword} is too long")
    value = data[keyword].value
    return default if value is None or value == "" else value


def values_of(data: Dataset, keyword: str) -> list[Any]:
    """Return an element's values as a list, empty where it is missing."""
    value = value_of(data, keyword, [])
    return [value] if isinstance(value, str | int | float) else list(value)


def text_of(data: Dataset, keyword: str) -> str:
    """Return an element as printable text, empty where it is missing."""
    return "".join(c for c in str(value_of(data, keyword, "")) if c.isprintable())


def whole_of(data: Dataset, keyword: str, name: str, default: int | None = None) -> int:
    """Return a whole number; ``dicom-damaged`` where it is missing (and has no default) or none."""
    value = value_of(data, keyword, default)
    if not isinstance(value, int):
        raise Problem("dicom-damaged", name=name, reason=f"no usable {keyword}")
    return value


def number_of(data: Dataset, keyword: str) -> float | None:
    """Return a number, None where it is missing."""
    value = value_of(data, keyword)
    return None if value is None else float(value)


def words_of(value: Any) -> list[int]:
    """Return the 16-bit words of a value that pydicom leaves as bytes where its type is open."""
    if isinstance(value, bytes):
        return list(memoryview(value[: len(value) // 2 * 2]).cast("H"))
    return [int(word) & 0xFFFF for word in ([value] if isinstance(value, int) else value)]


def signed_word(word: int, signed: bool) -> int:
    """Read a 16-bit word with the sign of the pixels."""
    return word - 0x10000 if signed and word > 0x7FFF else word
