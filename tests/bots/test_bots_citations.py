"""Citations of generated answers are not read; what only looks like one is."""

from __future__ import annotations

from typing import Any

import pytest

from voicebot.bots import events_from_activity
from voicebot.bots.interpretation import Interpreter
from voicebot.events import BotMessage


def said(text: str, **content: Any) -> str:
    (event,) = events_from_activity({"type": "message", "text": text, **content}, 1, 0.0)
    assert isinstance(event, BotMessage)
    return event.speak


DEFINED = '\n\n[1]: https://hotel.example/policies "Policies"\n[2]: cite:2 "Fees.pdf"'

CITED: list[tuple[str, str]] = [
    # https://github.com/microsoft/BotFramework-WebChat/blob/main/docs/CITATION.md
    (
        f"Check-out is at 11 a.m.[1] Late check-out costs $30.[2]{DEFINED}",
        "Check-out is at 11 a.m. Late check-out costs $30.",
    ),
    (
        f"Override the proxy settings[1][2], when it asks you[2].{DEFINED}",
        "Override the proxy settings, when it asks you.",
    ),
    (f"The pool[1] opens at 9.{DEFINED}", "The pool opens at 9."),
    (f"See [our policies][1] now.{DEFINED}", "See our policies now."),
    ("We are open.[1][hours]\n\n[hours]: https://hotel.example/hours", "We are open."),
    ("Breakfast is from 7 to 10 [1]. Parking is free [2][3].", "Breakfast is from 7 to 10. Parking is free."),
    ("Parking costs $30 [1, 2]. A garage is $40[1-3].", "Parking costs $30. A garage is $40."),
    ("Bring your card [2]", "Bring your card"),
    ("It is free,[1] as always.", "It is free, as always."),
    ("Breakfast is at 7 [doc1][doc2]. Bring a towel [doc3].", "Breakfast is at 7. Bring a towel."),
    ("The pool opens at 9【4:0†source】【4:1†fees.pdf】.", "The pool opens at 9."),
    ("Paris is large.[^1^][^2^] Very[^3].", "Paris is large. Very."),
    ("It rains.[^1]\n\n[^1]: https://weather.example", "It rains."),
    ("It rains.[^1]\n\n[^1]: But only at night.", "It rains. But only at night."),
    ("Open 9 to 5.¹ Closed on Sunday,² always.", "Open 9 to 5. Closed on Sunday, always."),
    ("Open daily.<sup>1</sup> Closed in May<sup>[2]</sup>.", "Open daily. Closed in May²."),
    ("We are open [1](https://x.example). And [[2]](https://y.example) so on.", "We are open. And so on."),
    ("A \ue200cite\ue202turn0search1\ue202turn0news2\ue201 fine answer.", "A fine answer."),
    ("You get 20 days [handbook-3.pdf]. Or 25 [perks.docx#page=2].", "You get 20 days. Or 25."),
    ("We are open.\n\n**Sources:**\n- [Policies](https://x.example/p)\n- [Fees](https://x.example/f)", "We are open."),
    ("We are open.\n\n### References\n1. https://x.example\n2. Fees.pdf", "We are open."),
    ("Das Zimmer kostet 99 Euro.[1]\n\nQuellen: Preisliste.pdf", "Das Zimmer kostet 99 Euro."),
    ("Abrimos a las 9.[1]\nFuente: [Horario](https://x.example)", "Abrimos a las 9."),
    ("Nous sommes ouverts.\n\nSources :\n- https://x.example", "Nous sommes ouverts."),
    ("It is free [1].\n\n[1] https://x.example Fees of the hotel\n[2] https://y.example", "It is free."),
    ("The room[1]\n\n1. [Rooms](https://a.example)\n2. [Fees](https://b.example)", "The room"),
    ("We are open.\n\nSources:", "We are open."),
]


@pytest.mark.parametrize(("text", "heard"), CITED)
def test_what_cites_is_not_read(text: str, heard: str) -> None:
    assert said(text) == heard


CONTENT: list[str] = [
    "See article [1] of the law, or paragraph [2].",
    "As it says in section 4[2] and § 7[1] of the act.",
    "The value is in items[1] of the list.",
    "It is arr[0], then arr[1].",
    "Press [1] for sales, [2] for service.",
    "【重要】Bring your card.",
    "x² + y² = 25 on 40 m², or 10³ cm³.",
    "Sources say that it rains.",
    "Our references: we have many.",
    "[1]: The tenant must pay. [2]: The landlord must repair.",
    "[sic] and [note] stay",
]


@pytest.mark.parametrize("text", CONTENT)
def test_what_only_looks_like_a_citation_is_read(text: str) -> None:
    assert said(text) == text


def test_of_plain_text_only_what_is_certain_is_left_out() -> None:
    assert said("It is at 7.[1] So a[1] = 2.", textFormat="plain") == "It is at 7.[1] So a[1] = 2."
    assert said("It is at 7.[1] Yes.\n[1]: https://x.example", textFormat="plain") == "It is at 7. Yes."
    assert said("It is at 7 【4:0†source】.", textFormat="plain") == "It is at 7."


@pytest.mark.parametrize(
    "entity",
    [
        {"type": "https://schema.org/Claim", "@id": "cite:1", "position": "1"},
        {"type": "https://schema.org/Message", "citation": [{"@type": "Claim", "position": 1, "appearance": {}}]},
        {"@type": "Claim", "position": 1},
    ],
)
def test_an_entity_that_cites_makes_every_mark_a_citation(entity: dict[str, Any]) -> None:
    assert said("The pool [1] opens at 9, see [2].", entities=[entity]) == "The pool opens at 9, see."
    assert said("The pool [1] opens at 9.", textFormat="plain", entities=[entity]) == "The pool opens at 9."


@pytest.mark.parametrize("entities", [None, 3, "x", [None], [{"type": 3}], [{"citation": "x"}], {"type": "Claim"}])
def test_entities_that_make_no_sense_cite_nothing(entities: Any) -> None:
    assert said("The pool [1] opens.", entities=entities) == "The pool [1] opens."


def test_links_are_read_by_their_words_and_addresses_by_their_host() -> None:
    assert said("Go to <https://www.shop.example/a?b=1> or mail <help@shop.example>.") == (
        "Go to shop.example or mail help@shop.example."
    )
    assert said("1. [Pay](https://a.example)\n2. [Ask](https://b.example)") == "1. Pay. 2. Ask"


@pytest.mark.parametrize("end", [DEFINED, "\n\n**Sources:**\n- [Policies](https://x.example)\n- Fees.pdf\n\n"])
def test_the_sentences_of_a_streamed_answer_do_not_cite_either(end: str) -> None:
    interpreter = Interpreter()
    text = f"Check-out is at 11.[1] It costs $30.[2] Bye.{end}"
    heard = []
    for sequence, length in enumerate((20, 40, 62, 80, len(text))):
        entity = {"type": "streaminfo", "streamType": "streaming", "streamId": "s", "streamSequence": sequence}
        part = {"type": "typing", "text": text[:length], "entities": [entity]}
        heard += interpreter.events(part, 1, 0.0)
    final = {"type": "streaminfo", "streamType": "final", "streamId": "s"}
    heard += interpreter.events({"type": "message", "text": text, "entities": [final]}, 1, 0.0)
    speak = " ".join(event.speak for event in heard if isinstance(event, BotMessage) and event.speak)
    assert speak == "Check-out is at 11. It costs $30. Bye."
