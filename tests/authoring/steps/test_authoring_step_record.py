"""``record`` and ``sensitive``: when the recording of a call is paused, and when it goes on."""

from __future__ import annotations

from pathlib import Path

from folder_line import Line, write

from voicebot.host.storage import SqliteStorage

CARD = """
    globals: {agent: {key: "0", goto: agent}}
    steps:
      - {id: card, ask: Your card number?, digits: 4, save: card, confirm: "{card|digits}?", sensitive: true, tries: 2,
         on_fail: agent}
      - {id: pin, ask: And your PIN?, digits: 4, save: pin, sensitive: true}
      - {id: more, ask: More?, yesno: {yes: card}}
      - {id: bye, hangup: Bye.}
      - {id: agent, transfer: "+1"}
"""


async def test_the_recording_is_paused_from_a_sensitive_question_to_its_answer(tmp_path: Path) -> None:
    line = Line(write(tmp_path / "d", main=CARD))
    assert await line.dial() == ["Your card number?"]
    assert [sent["type"] for sent in line.sent if sent["type"] != "event"] == ["message", "command"]
    assert line.recording == ["pause"]
    assert await line.say("one two three four") == ["one two three four?"]
    assert line.recording == []
    assert await line.say("no") == ["Your card number?"]
    assert line.recording == []
    await line.say("one two three four")
    assert await line.say("yes") == ["And your PIN?"]
    assert line.recording == [], "the next one is sensitive as well"
    assert await line.press("4321") == ["More?"]
    assert line.recording == ["resume"]
    assert line.sent[0]["type"] == "command", "before anything is said"


async def test_whichever_way_callers_leave_a_sensitive_question_the_recording_goes_on(tmp_path: Path) -> None:
    for leave in ("agent", "silence"):
        line = Line(write(tmp_path / "d", main=CARD))
        await line.dial()
        if leave == "agent":
            await line.say("agent")
        else:
            await line.silence()
            assert line.recording == []
            await line.silence()
        assert line.transfer is not None
        assert line.recording == ["resume"]


async def test_a_recording_that_was_paused_or_stopped_by_its_author_stays_so(tmp_path: Path) -> None:
    for word, *told in (("pause", ["pause"], []), ("stop", ["stop", "pause"], ["stop"])):
        main = f"""
            steps:
              - {{id: quiet, record: {word}}}
              - {{id: pin, ask: PIN?, digits: 4, save: pin, sensitive: true}}
              - {{id: more, ask: More?, yesno: true}}
              - {{id: loud, record: resume}}
        """
        line = Line(write(tmp_path / "d", main=main))
        await line.dial()
        assert line.recording == told[0], "while it is stopped, the record keeps words, but no secrets"
        await line.press("1234")
        assert line.recording == told[1]
        await line.say("yes")
        assert line.recording == ["resume"]


async def test_a_pause_outlives_the_dialog_host(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", main=CARD)
    for said, told in ((None, ["pause"]), ("one two three four", []), ("yes", []), ("one two three four", ["resume"])):
        storage = SqliteStorage(tmp_path / "state.sqlite")
        await storage.open()
        line = Line(folder, storage=storage)
        await (line.dial() if said is None else line.say(said))
        assert line.recording == told
        await storage.close()
