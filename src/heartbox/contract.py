"""The contract that Python and the page share: limits, problem codes and JSON schemas.

The files live in ``contract/`` at the top of the repository; a wheel carries a copy inside the
package. Nothing here knows what the numbers are for.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_IN_WHEEL = Path(__file__).parent / "_contract"
_IN_CHECKOUT = Path(__file__).parents[2] / "contract"


def contract_folder() -> Path:
    """Return the folder that holds the contract, in a wheel or in a checkout."""
    return _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CHECKOUT


@cache
def load_json(name: str) -> Any:
    """Load one file of the contract by its path inside the folder, e.g. ``limits.json``."""
    return json.loads((contract_folder() / name).read_text(encoding="utf-8"))


def limit(name: str) -> int | float:
    """Return one number of ``limits.json`` by its name; KeyError for a name it lacks."""
    value: int | float = load_json("limits.json")[name]["value"]
    return value


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(load_json(f"schemas/{schema}.schema.json"))


def check(schema: str, document: object) -> None:
    """Check a JSON document against a schema of the contract.

    Parameters
    ----------
    schema : name without ending: ``locate``, ``sector``, ``graph``, ``truth``, ``problem``, ``manifest``
    document : what ``json.load`` gives

    Raises
    ------
    jsonschema.ValidationError
        When the document does not fit; the message names the field.
    """
    _validator(schema).validate(document)
