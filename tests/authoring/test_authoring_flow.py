"""Each word of the format, as a caller meets it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from folder_line import line, write

from voicebot.authoring.http import HttpFailed, HttpRequest


async def test_say_goes_on_and_hangup_ends_the_call(tmp_path: Path) -> None:
    caller = line(
        tmp_path, "steps: [{id: a, say: {text: Hi., barge_in: false}}, {id: b, say: Ho.}, {id: c, hangup: Bye.}]"
    )
    assert await caller.dial() == ["Hi.", "Ho.", "Bye."]
    assert caller.hints == ["ignoringInput", "acceptingInput", "acceptingInput"]
    assert caller.hung_up
    assert caller.visits == [("main", "a", "b"), ("main", "b", "c"), ("main", "c", "end")]


async def test_the_end_of_the_main_dialog_ends_the_call(tmp_path: Path) -> None:
    caller = line(tmp_path, "steps: [{id: a, say: Hi.}]")
    assert await caller.dial() == ["Hi."]
    assert caller.hung_up


async def test_set_if_and_goto(tmp_path: Path) -> None:
    caller = line(
        tmp_path,
        """
        constants: {limit: 3}
        steps:
          - {id: a, set: {n: 0, seen: []}}
          - {id: b, set: {n: "{n + 1}", seen: "{seen + [n]}"}}
          - {id: c, if: n < limit, then: b, else: d}
          - {id: never, say: Never.}
          - {id: d, goto: f}
          - {id: e, say: Never.}
          - {id: f, hangup: "{n} and {seen|list}"}
        """,
    )
    assert await caller.dial() == ["3 and 1, 2, and 3"]


async def test_a_loop_without_a_question_ends_the_call_politely(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caller = line(tmp_path, "steps: [{id: a, set: {x: 1}}, {id: b, goto: a}]")
    assert await caller.dial() == ["I am sorry, I cannot help you any further. Goodbye."]
    assert caller.hung_up
    assert "goes round in circles" in caplog.text


async def test_a_loop_of_dialogs_that_call_each_other_ends_as_well(tmp_path: Path) -> None:
    caller = line(tmp_path, "steps: [{id: a, call: other}]", other="steps: [{id: a, call: main}]")
    await caller.dial()
    assert caller.hung_up


async def test_a_called_dialog_gets_inputs_and_gives_outputs(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, call: sub/add, with: {x: 2, y: "{1 + 2}"}, save: {total: sum}}
          - {id: b, hangup: "{total}, {sum}{x}."}
    """
    (tmp_path / "d").mkdir()
    write(tmp_path / "d" / "sub", add="{inputs: [x, y], outputs: [sum], steps: [{id: a, set: {sum: '{x + y}'}}]}")
    assert await line(tmp_path, main).dial() == ["5, ."]


async def test_a_question_that_fails_in_a_called_dialog_is_the_callers_failure(tmp_path: Path) -> None:
    main = "steps: [{id: a, call: sub, on_fail: c}, {id: b, hangup: Fine.}, {id: c, hangup: Failed.}]"
    caller = line(tmp_path, main, sub="steps: [{id: q, ask: 'Well?', digits: 3, tries: 1}]")
    assert await caller.dial() == ["Well?"]
    assert await caller.silence() == ["Failed."]
    caller = line(tmp_path, main, sub="steps: [{id: q, goto: fail}]")
    assert await caller.dial() == ["Failed."]


async def test_python_of_the_folder_can_be_called(tmp_path: Path) -> None:
    python = """
        from botbuilder.dialogs import ComponentDialog, WaterfallDialog

        async def double(n):
            return n * 2

        async def breaks():
            raise RuntimeError("no")

        async def odd():
            return object()

        class Greeter(ComponentDialog):
            def __init__(self, dialog_id):
                super().__init__(dialog_id)
                self.add_dialog(WaterfallDialog("steps", [self.one, self.two]))

            async def begin_dialog(self, dc, options=None):
                return await super().begin_dialog(dc, options)

            async def on_begin_dialog(self, inner_dc, options):
                return await inner_dc.begin_dialog("steps", options)

            async def one(self, step):
                await step.context.send_activity("Who is " + step.options["who"] + "?")
                from botbuilder.dialogs import Dialog
                return Dialog.end_of_turn

            async def two(self, step):
                return await step.end_dialog(step.context.activity.text)
    """
    main = """
        steps:
          - {id: a, call: helper.double, with: {n: 21}, save: n, wait: One moment.}
          - {id: b, call: helper.Greeter, with: {who: Ada}, save: who}
          - {id: c, call: helper.breaks, on_error: d}
          - {id: never, say: Never.}
          - {id: d, say: "{n}, {who}, {error.message}"}
          - {id: e, call: helper.odd, on_error: f}
          - {id: f, hangup: Bye.}
    """
    caller = line(tmp_path, main, python_helper=python)
    await caller.dial()
    assert [sent["text"] for sent in caller.sent if sent["type"] == "message"] == ["One moment.", "Who is Ada?"]
    assert await caller.say("a countess") == ["42, a countess, RuntimeError: no", "Bye."]


