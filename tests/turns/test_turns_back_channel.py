"""Who only shows to be listening, who interrupts, and whose sentence goes on: by language."""

from __future__ import annotations

import time

import pytest

from voicebot.turns.back_channel import begins_back_channel, interrupts, only_back_channel
from voicebot.turns.open_ends import goes_on

LISTENING = {
    "en-US": (
        "mhm | Mm-hmm. | Uh-huh. | uh huh | Hm. | hmm | Okay. | OK | Yeah. | yeah, yeah | Right. | Sure. | I "
        "see. | Got it. | Okay, I see. Right. | All right. | Haha! | Ha ha ha. | [laughs] | Um. | yeah that's "
        "right | Oh, okay. | I understand | oh really | okay thanks | Alrighty. | Ok then. | No problem. | "
        "That's great. | Fair enough. | Good to know. | Sounds great. | Awesome. | Is that so? | You don't say. | "
        "Totally. | Thank you "
        "very much. | Mkay. | M-kay. | Okey-dokey. | Very nice. | That's really interesting. | Oh my. | Ahem. | Heh. | "
        "oh that's good, yeah | not a problem | No worries. | okay, no problem | no problem at all | That's fine. | "
        "that's all right | not bad | I guess so. | yes sir | ha ha, yeah"
    ),
    "de-DE": (
        "mhm | Ja. | ja ja | Ja, genau. | Okay. | Ach so. | Verstehe. | alles klar | Hm-hm. | Hahaha | stimmt | gut | "
        "Sehr schön. | Das ist gut. | Kein Problem. | das klingt gut | vielen Dank | "
        "genau | Alles gut. | nicht schlecht | haha, ja | kein Ding"
    ),
    "es-ES": (
        "ajá | Sí, sí. | Vale. | ya | Claro, claro. | De acuerdo. | entiendo | Jajaja | mm | ok, gracias | Qué bien. | "
        "Sin problema. | No hay problema. | Muchas gracias. | "
        "ah, qué bien | qué bueno | no pasa nada | claro, cómo no | ja ja ja"
    ),
    "fr-FR": (
        "mm | Oui. | ouais, ouais | D'accord. | Je vois. | bien sûr | Ah bon. | c'est ça | hihi | Très bien, merci. | "
        "C'est bien. | Pas de problème. | Ça va. | C'est très bien. | "
        "ça marche | pas de souci | pas mal | ah ah ah | mais oui, bien sûr"
    ),
    "it-IT": ("mhm | Okay. | hahaha"),
}
INTERRUPTING = {
    "en-US": (
        "Stop. | Okay, stop. | wait | Hold on a second. | No. | no no, that's wrong | Agent! | uh, an agent "
        "please | repeat that | Excuse me | what? | Yeah, no, wait. | I'm sorry? | mhm, hang on | "
        "no, wait | alright, agent | okay stop | no way | no, that is a problem"
    ),
    "de-DE": ("Stopp! | Moment. | Ja, Moment mal. | nein | Wie bitte? | äh, warten Sie | einen Mitarbeiter bitte"),
    "es-ES": ("Pare. | espere | Un momento, por favor. | ¿Cómo? | no | eh, un agente"),
    "fr-FR": ("Arrêtez ! | attendez | Oui, attendez. | Non. | Pardon ? | euh, un conseiller"),
}
NEITHER = {
    "en-US": (" | billing | I want to pay my bill | okay so I want to pay | yes but I need the other one | tomorrow"),
    "de-DE": (" | die Rechnung bitte | ja aber ich habe eine Frage"),
    "es-ES": (" | quiero pagar la factura"),
    "fr-FR": (" | je voudrais payer ma facture"),
    "it-IT": (" | fermati | okay fermati"),
}
OPEN = {
    "en-US": (
        "my number is | I'd like to | the | billing and | it's | Um. | seven, two, uh | Well, I want | to "
        "the... | four two,"
    ),
    "de-DE": ("ich möchte | mein Name ist | die Rechnung und | ähm | für den"),
    "es-ES": ("quisiera | mi nombre es | la factura y | eh | para el"),
    "fr-FR": ("je voudrais | mon nom est | la facture et | euh | c'est pour l'"),
}
FINISHED = {
    "en-US": (" | billing | Yes. | four two five | to pay my bill"),
    "de-DE": ("ja | die Rechnung"),
    "es-ES": ("sí | la factura"),
    "fr-FR": ("oui | la facture"),
    "it-IT": ("il mio"),
}


def by_language(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, text.strip()) for language, texts in table.items() for text in texts.split("|")]


@pytest.mark.parametrize(("language", "text"), by_language(LISTENING))
def test_a_back_channel_interrupts_nothing(language: str, text: str) -> None:
    assert only_back_channel(text, language) and not interrupts(text, language)


@pytest.mark.parametrize(("language", "text"), by_language(INTERRUPTING))
def test_what_interrupts_is_no_back_channel(language: str, text: str) -> None:
    assert interrupts(text, language) and not only_back_channel(text, language)


@pytest.mark.parametrize(("language", "text"), by_language(NEITHER))
def test_other_words_are_neither(language: str, text: str) -> None:
    assert not interrupts(text, language) and not only_back_channel(text, language)


@pytest.mark.parametrize(("language", "text"), by_language(OPEN))
def test_a_sentence_that_wants_another_word_goes_on(language: str, text: str) -> None:
    assert goes_on(text, language)


@pytest.mark.parametrize(("language", "text"), by_language(FINISHED))
def test_any_other_does_not(language: str, text: str) -> None:
    assert not goes_on(text, language)


@pytest.mark.parametrize(
    ("language", "text", "may"),
    [
        ("en-US", "no", True), ("en-US", "okay, no", True), ("en-US", "no pro", True), ("en-US", "oh that's gre", True),
        ("es-ES", "qué", True), ("fr-FR", "ça", True), ("fr-FR", "pas de", True), ("de-DE", "kein", True),
        ("en-US", "no no", False), ("en-US", "no that", False), ("en-US", "stop", False), ("en-US", "wait", False),
        ("en-US", "that works", False), ("es-ES", "qué dice", False), ("de-DE", "nein", False), ("fr-FR", "non", False),
        ("en-US", "", False), ("it-IT", "no", False),
    ],
)  # fmt: skip
def test_a_beginning_of_a_back_channel_may_become_one_also_if_its_last_word_is_cut(
    language: str, text: str, may: bool
) -> None:
    assert begins_back_channel(text, language) is may


def test_neither_of_them_takes_long_for_a_long_text() -> None:
    for text in ("okay " * 20_000, "m hm " * 20_000, "ha" * 50_000, "i " * 50_000, "jaha" * 30_000 + "!"):
        begun = time.process_time()
        only_back_channel(text, "en-US"), interrupts(text, "en-US"), goes_on(text, "en-US")
        begins_back_channel(text, "en-US")
        assert time.process_time() - begun < 0.5
