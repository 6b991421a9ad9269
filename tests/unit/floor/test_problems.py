from __future__ import annotations

import json
import pickle
import string
from pathlib import Path

import pytest

from heartbox import contract
from heartbox.problems import Notice, Problem

PROBLEMS = contract.load_json("problems.json")
NOTICES = contract.load_json("notices.json")


def _filled(*templates: str) -> dict[str, str]:
    fields = (field for text in templates for _, field, _, _ in string.Formatter().parse(text))
    return {field: "some words" for field in fields if field}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_problem_is_one_sentence_with_a_way_on(code: str) -> None:
    entry = PROBLEMS[code]
    problem = Problem(code, **_filled(entry["doctor"], entry["integrator"]))
    contract.check("problem", problem.as_json())
    assert problem.exit_code in (1, 2)
    assert problem.sentence.endswith(".")
    assert "\n" not in problem.sentence


@pytest.mark.parametrize("code", sorted(NOTICES))
def test_every_notice_is_a_sentence(code: str) -> None:
    notice = Notice.of(code, **_filled(NOTICES[code]))
    assert notice.as_json() == {"code": code, "text": notice.text}
    assert notice.text.endswith(".")


def test_a_problem_survives_the_way_between_processes() -> None:
    problem = pickle.loads(pickle.dumps(Problem("file-empty", name="a.dcm")))
    assert (problem.code, problem.sentence) == ("file-empty", Problem("file-empty", name="a.dcm").sentence)


def test_a_code_that_the_contract_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        Problem("no-such-code")


def test_limits_are_numbers_with_unit_and_reason() -> None:
    for name, entry in contract.load_json("limits.json").items():
        assert contract.limit(name) > 0
        assert entry["unit"] and entry["why"], name


def test_every_schema_is_a_valid_schema() -> None:
    folder = contract.contract_folder() / "schemas"
    names = [path.name for path in folder.glob("*.json")]
    assert {"graph.schema.json", "locate.schema.json", "sector.schema.json"} <= set(names)
    for name in names:
        from jsonschema import Draft202012Validator

        Draft202012Validator.check_schema(json.loads(Path(folder, name).read_text(encoding="utf-8")))