async def test_http_saves_what_is_answered_and_knows_secrets(tmp_path: Path) -> None:
    asked: list[HttpRequest] = []

    async def fetch(request: HttpRequest) -> Any:
        asked.append(request)
        if "bad" in request.url:
            raise HttpFailed("the service answered 404", 404)
        return {"due": 7}

    main = """
        constants: {api: "https://crm.example"}
        steps:
          - {id: q, ask: Which?, text: true, save: number}
          - id: a
            http:
              get: "{api}/accounts/{number}"
              headers: {Authorization: "Bearer {secrets.TOKEN}"}
              query: {day: "{today}"}
              wait: One moment.
            save: bill
            on_error: d
          - {id: b, http: {post: "{api}/bad", json: {number: "{number}", when: "{today}"}}, on_error: d}
          - {id: c, say: Never.}
          - {id: d, hangup: "{bill.due} {error.status}"}
    """
    caller = line(tmp_path, main, fetch=fetch, secrets={"TOKEN": "hush"})
    await caller.dial()
    assert await caller.say("a/x?y") == ["One moment.", "7 404"]
    assert asked[0].url == "https://crm.example/accounts/a%2Fx%3Fy", "what is said leads nowhere else"
    assert asked[0].headers == {"Authorization": "Bearer hush"}
    assert asked[0].query == {"day": "2026-12-01"}
    assert asked[1].body == {"number": "a/x?y", "when": "2026-12-01"}


async def test_a_call_that_the_service_has_placed_knows_what_it_was_asked_for_with(tmp_path: Path) -> None:
    main = """
        steps:
          - id: a
            if: direction == 'outbound'
            then: ours
          - {id: theirs, hangup: "Hello. {context.order}"}
          - {id: ours, hangup: "Hello, this is about order {context.order}."}
    """
    theirs = line(tmp_path, main)
    assert await theirs.dial() == ["Hello. "]
    ours = line(tmp_path, main)
    assert await ours.dial(direction="outbound", context={"order": 7}) == ["Hello, this is about order 7."]


async def test_secrets_cannot_be_said(tmp_path: Path) -> None:
    caller = line(tmp_path, "steps: [{id: a, hangup: 'It is {secrets.TOKEN}.'}]", secrets={"TOKEN": "hush"})
    assert await caller.dial() == ["It is ."]


async def test_a_transfer_that_fails_goes_on_and_one_that_works_is_the_end(tmp_path: Path) -> None:
    main = """
        steps:
          - id: a
            transfer: {to: "{'+1425' + 5550123}", announce: Hold on., context: {caller: "{caller}", day: "{today}"}}
            on_fail: busy
          - {id: never, say: Never.}
          - {id: busy, hangup: All busy.}
    """
    caller = line(tmp_path, main)
    assert await caller.dial(caller="+15550100") == ["Hold on."]
    assert caller.hints == ["ignoringInput"]
    assert caller.transfer == {
        "TargetPhoneNumber": "+14255550123", "caller": "+15550100", "day": "2026-12-01",
        "headers": {"X-Context-caller": "+15550100", "X-Context-day": "2026-12-01"},
    }  # fmt: skip
    assert await caller.say("hello?") == []
    assert await caller.event("handoff.status", {"state": "failed"}) == ["All busy."]
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.event("handoff.status", {"state": "completed"}) == []
    assert caller.hung_up


@pytest.mark.parametrize(("hour", "said"), [(9, "Open."), (20, "Closed.")])
async def test_opening_hours_decide(tmp_path: Path, hour: int, said: str) -> None:
    main = """
        schedules: {office: {zone: UTC, week: {mon-fri: 08:00-18:00}, holidays: [12-25]}}
        steps:
          - {id: a, hours: office, closed: no}
          - {id: yes, hangup: Open.}
          - {id: no, hangup: Closed.}
    """
    assert await line(tmp_path, main, now=lambda: datetime(2026, 12, 1, hour, tzinfo=UTC)).dial() == [said]


