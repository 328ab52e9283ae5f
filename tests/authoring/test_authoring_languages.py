"""A call that changes its language: by a menu, by the caller's number, by a value."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import Line, write

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.graph import draw
from voicebot.authoring.languages import by_number, closest, names, with_country
from voicebot.authoring.loader import load_dialogs

MENU = """
    globals: {agent: {goto: bye}}
    steps:
      - id: which
        ask: English or Deutsch?
        languages: {en-US: {key: "1"}, de-DE: {key: "2"}}
        save: spoken
        retry: English? Deutsch?
      - {id: hello, say: "Hello, {3.5|number}."}
      - {id: sub, call: sub}
      - {id: bye, hangup: Bye.}
"""
GERMAN = """
    voice: de-DE-KatjaNeural
    steps:
      hello: {say: "Hallo, {3.5|number}."}
      bye: {hangup: Tschüss.}
"""
SUB = "steps: [{id: sure, ask: Sure?, yesno: true}]"
SUB_GERMAN = "steps: {sure: {ask: Sicher?}}"


def aloud(text: str) -> str:
    return f'<speak><voice name="de-DE-KatjaNeural">{text}</voice></speak>'


def line(tmp_path: Path, main: str = MENU, **around: str) -> Line:
    folder = write(tmp_path / "d", main=main, main__de=GERMAN, sub=SUB, sub__de=SUB_GERMAN)
    return Line(folder, **around)


def languages(caller: Line) -> list[str]:
    configs = [sent["channelData"]["sessionParams"] for sent in caller.sent if sent.get("name") == "config"]
    return [config["language"] for config in configs if "language" in config]


@pytest.mark.parametrize("answer", ["Deutsch, bitte", "German", "2"])
async def test_callers_choose_their_language_and_all_that_follows_is_in_it(tmp_path: Path, answer: str) -> None:
    caller = line(tmp_path)
    assert await caller.dial() == ["English or Deutsch?"]
    said = await caller.press(answer) if answer.isdigit() else await caller.say(answer)
    assert said == [aloud("Hallo, 3,5."), aloud("Sicher?")]
    assert languages(caller) == ["de-DE"]
    assert {sent["locale"] for sent in caller.sent if sent["type"] == "message"} == {"de-DE"}
    assert await caller.say("jawohl") == [aloud("Tschüss.")]


async def test_who_stays_with_the_first_language_hears_it(tmp_path: Path) -> None:
    caller = line(tmp_path)
    await caller.dial()
    assert await caller.say("purple") == ["English? Deutsch?"]
    assert await caller.say("English") == ["Hello, 3.5.", "Sure?"]
    assert languages(caller) == ["en-US"]


@pytest.mark.parametrize(
    ("number", "heard"),
    [("+4930123", "Tschüss."), ("004930123", "Tschüss."), ("+14255550123", "Bye."), ("anonymous", "Bye.")],
)
async def test_the_callers_number_tells_the_language(tmp_path: Path, number: str, heard: str) -> None:
    main = """
        steps:
          - {id: l, language: {by_caller: {"+49": de-DE, "+4": en-US}}}
          - {id: hello, say: Hello.}
          - {id: bye, hangup: Bye.}
    """
    caller = line(tmp_path, main)
    assert heard in (await caller.dial(caller=number))[-1]


async def test_a_value_tells_the_language_and_an_unknown_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    main = """
        steps:
          - {id: a, set: {theirs: de}}
          - {id: b, language: "{theirs}"}
          - {id: hello, say: Hello.}
          - {id: c, language: "{theirs + 'x'}"}
          - {id: bye, hangup: Bye.}
    """
    caller = line(tmp_path, main)
    said = await caller.dial()
    assert [sent["locale"] for sent in caller.sent if sent["type"] == "message"] == ["de-DE", "de-DE"]
    assert said[-1] == aloud("Tschüss.")
    assert languages(caller) == ["de-DE"]
    assert "not written in 'dex'" in caplog.text


async def test_a_call_comes_back_to_its_first_language(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, language: de-DE}
          - {id: hello, say: Hello.}
          - {id: b, language: en-US}
          - {id: bye, hangup: "{locale}"}
    """
    caller = line(tmp_path, main, locale="en-US")
    assert await caller.dial() == [aloud("Hallo, 3,5."), "en-US"]
    assert languages(caller) == ["de-DE", "en-US"]


