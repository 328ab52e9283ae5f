"""Holds an answer of the API against the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from voicebot.web.openapi import document

DOCUMENT = document()


def conforms(name: str, status: int, kind: str, body: bytes) -> None:
    """``name``: method and path of the document. Raises ``jsonschema.ValidationError`` and AssertionError."""
    method, path = name.split(" ")
    answers = DOCUMENT["paths"][path][method.lower()]["responses"]
    answer: dict[str, Any] = answers.get(str(status)) or answers["default"]
    assert str(status) in answers or status >= 400, f"{name} answers {status}"
    if "content" not in answer:
        assert body == b"" or status == 206, f"{name}: {status} has no content"
        return
    assert kind.partition(";")[0] in answer["content"], f"{name}: {kind}"
    schema = answer["content"][kind.partition(";")[0]]["schema"]
    if schema:
        whole = {**schema, "components": DOCUMENT["components"]}
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json.loads(body))
