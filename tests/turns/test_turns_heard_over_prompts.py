"""What is heard over a prompt, by kind of question: from a caller, from one too quiet for voice activity, and from
somebody else in the room.

The sayings were written before they were run.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from turns_call import Call
from turns_questions import asked

from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    CallConfigured,
    Final,
    Hypothesis,
    InputHint,
    PlaybackStarted,
    SpeechDoubted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import Ask, AskKind, Drop, FloorState, TurnPolicy

LISTENING = {
    "en-US": (
        "mhm | mm-hmm | uh-huh, okay | okay, okay | yeah, yeah | yes, yes | okay, got it | oh, okay | oh, right | "
        "ah, okay | I see, I see | right, right | okay, thank you | okay, sure | alright, cool | yeah, I know | "
        "oh, great | oh, good | okay, perfect | great, thanks | yep, got it | yeah, okay | of course, yes | hmm, "
        "okay | oh, I see | okay, I understand | that makes sense, okay | oh, wow | oh, really | yeah, that's "
        "right | sure, okay | okay, good to know | very nice | oh, that's great | sounds great | okay, that's "
        "fine | all right then | okay then | mm, yeah | ah, I see | yeah, exactly | fair enough | well, okay | "
        "okay, well | ok cool | noted | okay, noted | will do | right, okay then | oh my god | oh wow okay | hm, "
        "interesting | yeah, true | oh gosh | oh dear | haha | ha ha ha | that's good | that's nice | oh nice | "
        "okay super | good, good | yes, I know | I know that | yes I understand | right yeah | bless you | uh-huh "
        "uh-huh | cool cool | thank you very much | thanks so much | oh okay thanks | no problem | no worries | okay, "
        "no problem | no problem, thanks | that's fine | not bad | not a problem"
    ),
    "de-DE": (
        "mhm | ja, ja | okay, gut | ach so, ja | alles klar, danke | ja, verstehe | genau, ja | ja, genau | aha, "
        "okay | gut, gut | okay, danke | ja, okay | super, danke | na gut | ah ja | ach ja, stimmt | ja, klar | "
        "verstanden, danke | oh, schön | ja, weiß ich | ja, ist gut | hm, ja | ja, passt | das ist ja toll | jo, "
        "passt | kein Problem | nicht schlecht | genau"
    ),
    "es-ES": (
        "ajá | sí, sí | vale, vale | ah, vale | muy bien, gracias | sí, claro | ya, ya | claro, claro | entiendo, "
        "gracias | ah, ya | ok, perfecto | bueno, vale | sí, entiendo | de acuerdo, gracias | sí, ya lo sé | mm, "
        "sí | qué bien | ah, qué bien | no hay problema | qué bueno, gracias | no pasa nada | claro, cómo no"
    ),
    "fr-FR": (
        "mhm | oui, oui | d'accord, merci | ah, d'accord | ah bon | oui, je vois | ok, très bien | oui, d'accord "
        "| bien sûr, oui | ah oui | c'est noté | très bien, merci | ok, merci | oui, c'est ça | ah, super | je "
        "comprends, oui | parfait, merci | ça marche | pas de problème | pas mal"
    ),
}
INTERRUPTING = {
    "en-US": (
        "hold on | hold on a second | wait a minute | hang on a sec | excuse me | sorry, what | can I ask "
        "something | I have a question | just a second | stop please | no no no | no, that's not right | can I "
        "speak to somebody | agent please | operator | representative | let me talk to a person | say that again "
        "| could you repeat that | what was that | I didn't hear that | too fast | slow down | go back | never "
        "mind | cancel that | I already paid | that's not what I want | how much is it | what do you mean | okay "
        "but how much | yeah but I don't have that | okay, so what do I do | right, but when | yes, but I want to "
        "cancel | hello | are you there | can you hear me | I want to pay | skip this | be quiet | enough | shut "
        "up | I don't want this | listen | hey wait | okay stop | please stop | thanks, but I need an agent | oh "
        "no | oh wait | oh sorry, can you repeat | one moment please | give me a second | let me get a pen | I "
        "need to write that down | I can't hear you | stop | no | no, wait | alright, stop | alright, agent | no, "
        "that is a problem | okay, no"
    ),
    "de-DE": (
        "Moment mal | einen Moment bitte | halt, stopp | warten Sie mal | das stimmt nicht | nein, nein | wie "
        "bitte | noch einmal bitte | ich habe eine Frage | ich möchte mit jemandem sprechen | Mitarbeiter bitte | "
        "was kostet das | ja, aber was kostet das | okay, stopp | das will ich nicht | zu schnell | hallo | "
        "können Sie mich hören | können Sie das wiederholen | Sekunde | nein | ja, nein, warten Sie"
    ),
    "es-ES": (
        "espere un momento | un segundo por favor | pare por favor | no, no, no | eso no es | cómo dice | otra "
        "vez por favor | tengo una pregunta | quiero hablar con alguien | un agente por favor | cuánto cuesta | "
        "sí, pero cuánto cuesta | vale, pare | no quiero eso | más despacio | oiga | me oye | puede repetir | "
        "perdone | no | qué | qué dice | cómo | vale, no"
    ),
    "fr-FR": (
        "attendez un instant | un instant s'il vous plaît | arrêtez | non, non | ce n'est pas ça | pardon | "
        "encore une fois | j'ai une question | je veux parler à quelqu'un | un conseiller | combien ça coûte | "
        "oui, mais combien | d'accord, arrêtez | je ne veux pas | moins vite | allô | vous m'entendez | pouvez- "
        "vous répéter | non | ça suffit | oui, stop"
    ),
}
SAID_TO_NOBODY = Path(__file__).parents[1] / "authoring" / "understanding" / "no_answers" / "en.yaml"
QUESTIONS = [None, "menu", "four digits", "money"]
STORY = "Your statement was sent to you on Monday. It has all that you have paid since January, month by month."


def each(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, text) for language, texts in table.items() for text in texts.split(" | ")]


def heard(
    language: str,
    question: str | None,
    text: str,
    *,
    voice: bool = True,
    doubted: bool = False,
    confidence: float = 0.9,
    after_s: float = 0.2,
    story: str = STORY,
) -> Call:
    """``text`` is said while a ``story`` plays that leads to ``question``; the final result comes ``after_s``."""
    call = Call(TurnPolicy(prepare=False), language)
    if question is not None:
        call.on(CallConfigured(0.0, phrases=(), answer=asked(question, language)))
    call.on(BotMessage(0.0, 1, story, story, InputHint.ACCEPTING)).on(BotDone(0.0, 1)).on(CallAnswered(0.0))
    call.on(PlaybackStarted(0.02, call.playing[0]))
    call.take()
    said = re.sub(r"[^\w' ]", "", text.lower()).split()
    ended = 1.2 + 0.2 * len(said)
    if voice:
        call.on(SpeechStarted(1.1, 1.0))
    if doubted:
        call.on(SpeechDoubted(1.15))
    for count in range(1, len(said)):
        call.on(Hypothesis(1.2 + 0.2 * count, " ".join(said[:count]), 1.0, 1.1 + 0.2 * count))
    if voice:
        call.on(SpeechStopped(ended + 0.1, ended))
    return call.on(Final(ended + after_s, text, 1.0, ended, confidence)).until(ended + after_s + 3.0)


def dropped(call: Call) -> bool:
    """Whether the prompt was dropped; if not, it plays, and the bot was told nothing."""
    commands = call.take()
    if any(isinstance(command, Drop) for command in commands):
        return True
    assert call.machine.state is FloorState.SPEAKING
    assert not [c for c in commands if isinstance(c, Ask) and c.kind is not AskKind.START]
    return False


@pytest.mark.parametrize("voice", [True, False], ids=["voice", "quiet"])
@pytest.mark.parametrize(("language", "text"), each(LISTENING))
def test_who_only_listens_leaves_the_prompt_alone(language: str, text: str, voice: bool) -> None:
    assert [one for one in QUESTIONS if dropped(heard(language, one, text, voice=voice))] == []


@pytest.mark.parametrize("voice", [True, False], ids=["voice", "quiet"])
@pytest.mark.parametrize(("language", "text"), each(INTERRUPTING))
def test_who_interrupts_is_heard_also_at_a_low_voice(language: str, text: str, voice: bool) -> None:
    every = [*QUESTIONS, "yes or no"]
    assert [one for one in every if not dropped(heard(language, one, text, voice=voice))] == []


LATE = ("alright, stop", "okay, stop", "oh wait", "no", "no, wait", "alright, agent", "yeah but what does it cost")


@pytest.mark.parametrize("after_s", [0.5, 1.0, 1.6])
@pytest.mark.parametrize("voice", [True, False], ids=["voice", "quiet"])
@pytest.mark.parametrize("text", LATE)
def test_who_interrupts_is_heard_also_where_all_of_it_is_known_late(text: str, voice: bool, after_s: float) -> None:
    every = [*QUESTIONS, "yes or no"]
    assert [one for one in every if not dropped(heard("en-US", one, text, voice=voice, after_s=after_s))] == []


@pytest.mark.parametrize("after_s", [0.5, 1.0, 1.6])
@pytest.mark.parametrize("voice", [True, False], ids=["voice", "quiet"])
@pytest.mark.parametrize("text", ["no problem", "okay, no problem", "alright, cool", "okay, got it", "not bad"])
def test_who_only_listens_is_known_late_as_well(text: str, voice: bool, after_s: float) -> None:
    assert [one for one in QUESTIONS if dropped(heard("en-US", one, text, voice=voice, after_s=after_s))] == []


@pytest.mark.parametrize(
    ("language", "text"),
    each({
        "en-US": "no problem | that's fine | okay | sure | no | yes | no worries",
        "de-DE": "kein Problem | genau | klar | nein", "es-ES": "claro | vale | no | sin problema",
        "fr-FR": "d'accord | bien sûr | non | pas de problème",
    }),
)  # fmt: skip
def test_what_only_listens_elsewhere_answers_the_question_that_was_heard(language: str, text: str) -> None:
    call = heard(language, "yes or no", text, story="Shall I?")
    asks = [ask for ask in call.take() if isinstance(ask, Ask) and ask.kind is AskKind.SPEECH]
    assert [ask.text for ask in asks] == [text]


INTERRUPTS_FROM_ANYBODY = {
    "Hang on.", "Hello, hello?", "Hello?", "Hold on.", "Just a second.", "Listen.", "One moment.", "Wait.",
}  # fmt: skip
TAKEN_FOR_SUCH = {
    "Breaking news at ten.", "I do not remember it.", "No idea what that is.", "Temperatures around sixty.",
    "The score was three to two.", "What a lovely evening.", "What are they?", "What does that mean?",
    "What is this about?", "What on earth.",
}  # fmt: skip
"""Known to be: they begin as a request to repeat, or end in an answer."""


@pytest.mark.parametrize("text", yaml.safe_load(SAID_TO_NOBODY.read_text())["said"])
def test_what_somebody_else_says_in_the_room_leaves_the_prompt_alone(text: str) -> None:
    every = [*QUESTIONS, "yes or no"]
    drops = any(dropped(heard("en-US", one, text, doubted=True)) for one in every)
    assert drops is (text in INTERRUPTS_FROM_ANYBODY | TAKEN_FOR_SUCH)