def test_a_language_that_nothing_is_written_in_is_told(tmp_path: Path) -> None:
    main = """\
steps:
  - id: which
    ask: Which?
    languages:
      en-US: English
      fr-FR: Français
  - id: fixed
    language: es-ES
  - id: number
    language: {by_caller: {"+49": de-DE, "+39": it-IT}, to: "{x}"}
  - {id: bye, hangup: Bye.}
"""
    dialogs = load_dialogs(write(tmp_path / "d", main=main, main__de="steps: {bye: {hangup: x}}"))
    told = [(p.line, p.code, p.mend) for p in check_dialogs(dialogs) if p.code in ("no-translation", "no-voice")]
    assert told == [
        (1, "no-voice", "add voice: at the top, such as voice: de-DE-KatjaNeural"),
        (6, "no-translation", "write main.fr-FR.yaml"),
        (8, "no-translation", "write main.es-ES.yaml"),
        (10, "no-translation", "write main.it-IT.yaml"),
    ]


def test_the_closest_language_serves() -> None:
    assert closest("de-AT", ["en-US", "de", "de-AT"]) == "de-AT"
    assert closest("de-CH", ["en-US", "de", "de-AT"]) == "de"
    assert closest("it-IT", ["en-US", "de"]) is None


def test_languages_have_countries_and_names() -> None:
    assert [with_country(locale) for locale in ("de", "en", "es-MX", "xx")] == ["de-DE", "en-US", "es-MX", "xx"]
    assert names("fr-FR") == ["français", "French"]
    assert names("qqq") == []
    assert by_number("0041791", {"+4": "de-DE", "+41": "fr-CH"}) == "fr-CH"


def test_the_languages_of_a_question_and_of_a_step_are_drawn_and_need_no_translation(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: number, language: {by_caller: {"+49": de-DE}, to: "{caller_language}"}}
          - id: which
            ask: For English, press 1. Für Deutsch die 2.
            retry: English 1, Deutsch 2.
            languages: {en-US: {key: "1"}, de-DE: {key: "2"}}
            on_fail: bye
          - {id: bye, hangup: Bye.}
    """
    dialogs = load_dialogs(write(tmp_path / "d", main=main, main__de="voice: v\nsteps: {bye: {hangup: Tschüss.}}"))
    assert [problem.message for problem in check_dialogs(dialogs)] == ["'caller_language' is set nowhere"]
    picture = draw(dialogs)
    assert "en-US (1) · de-DE (2)" in picture
    assert "+49: de-DE, else:" in picture


async def test_options_of_the_file_keep_their_key_and_step_when_a_translation_gives_their_words(tmp_path: Path) -> None:
    main = """
        options: {sales: {say: [buy], key: "1", next: sales}}
        steps:
          - {id: menu, ask: What?, choice: {sales: , other: }, on_fail: bye}
          - {id: bye, hangup: Bye.}
          - {id: sales, hangup: Sales.}
    """
    german = """
        voice: v
        steps:
          menu: {ask: Was?, choice: {sales: [kaufen], other: [anderes]}}
          sales: {hangup: Verkauf.}
          bye: {hangup: Tschüss.}
    """
    for act in ("kaufen", "1"):
        caller = Line(write(tmp_path / "d", main=main, main__de=german), locale="de-DE")
        await caller.dial()
        assert "Verkauf." in (await (caller.press(act) if act == "1" else caller.say(act)))[0]
