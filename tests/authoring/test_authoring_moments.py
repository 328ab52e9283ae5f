"""Who asks for a moment gets it, at any question, and it uses up no try."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from folder_line import Line, line

from voicebot.authoring.expected import USUAL
from voicebot.authoring.steps.no_answer import MOMENT_S, MOST_WAITS
from voicebot.authoring.understanding import for_language
from voicebot.telephony_channel import NO_INPUT, NO_MATCH

TAKE_YOUR_TIME, STILL_HERE = USUAL["take_your_time"]["en"], USUAL["still_here"]["en"]
KINDS = ("digits", "yesno", "date", "money", "name", "spelled", "text", "duration", "choice")


def question(kind: str, more: str = "") -> str:
    value = "{billing: , hours: }" if kind == "choice" else "true"
    ask = f"{{id: q, ask: Well?, {kind}: {value}, save: it, tries: 2, no_input_after: 5, on_fail: f{more}}}"
    return f"steps: [{ask}, {{id: b, hangup: 'Bye {{it}}.'}}, {{id: f, hangup: Failed.}}]"


def patience_ms(call: Line) -> list[int]:
    data: list[dict[str, Any]] = [sent.get("channelData") or {} for sent in call.sent]
    told = [one.get("sessionParams", {}).get("userNoInputTimeoutMS") for one in data]
    return [ms for ms in told if ms is not None]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", ["One moment, please.", "Hold on.", "hold on, let me look", "okay, just a second"])
async def test_a_moment_is_given_and_uses_up_no_try(tmp_path: Path, kind: str, said: str) -> None:
    call = line(tmp_path, question(kind))
    await call.dial()
    for _ in range(MOST_WAITS):
        assert await call.say(said) == [TAKE_YOUR_TIME, "Well?"]
        assert patience_ms(call)[-1] == MOMENT_S * 1000
    assert await call.event(NO_INPUT) == [STILL_HERE, "Well?"]
    assert patience_ms(call) == [5000], "from here on it is waited as usual"
    assert len(await call.event(NO_INPUT)) == 2
    assert await call.event(NO_INPUT) == ["Failed."]


async def test_who_asks_too_often_uses_up_tries(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits"))
    await call.dial()
    for _ in range(MOST_WAITS):
        await call.say("wait")
    assert await call.say("wait") == [USUAL["sorry"]["en"], "Well?"]
    assert await call.say("wait") == ["Failed."]


async def test_the_answer_after_a_moment_is_taken(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits"))
    await call.dial()
    await call.say("let me check")
    assert await call.say("four two") == ["Bye 42."]


async def test_sounds_while_the_caller_looks_are_not_asked_about(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits"))
    await call.dial()
    await call.say("hold on")
    assert await call.event(NO_MATCH) == []
    assert await call.say("what on earth") == [USUAL["sorry"]["en"], "Well?"]
    assert patience_ms(call) == [5000]


async def test_a_moment_may_be_asked_for_at_a_confirmation_and_before_the_question_was_heard(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits", ", confirm: 'Is {it} right?'"))
    await call.dial()
    assert await call.say("hold on", 0.1) == [TAKE_YOUR_TIME, "Well?"]
    await call.say("four two")
    assert await call.say("one moment") == [TAKE_YOUR_TIME, "Is 42 right?"]
    assert await call.event(NO_INPUT) == [STILL_HERE, "Is 42 right?"]


async def test_digits_so_far_are_kept(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits").replace("digits: true", "digits: 4"))
    await call.dial()
    await call.say("four two")
    assert await call.say("hold on") == [TAKE_YOUR_TIME, "Well?"]
    assert await call.say("one one") == ["Bye 4211."]


async def test_an_option_may_be_called_so(tmp_path: Path) -> None:
    call = line(tmp_path, question("choice").replace("billing: ", "wait: {say: [hold on]}"))
    await call.dial()
    assert await call.say("hold on") == ["Bye wait."]


@pytest.mark.parametrize(("language", "said"), [
    ("en-US", "bear with me one moment"), ("en-US", "let me grab my card"), ("en-US", "I'm not ready yet"),
    ("en-US", "yes, one moment please"), ("en-US", "I have to look for it, one second"),
    ("en-US", "hold on while I get it"), ("en-US", "hold on, I'm not sure"), ("en-US", "give me five minutes"),
    ("de-DE", "einen Moment bitte"), ("de-DE", "warten Sie"), ("fr-FR", "un instant"), ("fr-FR", "attendez"),
    ("es-ES", "un momento"), ("es-ES", "espere, por favor"),
])  # fmt: skip
def test_these_ask_for_a_moment(language: str, said: str) -> None:
    assert for_language(language).asks_to_wait(said)


@pytest.mark.parametrize(("language", "said"), [
    ("en-US", "I'm not sure"), ("en-US", "not so fast"), ("en-US", "yes"),
    ("en-US", "stop"), ("en-US", "um"), ("en-US", "I don't want to wait"), ("en-US", "one bedroom"),
    ("de-DE", "ich bin nicht sicher"), ("fr-FR", "je ne suis pas sûr"), ("es-ES", "no estoy seguro"),
])  # fmt: skip
def test_these_do_not(language: str, said: str) -> None:
    assert not for_language(language).asks_to_wait(said)


@pytest.mark.parametrize("said", ["Let me explain what happened.", "Wait for the bus.", "Hold on, it's three."])
async def test_what_may_be_all_that_somebody_says_to_an_open_question_is_taken(tmp_path: Path, said: str) -> None:
    call = line(tmp_path, question("text"))
    await call.dial()
    assert TAKE_YOUR_TIME not in await call.say(said)
    assert call.hung_up
