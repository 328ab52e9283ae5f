"""Ways through a part of a file: what a text is, the type of its field tells."""

from __future__ import annotations

from pydantic import Field

from voicebot.authoring.model import (
    Expression,
    GapText,
    Id,
    KeypadKey,
    Part,
    PlainText,
    Prompt,
    Prompts,
    ShortPart,
    Target,
    Value,
)
from voicebot.authoring.walking import conditions_of, parts_within, prompts_of, short_forms, targets_of, texts_of


class Inner(ShortPart):
    SHORT = "to"

    to: GapText
    when: Expression | None = None
    said: Prompts = Field(default_factory=list)


class Outer(Part):
    id: Id
    plain: PlainText = "plain"
    inner: Inner
    again: Inner | None = Field(None, alias="more")
    items: dict[Id, Inner] = Field(default_factory=dict)
    keys: dict[KeypadKey, Target] = Field(default_factory=dict)
    next: Target | None = None
    value: Value = None


WHOLE = Outer.model_validate(
    {
        "id": "x", "inner": {"to": "{a}", "when": "a > 1", "said": ["Hi.", {"text": "Ho.", "ssml": "<s/>"}]},
        "more": "{b}", "items": {"one": {"to": "{c}"}}, "keys": {"1": "there"}, "next": "end",
        "value": {"k": ["{d}", 3, None]},
    }
)  # fmt: skip


def test_texts_with_gaps_are_found_however_deep() -> None:
    assert list(texts_of(WHOLE, ("steps", 0))) == [
        (("steps", 0, "inner", "to"), "{a}"),
        (("steps", 0, "inner", "said", 0, "text"), "Hi."),
        (("steps", 0, "inner", "said", 1, "text"), "Ho."),
        (("steps", 0, "inner", "said", 1, "ssml"), "<s/>"),
        (("steps", 0, "more", "to"), "{b}"),
        (("steps", 0, "items", "one", "to"), "{c}"),
        (("steps", 0, "value", "k", 0), "{d}"),
    ]


def test_conditions_targets_and_prompts_likewise() -> None:
    assert list(conditions_of(WHOLE)) == [(("inner", "when"), "a > 1")]
    assert list(targets_of(WHOLE)) == [(("keys", "1"), "there"), (("next",), "end")]
    assert [(path, prompt.text) for path, prompt in prompts_of(WHOLE)] == [
        (("inner", "said", 0), "Hi."), (("inner", "said", 1), "Ho."),
    ]  # fmt: skip


def test_parts_and_their_short_forms_are_found() -> None:
    assert set(parts_within(Outer)) == {Inner, Prompt}
    assert short_forms([Outer]) == {"inner": "to", "more": "to", "items": "to"}
