from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.localspeech.clauses import FIRST_WORDS, clauses
from voicebot.localspeech.ssml import InvalidSsml, SsmlPause, SsmlText, parse

HEAD = '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">'


def spans(body: str) -> list[SsmlText | SsmlPause]:
    return parse(f"{HEAD}{body}</speak>").spans


def test_plain_text_in_a_voice_is_one_span_and_the_voice_is_noted() -> None:
    speech = parse(f'{HEAD}<voice name="en-US-JennyNeural">Hello &amp; welcome</voice></speak>')
    assert speech.spans == [SsmlText("Hello & welcome")]
    assert speech.voices == ("en-US-JennyNeural",)


@pytest.mark.parametrize(
    ("body", "pause_s"),
    [
        ('<break time="500ms"/>', 0.5),
        ('<break time="1.5s"/>', 1.5),
        ('<break time="60s"/>', 5.0),
        ('<break strength="weak"/>', 0.5),
        ("<break/>", 0.75),
    ],
)
def test_breaks_have_their_length_and_a_limit(body: str, pause_s: float) -> None:
    assert spans(f"a{body}b") == [SsmlText("a"), SsmlPause(pause_s), SsmlText("b")]


def test_two_say_as_are_two_numbers_and_keep_their_own_details() -> None:
    digits = '<say-as interpret-as="digits">{}</say-as>'
    assert spans(digits.format("12") + digits.format("34")) == [
        SsmlText("12", interpret_as="digits"),
        SsmlText("34", interpret_as="digits"),
    ]
    money = '<say-as interpret-as="currency" detail="{}">5</say-as>'
    assert spans(money.format("EUR") + money.format("GBP")) == [
        SsmlText("5", interpret_as="currency", detail="EUR"),
        SsmlText("5", interpret_as="currency", detail="GBP"),
    ]
    assert spans(digits.format("1<mark name='a'/>2")) == [SsmlText("12", interpret_as="digits")]


@pytest.mark.parametrize(
    ("rate", "factor"),
    [("+20%", 1.2), ("-50%", 0.5), ("slow", 0.75), ("1.5", 1.5), ("+0.5", 1.5), ("+900%", 2.0), ("default", 1.0)],
)
def test_rates_are_factors_within_limits(rate: str, factor: float) -> None:
    assert spans(f'<prosody rate="{rate}">a</prosody>') == [SsmlText("a", pytest.approx(factor))]  # type: ignore[arg-type]


def test_rates_multiply_and_end_with_their_element() -> None:
    body = '<prosody rate="+20%">a<prosody rate="-50%">b</prosody></prosody>c'
    assert [span.rate for span in spans(body) if isinstance(span, SsmlText)] == [1.2, 0.6, 1.0]


def test_say_as_sub_and_audio() -> None:
    date = '<say-as interpret-as="date" format="mdy">3/5</say-as>'
    assert spans(f'{date}<sub alias="kilowatt hours">kWh</sub><audio src="x">beep</audio>') == [
        SsmlText("3/5", 1.0, "date", "mdy"),
        SsmlText("kilowatt hoursbeep"),
    ]


def test_paragraphs_and_sentences_are_apart_by_one_pause() -> None:
    assert spans("a<p><s>b</s><s>c</s></p>d") == [
        SsmlText("a"),
        SsmlPause(0.6),
        SsmlText("b"),
        SsmlPause(0.3),
        SsmlText("c"),
        SsmlPause(0.6),
        SsmlText("d"),
    ]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "hello",
        "<speak>",
        "<p>hello</p>",
        "<speak>a & b</speak>",
        '<speak><break time="soon"/></speak>',
        '<speak><prosody rate="quick">a</prosody></speak>',
        '<!DOCTYPE x [<!ENTITY a "b">]><speak>&a;</speak>',
        "<speak>" + "<p>" * 40 + "</p>" * 40 + "</speak>",
        "<speak>" + "a" * 70_000 + "</speak>",
    ],
)
def test_what_the_service_would_refuse_is_refused(document: str) -> None:
    with pytest.raises(InvalidSsml):
        parse(document)


@given(st.text(alphabet="<>/&;!\"'= abspeak1", max_size=80))
def test_no_document_raises_anything_else(body: str) -> None:
    with contextlib.suppress(InvalidSsml):
        list(clauses(parse(f"<speak>{body}</speak>").spans))


def said(body: str) -> list[tuple[str, float]]:
    return [(clause.text, round(clause.pause_s, 2)) for clause in clauses(spans(body))]


def test_clauses_end_at_punctuation_and_pause_as_it_says() -> None:
    assert said("Thank you. Your bill is paid, and nothing is due.") == [
        ("Thank you.", 0.32),
        ("Your bill is paid,", 0.14),
        ("and nothing is due.", 0.32),
    ]


def test_the_first_clause_is_short_and_not_torn_from_its_function_word() -> None:
    first = said("We are sorry to tell you that there is an outage in the north of the city today.")[0][0]
    assert first == "We are sorry to tell you"
    assert len(first.split()) <= FIRST_WORDS


def test_interpreted_text_flows_on_in_its_sentence() -> None:
    body = 'Your number is <say-as interpret-as="digits">12</say-as>, thanks.'
    assert said(body) == [("Your number is one two,", 0.14), ("thanks.", 0.32)]


def test_a_break_alone_is_silence_alone() -> None:
    assert said('<break time="2s"/>') == [("", 2.0)]


def test_nothing_to_say_is_no_clause() -> None:
    assert said("  ...  ") == []
