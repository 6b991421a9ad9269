"""A refusal in plain words: one code, one sentence for the doctor, one for the integrator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from heartbox.contract import load_json

Detail = str | int | float


class Problem(Exception):  # noqa: N818 - the contract's word for a refusal (RFC 9457)
    """Bad input, refused with a code from ``contract/problems.json``.

    The sentences are templates; ``details`` fills them (``Problem("path-missing", path="x")``).
    A detail never holds a patient's name, identifier or date: file names are the most it may say.

    Raises
    ------
    KeyError
        When the code is not in the contract or a detail that its sentences need is missing.
    """

    def __init__(self, code: str, **details: Detail) -> None:
        entry = load_json("problems.json")[code]
        self.code = code
        self.details = details
        self.http_status: int = entry["http_status"]
        self.exit_code: int = entry["exit_code"]
        self.sentence: str = entry["doctor"].format(**details)
        self.integrator_sentence: str = entry["integrator"].format(**details)
        super().__init__(self.sentence)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a worker process hand the problem back whole."""
        return (_rebuild, (self.code, self.details))

    def as_json(self) -> dict[str, Any]:
        """Return the RFC 9457 problem document (schema ``problem``)."""
        return {
            "type": f"urn:heartbox:problem:{self.code}",
            "title": self.sentence,
            "status": self.http_status,
            "detail": self.integrator_sentence,
            "code": self.code,
        }


def _rebuild(code: str, details: dict[str, Detail]) -> Problem:
    return Problem(code, **details)


@dataclass(frozen=True)
class Notice:
    """Something odd that did not stop the work: a code and a sentence, never silent."""

    code: str
    text: str

    @classmethod
    def of(cls, code: str, **details: Detail) -> Notice:
        """Fill the sentence of a notice code of ``contract/notices.json``."""
        return cls(code, load_json("notices.json")[code].format(**details))

    def as_json(self) -> dict[str, str]:
        """Return ``{"code", "text"}``, the shape of a warning in every output."""
        return {"code": self.code, "text": self.text}
