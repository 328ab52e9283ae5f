from __future__ import annotations

from typing import Any

from voicebot.web.live_row import MOST_GAPS, MOST_UTTERANCES, Row


def line(event: str, at_ms: float = 0.0, **fields: Any) -> dict[str, Any]:
    return {"at_ms": at_ms, "event": event, **fields}


def told(*lines: dict[str, Any]) -> Row:
    row = Row()
    for each in lines:
        row.take(each)
    return row


def test_the_latest_words_of_both_are_told() -> None:
    row = told(
        line("first_audio", utterance=1, request=1, text="Hello."),
        line("playback_started", utterance=1),
        line("hypothesis", text="my par"),
    )
    assert (row.bot_said, row.caller_saying, row.caller_said) == ("Hello.", "my par", "")
    row.take(line("final", text="My parcel."))
    assert (row.caller_saying, row.caller_said) == ("", "My parcel.")
    row.take(line("final", text=""))
    assert row.caller_said == "My parcel.", "nothing was said since"
    row.take(line("key_pressed", 10.0, key="5"))
    assert row.caller_said == "5"
    assert row.lines == 6


def test_the_step_of_our_own_dialogs_is_the_latest() -> None:
    row = told(
        line("step_reached", step="main.hi"), line("step_reached", step="main.when"), line("bot_done", request=2)
    )
    assert row.as_json(words=False)["step"] == "main.when"


def test_a_prompt_that_is_only_made_ready_is_not_said() -> None:
    row = told(line("first_audio", utterance=1, request=1, text="Hello."))
    assert row.bot_said == ""
    row.take(line("playback_started", utterance=9))
    assert row.bot_said == "", "of this one nothing is known"


def test_a_gap_is_from_the_end_of_the_callers_turn_to_the_first_prompt_of_the_answer() -> None:
    row = told(
        line("speech_stopped", 1_100.0, offset_ms=1_000.0),
        line("asked", 1_200.0, request=2, kind="speech", text="hello"),
        line("first_audio", 1_300.0, utterance=2, request=2, text="One."),
        line("first_audio", 1_310.0, utterance=3, request=2, text="Two."),
        line("playback_started", 1_420.0, utterance=2),
        line("playback_started", 3_000.0, utterance=3),
    )
    assert list(row.gaps_ms) == [420.0]
    row.take(line("key_pressed", 5_000.0, key="1"))
    row.take(line("asked", 5_000.0, request=3, kind="key", text="1"))
    row.take(line("first_audio", 5_100.0, utterance=4, request=3, text="Three."))
    row.take(line("playback_started", 5_150.0, utterance=4))
    assert list(row.gaps_ms) == [420.0, 150.0]


def test_what_the_bot_says_by_itself_has_no_gap() -> None:
    row = told(
        line("asked", 0.0, request=1, kind="start", text=""),
        line("speech_stopped", 1_100.0, offset_ms=1_000.0),
        line("asked", 9_000.0, request=2, kind="no-input", text=""),
        line("first_audio", 9_100.0, utterance=2, request=2, text="Are you there?"),
        line("playback_started", 9_200.0, utterance=2),
    )
    assert list(row.gaps_ms) == []


def test_a_call_of_any_length_is_told_in_a_bounded_row() -> None:
    row = Row()
    for n in range(10_000):
        row.take(line("speech_stopped", n * 10.0, offset_ms=n * 10.0))
        row.take(line("asked", n * 10.0 + 1, request=n, kind="speech", text="x"))
        row.take(line("first_audio", n * 10.0 + 2, utterance=n, request=n, text="y"))
        if n % 2:
            row.take(line("playback_started", n * 10.0 + 3, utterance=n))
    assert len(row.gaps_ms) == MOST_GAPS
    assert len(row._utterances) <= MOST_UTTERANCES >= len(row._waited_since)


def test_where_words_are_told_to_nobody_the_figures_are() -> None:
    row = told(
        line("first_audio", utterance=1, request=1, text="Your balance is 3."),
        line("playback_started", utterance=1),
        line("final", text="a secret"),
        line("hypothesis", text="another"),
    )
    said = {"caller_said": "", "caller_saying": "", "bot_said": ""}
    assert row.as_json(words=False) == {**said, "step": "", "gaps_ms": []}
    assert row.as_json(words=True)["caller_said"] == "a secret"
