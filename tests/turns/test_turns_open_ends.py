"""What visibly goes on, and what only ends in a word that does so elsewhere."""

from __future__ import annotations

import pytest

from voicebot.turns.open_ends import goes_on, is_beginning, is_question


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en-US", "my number is | it is | the | and um | I want | no, it is | what is | and where is | I was"),
        ("de-DE", "meine Nummer ist | ich | kann ich | habe ich | und äh | ich möchte | wo ist"),
        ("es-ES", "mi número es | el número de | quiero | la respuesta es"),
        ("fr-FR", "mon numéro est | je voudrais | euh"),
        ("xx", "well, | so..."),
    ],
)
def test_a_last_word_that_wants_another_one_goes_on(language: str, texts: str) -> None:
    assert [text for text in texts.split(" | ") if not goes_on(text, language)] == []


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en-US", "When I called yesterday. | if I pay today | Okay, since my router died | although my bill was paid"),
        ("de-DE", "Wenn ich anrufe | ja, obwohl ich bezahlt habe | Nachdem ich umgezogen bin."),
        ("es-ES", "Cuando llamé ayer | aunque pagué | desde que me mudé"),
        ("fr-FR", "Quand j'ai appelé | puisque je déménage | depuis que j'ai payé"),
    ],
)
def test_the_first_of_two_clauses_goes_on(language: str, texts: str) -> None:
    assert [text for text in texts.split(" | ") if not goes_on(text, language)] == []


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en-US", "When I called yesterday, nobody answered. | when are you open | What if I pay today? | After five."),
        ("en-US", "if I pay today you will send it to my new address | since yesterday | before noon | I moved"),
        ("de-DE", "Wenn ich anrufe, nimmt niemand ab. | wann öffnen Sie | seit gestern"),
        ("es-ES", "Cuando llamé, nadie contestó. | ¿Cuándo abren? | desde ayer"),
        ("fr-FR", "Quand j'ai appelé, personne n'a répondu. | depuis hier | quand ouvrez-vous"),
    ],
)
def test_both_clauses_or_a_question_or_a_time_are_whole(language: str, texts: str) -> None:
    assert [text for text in texts.split(" | ") if goes_on(text, language)] == []


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en-US",
            "Yes, it is. | yeah that is | I think it is | yes, there are | Yes, I was. | yes, we are | sure it was",
        ),
        (
            "en-US",
            "where my order is | can you tell me um where my order is | what my balance was | how high my bill is",
        ),
        (
            "en-US",
            "it is more than it was | he was less than I was | I don't know what it is | tell me where they are",
        ),
        ("de-DE", "wo meine Bestellung ist | wann die Termine sind"),
        ("de-DE", "ja, bin ich | das möchte ich | ja, das glaube ich | doch, habe ich | meine Nummer"),
        ("es-ES", "así es | sí, lo es | eso es | sí, soy | mi cuenta"),
        ("fr-FR", "oui, il l'est | ma facture"),
        ("xx", "the | my number is"),
    ],
)
def test_a_short_answer_is_whole(language: str, texts: str) -> None:
    assert [text for text in texts.split(" | ") if goes_on(text, language)] == []


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en-US", "I moved, | I called. | it broke | okay, I forgot | We moved. | um, she left | I lost it"),
        ("de-DE", "Ich bin umgezogen. | ja, ich habe angerufen | es geht nicht"),
        ("es-ES", "Me mudé. | bueno, he llamado | yo pagué"),
        ("fr-FR", "J'ai appelé. | il est cassé | oui, j'ai déménagé"),
    ],
)
def test_a_statement_of_a_few_words_is_often_but_the_beginning(language: str, texts: str) -> None:
    assert [text for text in texts.split(" | ") if not is_beginning(text, language)] == []


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en-US",
            " | I | billing | my bill, please | I lost my card | I moved, and I need help | that's right | I see",
        ),
        ("de-DE", "die Rechnung | meine Adresse ändern | ich | ich verstehe"),
        ("es-ES", "la factura | mi dirección | de acuerdo"),
        ("fr-FR", "ma facture | l'adresse | je vois"),
        ("it-IT", "io sono"),
    ],
)
def test_a_thing_or_a_whole_sentence_is_not(language: str, texts: str) -> None:
    assert [text for text in texts.split(" | ") if is_beginning(text, language)] == []


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Do you have an appointment next week?", True),
        ("What's the weather like?", True),
        ("Wo ist mein Paket jetzt? ", True),
        ("Can you tell me?", False),
        ("Do you know?", False),
        ("Do you have an appointment next week.", False),
        ("", False),
    ],
)
def test_a_question_is_whole_by_its_mark_where_it_is_no_mere_opening(text: str, whole: bool) -> None:
    assert is_question(text) is whole
