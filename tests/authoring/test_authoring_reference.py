from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from voicebot.authoring.reference import reference, schema
from voicebot.authoring.steps import STEP_KINDS

PAGE = Path(__file__).parents[2] / "docs" / "authors" / "reference.md"


def test_the_reference_page_is_what_the_model_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "voicebot schema --reference > docs/authors/reference.md"


def test_every_kind_of_step_is_in_the_reference() -> None:
    page = reference()
    assert all(f"### `{word}`" in page for word in STEP_KINDS)


def test_the_schema_is_json_and_leads_nowhere() -> None:
    made = json.loads(json.dumps(schema()))
    named = {f"#/$defs/{name}" for name in made["$defs"]}
    references = list(_references(made))
    assert references
    assert set(references) <= named


def test_the_schema_takes_one_prompt_where_several_may_stand_and_keys_as_numbers() -> None:
    parts = schema()["$defs"]
    retry = parts["Ask"]["properties"]["retry"]
    assert {branch.get("type") for branch in retry["anyOf"]} == {None, "array"}
    option = next(branch for branch in parts["Option"]["anyOf"] if "properties" in branch)
    assert ["string", "number"] in [branch["type"] for branch in option["properties"]["key"]["anyOf"]]


def _references(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)