async def test_globals_work_anywhere(tmp_path: Path) -> None:
    main = """
        globals:
          agent: {key: "0", goto: agent, say: [boss]}
          start_over: {goto: q, message: Again from the start.}
          slower: {message: Sure.}
        steps:
          - {id: q, ask: Well?, choice: {a: }, help: Say a., save: x}
          - {id: s, call: sub}
          - {id: agent, transfer: "+1"}
    """
    sub = "steps: [{id: n, ask: Number?, digits: 3}]"
    caller = line(tmp_path, main, sub=sub)
    await caller.dial()
    assert await caller.say("pardon?") == ["Well?"]
    assert await caller.press("*") == ["Well?"]
    assert await caller.say("help me") == ["Say a."]
    assert await caller.say("a") == ["Number?"]
    assert await caller.press("0") == [], "a digit, while digits are keyed in"
    assert await caller.say("start over") == ["Again from the start.", "Well?"]
    assert await caller.say("slower please") == [
        '<speak><prosody rate="-25%">Sure.</prosody></speak>',
        '<speak><prosody rate="-25%">Well?</prosody></speak>',
    ]
    assert await caller.say("a") == ['<speak><prosody rate="-25%">Number?</prosody></speak>']
    await caller.say("let me talk to your boss")
    assert caller.transfer == {"TargetPhoneNumber": "+1"}
    caller = line(tmp_path, main, sub=sub)
    await caller.dial()
    await caller.press("0")
    assert caller.transfer is not None


async def test_voice_audio_and_ssml(tmp_path: Path) -> None:
    main = """
        voice: Default
        constants: {company: A & B}
        steps:
          - {id: a, say: "{company}"}
          - {id: b, say: {text: Ding., audio: "https://x.example/ding.wav", voice: Other}}
          - {id: c, say: {text: Hi., ssml: "<speak>Hi<break time='1s'/> {company}</speak>"}}
    """
    assert await line(tmp_path, main).dial() == [
        '<speak><voice name="Default">A &amp; B</voice></speak>',
        '<speak><voice name="Other">Ding.</voice></speak>',
        "<speak><voice name=\"Default\">Hi<break time='1s'/> A &amp; B</voice></speak>",
    ]


async def test_tags_in_a_value_are_no_ssml(tmp_path: Path) -> None:
    main = """
        constants: {name: "<audio src='https://x.example/a.wav'/>"}
        steps: [{id: a, say: "Hello {name}."}]
    """
    assert await line(tmp_path, main).dial() == ["<speak>Hello &lt;audio src='https://x.example/a.wav'/&gt;.</speak>"]


async def test_a_call_in_another_language_gets_the_translation(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: q, ask: "Is it {today|date:weekday}?", yesno: {yes: bye}, save: x}
          - {id: bye, hangup: Goodbye.}
    """
    german = "steps: {q: {ask: 'Ist {today|date:weekday}?'}, bye: {hangup: Auf Wiederhören.}}"
    caller = line(tmp_path, main, main__de=german, locale="de-AT")
    assert await caller.dial() == ["Ist Dienstag?"]
    assert await caller.say("genau") == ["Auf Wiederhören."]
    assert await line(tmp_path, main, main__de=german).dial() == ["Is it Tuesday?"]
    french = line(tmp_path, main, main__de=german, locale="fr-FR")
    assert await french.dial() == ["Is it Tuesday?"]
    assert french.sent[-1]["locale"] == "en-US", "the voice must know that it is English"


async def test_what_is_said_before_starting_over_knows_the_call(tmp_path: Path) -> None:
    main = """
        constants: {company: Contoso}
        globals: {start_over: {goto: q, message: "Again, {caller|digits}, at {company}, {x}."}}
        steps:
          - {id: q, ask: Well?, digits: 2, save: x}
          - {id: r, ask: And?, digits: 2}
    """
    caller = line(tmp_path, main)
    await caller.dial(caller="12")
    await caller.say("four two")
    assert await caller.say("start over") == ["Again, one two, at Contoso, 42.", "Well?"]


@pytest.mark.parametrize(
    "begun_by", [{"type": "event", "name": "voicebot.resume"}, {"type": "message", "text": "Hello?"}]
)
async def test_what_begins_a_call_after_a_start_that_failed_begins_it_with_its_facts(
    tmp_path: Path, begun_by: dict[str, Any]
) -> None:
    caller = line(tmp_path, 'steps: [{id: a, hangup: "{direction}, {context.order}"}]')
    facts = {"direction": "outbound", "context": {"order": "7"}}
    assert await caller.activity(**begun_by, channelData=facts) == ["outbound, 7"]
