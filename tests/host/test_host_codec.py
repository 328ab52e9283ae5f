from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from botbuilder.core import MessageFactory
from botbuilder.dialogs import DialogInstance, DialogState
from botbuilder.dialogs.choices import Choice, ListStyle
from botbuilder.dialogs.prompts import PromptOptions
from botbuilder.schema import ChannelAccount, InputHints
from hypothesis import given
from hypothesis import strategies as st

from voicebot.host.codec import StateNotStorable, StateUnreadable, dumps, loads

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@given(plain)
def test_plain_data_comes_back_as_it_was(value: object) -> None:
    assert loads(dumps(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 12, 1, 9, 30, tzinfo=UTC),
        date(2026, 12, 1),
        time(18, 30),
        timedelta(minutes=2.5),
        Decimal("84.37"),
        b"\x00\xff",
        {"a", "b"},
        frozenset({1, 2}),
        {"$": "DialogState", "stack": []},
        {3: "three", (1, 2): "pair"},
        ListStyle.suggested_action,
    ],
)
def test_tagged_values_come_back_with_their_type(value: object) -> None:
    back = loads(dumps(value))
    assert back == value
    assert type(back) is type(value)


def test_a_dialog_stack_with_a_prompt_comes_back_whole() -> None:
    options = PromptOptions(
        prompt=MessageFactory.text("Which size?", "<speak>Which size?</speak>", InputHints.expecting_input),
        choices=[Choice("small", synonyms=["little"]), Choice("large")],
        style=ListStyle.in_line,
    )
    state = DialogState([DialogInstance("choice", {"options": options, "state": {}}), DialogInstance("main", {"i": 2})])
    back = loads(dumps({"DialogState": state}))["DialogState"]
    assert [instance.id for instance in back.dialog_stack] == ["choice", "main"]
    restored = back.dialog_stack[0].state["options"]
    assert restored.prompt.speak == "<speak>Which size?</speak>"
    assert restored.prompt.input_hint == "expectingInput"
    assert [choice.value for choice in restored.choices] == ["small", "large"]
    assert restored.choices[0].synonyms == ["little"]
    assert restored.style is ListStyle.in_line


def test_schema_objects_come_back() -> None:
    account = loads(dumps(ChannelAccount(id="+1", name="Ada")))
    assert (account.id, account.name) == ("+1", "Ada")


class Anything:
    pass


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, Anything()]}, "state.a[1]"),
        ({"f": float("nan")}, "state.f"),
        ({"a": {7: {"b": (0, Anything())}}}, "state.a[7].b[1]"),
        ({"a": {Anything: 1}}, "state.a key"),
        ({"d": DialogState([DialogInstance("menu", {"x": Anything()})])}, "state.d.stack[0].state.x"),
        (Anything(), "state is"),
    ],
)
def test_what_cannot_come_back_is_refused_with_its_path(value: object, path: str) -> None:
    with pytest.raises(StateNotStorable, match=path.replace("[", r"\[")):
        dumps(value)


def test_state_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(StateNotStorable, match="contain itself"):
        dumps(loop)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "{",
        '{"$":"py/object:os.system"}',
        '{"$":"schema.__init__","value":{}}',
        '{"$":["DialogState"]}',
        '{"$":"DialogInstance"}',
        '{"$":"DialogState","stack":[1]}',
        '{"$":"datetime","value":"yesterday"}',
        '{"$":"datetime","value":7}',
        '{"$":"bytes","value":"???"}',
        '{"$":"dict","items":[[{},1]]}',
        '{"$":"schema.Activity","value":[]}',
        "[" * 3000 + "]" * 3000,
    ],
)
def test_unknown_tags_and_damage_are_refused(stored: str) -> None:
    with pytest.raises(StateUnreadable):
        loads(stored)


@given(st.text())
def test_no_text_makes_reading_fail_in_any_other_way(stored: str) -> None:
    try:
        loads(stored)
    except StateUnreadable:
        pass
    else:
        json.loads(stored)


@given(plain)
def test_equal_state_is_written_equally(value: object) -> None:
    assert dumps(loads(dumps(value))) == dumps(value)
