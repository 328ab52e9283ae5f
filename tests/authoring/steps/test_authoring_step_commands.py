"""What callers ask at a question whose author has set nothing for it: no question ends the call because of it."""

from __future__ import annotations

import re
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
import yaml
from folder_line import Line, write

from voicebot.authoring import rehearsal
from voicebot.authoring.answers.question import KINDS
from voicebot.authoring.expected import USUAL
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.textcall import Said, TextCall
from voicebot.authoring.transcripts import read_transcripts
from voicebot.authoring.understanding.vocabulary import load

LIMITS: dict[str, Any] = {
    "choice": {"billing": None, "outage": None},
    "pattern": {"form": "[A-Z]{5}", "example": "ABCDE"},
    "spelled": {"max": 5},
}
STARTERS = Path(rehearsal.__file__).parent / "starters"
BOTS = [Path(__file__).parents[3] / "dialogs", *(STARTERS / name for name in ("clinic", "parcel", "hotel"))]
LOCALES = {"en": "en-US", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}


def asked(language: str) -> list[tuple[str, str]]:
    """Each command with some of its phrases."""
    vocabulary = load(language)
    return [
        (name, phrase)
        for name in vocabulary.section("globals")
        for where in ("anywhere", "alone")
        for phrase in vocabulary.listed("globals", name, where)[:3]
    ]


def main(kind: str, language: str) -> str:
    limits = {LOCALES[language]: {"key": "1"}} if kind == "languages" else LIMITS.get(kind, True)
    question = {"id": "q", "ask": "Well?", kind: limits, "save": "it"}
    steps = [question, {"id": "bye", "hangup": "Bye {it}."}]
    return yaml.safe_dump({"locale": LOCALES[language], "steps": steps}, sort_keys=False)


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "text"])
async def test_no_kind_of_question_ends_the_call_because_of_them(tmp_path: Path, kind: str, language: str) -> None:
    line = Line(write(tmp_path / "d", main=main(kind, language)), locale=language)
    assert await line.dial() == ["Well?"]
    for name, phrase in asked(language):
        told = {"agent": [USUAL["no_agent"][language]], "start_over": [USUAL["no_menu"][language]]}
        spoken = await line.say(phrase)
        assert not line.hung_up, phrase
        plain = [re.sub("<[^>]*>", "", words) for words in spoken]  # "slower" changes all that follows
        assert plain == [*told.get(name, []), "Well?"], phrase


@pytest.mark.parametrize("said", ["operator", "main menu", "I want to speak to an agent"])
async def test_where_anything_is_an_answer_the_words_are_one(tmp_path: Path, said: str) -> None:
    line = Line(write(tmp_path / "d", main=main("text", "en")))
    await line.dial()
    assert await line.say(said) == [f"Bye {said}."]


@pytest.mark.parametrize("kind", ["text", "digits"])
async def test_a_confirmation_is_asked_again(tmp_path: Path, kind: str) -> None:
    question = (
        f"steps: [{{id: q, ask: Well?, {kind}: true, save: it, confirm: 'It is {{it}}?'}}, {{id: b, hangup: Bye.}}]"
    )
    line = Line(write(tmp_path / "d", main=question))
    await line.dial()
    await line.say("four two")
    for _ in range(4):
        spoken = await line.say("operator")
        assert (spoken[0], len(spoken), line.hung_up) == (USUAL["no_agent"]["en"], 2, False)
        assert spoken[1].startswith("It is ")
    await line.say("yes")
    assert line.hung_up


async def test_the_fallback_of_the_settings_gets_who_asks_for_an_agent(tmp_path: Path) -> None:
    line = Line(write(tmp_path / "d", main=main("digits", "en")))
    await line.dial(fallbackTransfer=True)
    assert await line.say("operator") == [USUAL["transfer"]["en"]]
    assert (line.transfer, line.hung_up) == ({}, False)
    assert await line.event("handoff.status", {"state": "failed", "status": 480}) == [USUAL["no_agent"]["en"], "Well?"]
    await line.say("one two three")
    assert line.hung_up


async def test_the_fallback_gets_who_is_not_understood_where_nothing_else_is_left(tmp_path: Path) -> None:
    line = Line(write(tmp_path / "d", main=main("digits", "en")))
    await line.dial(fallbackTransfer=True)
    for _ in range(2):
        await line.say("what a day")
    assert await line.say("what a day") == [USUAL["transfer"]["en"]]
    assert [sent["name"] for sent in line.sent if sent["type"] == "event"] == ["handoff.initiate"]
    assert line.hung_up, "in case that the transfer fails"


COMMANDS = {
    "en": ("operator", "main menu", "help", "speak to an agent"),
    "de": ("Zentrale", "Hauptmenü", "Hilfe", "mit einem Mitarbeiter"),
    "es": ("operadora", "menú principal", "ayuda", "hablar con un agente"),
}


class Insistent(TextCall):
    """A caller who asks for an agent, for the main menu and for help before everything else that is said."""

    async def say(self, text: str) -> list[Said]:
        for command in COMMANDS[self.language[:2]]:
            await super().say(command)
            assert not self.hung_up, command
            assert self.transfer is None
        return await super().say(text)


def without_commands(bot: Path, folder: Path) -> Path:
    """A copy of ``bot`` in which nothing is set for what callers may ask at any time, nor for the end of the tries."""
    copytree(bot, folder, ignore=ignore_patterns("*.pyc"))
    for file in folder.glob("*.yaml"):
        data = yaml.safe_load(file.read_text("utf-8"))
        data.pop("globals", None)
        data.get("defaults", {}).pop("on_fail", None)
        file.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    return folder


@pytest.mark.parametrize("bot", BOTS, ids=[bot.name for bot in BOTS])
async def test_no_question_of_a_starter_without_commands_ends_the_call(
    bot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = without_commands(bot, tmp_path / "d")
    monkeypatch.setattr(rehearsal, "TextCall", Insistent)
    played = rehearsal.Rehearsal(load_dialogs(folder))
    transcripts = read_transcripts(folder)
    assert transcripts.tests and not transcripts.problems
    try:
        for test in transcripts.tests:
            await played.run(test)
    finally:
        await played.close()
