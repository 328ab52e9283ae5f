from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.speech.ssml import document, is_ssml, plain_text
from voicebot.speech_markup import fit_for_speech

SSML = "{http://www.w3.org/2001/10/synthesis}"


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(document(text, voice="en-US-JoeNeural", language="en-US"))


def words(root: ElementTree.Element) -> str:
    return " ".join("".join(root.itertext()).split())


def test_plain_text_is_escaped_and_given_voice_and_language() -> None:
    root = parse('AT&T <costs> 5 "dollars"\x00')
    assert root.tag == SSML + "speak"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en-US"
    voice = root.find(SSML + "voice")
    assert voice is not None and voice.get("name") == "en-US-JoeNeural"
    assert words(root) == 'AT&T <costs> 5 "dollars"'


def test_a_bare_speak_is_completed() -> None:
    root = parse("<speak>Hello <break time='200ms'/> you</speak>")
    voice = root.find(SSML + "voice")
    assert root.get("version") == "1.0" and voice is not None
    assert voice.find(SSML + "break") is not None


def test_a_complete_document_is_left_alone_but_for_what_is_missing() -> None:
    given_ssml = (
        '<?xml version="1.0" encoding="utf-8"?>\n<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
        'xml:lang="de-DE"><voice name="de-DE-KatjaNeural">Grüß Gott</voice></speak>\n'
    )
    root = parse(given_ssml)
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "de-DE"
    assert [voice.get("name") for voice in root.iter(SSML + "voice")] == ["de-DE-KatjaNeural"]


def test_an_attribute_is_not_mistaken_for_another_in_a_value() -> None:
    root = parse("<speak data-x=\"version='2' xml:lang=x\">Hi</speak>")
    assert root.get("version") == "1.0"


@pytest.mark.parametrize(
    "text",
    [
        "<speak version='1>0' xml:lang='en-US'><voice name='x'>Hi you</voice></speak>",
        '<speak data-x="a>b">Hi <sub alias="c > d">you</sub></speak>',
        "<speak data-x = 'a>\"b\">c'>Hi <emphasis level='>'>you</emphasis></speak>",
        "Hi <sub alias='c>d'>you</sub>",
        "Hi<break time='1s' strength='>'/> you",
    ],
)
def test_a_sign_that_ends_tags_may_stand_in_a_value(text: str) -> None:
    spoken = fit_for_speech(text)
    assert not spoken.fault
    assert words(parse(spoken.speak)) == "Hi you"
    assert not is_ssml(text) or words(parse(text)) == "Hi you"


def test_signs_and_quotes_between_tags_stay_as_they_are() -> None:
    text = "<speak>It's <emphasis>3 > 2</emphasis>, isn't it?</speak>"
    assert fit_for_speech(text).speak == text and words(parse(text)) == "It's 3 > 2, isn't it?"


@pytest.mark.parametrize(
    "broken",
    [
        "<speak>never closed",
        "<speak>a < b</speak>",
        "<speak><b>x</speak>",
        "<speak>&undefined; x</speak>",
        "<speak>one</speak><speak>two</speak>",
    ],
)
def test_broken_ssml_is_spoken_as_its_words(broken: str) -> None:
    assert words(parse(broken))


def test_a_document_type_is_never_passed_on() -> None:
    bomb = '<!DOCTYPE speak [<!ENTITY a "aaaa">]><speak>&a;</speak>'
    assert not is_ssml(bomb)
    assert "ENTITY" in words(parse(bomb))


def test_an_empty_speak_is_silent() -> None:
    assert words(parse("<speak/>")) == "" == words(parse("<speak></speak>"))


def test_plain_text_of_markup_is_its_words() -> None:
    assert plain_text('<speak version="1.0">Pay <emphasis>5</emphasis> now</speak>') == "Pay 5 now"


@given(st.text())
def test_anything_becomes_a_document(text: str) -> None:
    assert parse(text).tag == SSML + "speak"


@given(st.text(alphabet="<speak/> version=\"'1.0&;!-[]x"))
def test_anything_like_ssml_becomes_a_document(text: str) -> None:
    assert parse("<speak" + text).tag == SSML + "speak"
    assert parse("<speak>" + text + "</speak>").tag == SSML + "speak"


@pytest.mark.parametrize(
    "undeclared",
    [
        "<speak>Hello <x:y>there</x:y>.</speak>",
        "<speak x:lang='en-US'>Hello there.</speak>",
        "<speak><voice x:name='a'>Hello there.</voice></speak>",
    ],
)
def test_a_prefix_without_its_namespace_which_the_service_would_refuse_is_spoken_as_words(undeclared: str) -> None:
    said = parse(undeclared)
    assert words(said).replace(" .", ".") == "Hello there."


def test_the_prefixes_that_every_document_gets_need_no_declaration() -> None:
    styled = "<speak><mstts:express-as style='calm'>Hello.</mstts:express-as></speak>"
    assert "mstts:express-as" in document(styled, voice="v", language="en-US")


@pytest.mark.parametrize(
    ("beside", "voices"),
    [
        ("Hello <voice name='B'>you</voice>", ["en-US-JoeNeural", "B"]),
        (
            "<voice name='B'>Hi</voice> and <voice name='C'>you</voice>.",
            ["B", "en-US-JoeNeural", "C", "en-US-JoeNeural"],
        ),
        ("<voice name='B'>Hi</voice> \n <voice name='C'>you</voice>", ["B", "C"]),
        ("Wait <break/><voice name='B'>Hi</voice>", ["en-US-JoeNeural", "B"]),
        ("<mstts:backgroundaudio src='x'/><voice name='B'>Hi</voice>", ["B"]),
        ("<p>Hello <voice name='B'>you</voice></p>", ["B"]),
    ],
)
def test_what_is_said_beside_a_voice_is_said_by_the_usual_one(beside: str, voices: list[str]) -> None:
    root = parse(f"<speak>{beside}</speak>")
    assert [voice.get("name") for voice in root.iter(SSML + "voice")] == voices
