"""Addresses with what a caller says in them: where they lead."""

from __future__ import annotations

import pytest

from voicebot.authoring.addresses import AddressRefused, fill_address
from voicebot.authoring.model import Prompt
from voicebot.authoring.template import compile_template
from voicebot.authoring.wording import words

OWN = frozenset({"crm", "secrets"})
SCOPE = {"crm": "https://crm.example.com/v1", "secrets": {"key": "a/b?c"}}


def address(text: str, value: str) -> str:
    return fill_address(compile_template(text), {**SCOPE, "value": value}, lambda value, _: str(value), OWN)


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("+4930123", "%2B4930123"),
        ("a/b", "a%2Fb"),
        ("..a/b..", "..a%2Fb.."),
        ("%2F", "%252F"),
        ("x#y?z=1&a", "x%23y%3Fz%3D1%26a"),
        ("...", "..."),
        ("a b", "a%20b"),
    ],
)
def test_values_of_the_call_stay_one_segment(value: str, quoted: str) -> None:
    assert address("https://crm.example.com/v1/callers/{value}/orders", value) == (
        f"https://crm.example.com/v1/callers/{quoted}/orders"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://crm.example.com/v1/callers/{value}/orders", ".."),
        ("https://crm.example.com/v1/callers/{value}/orders", "."),
        ("https://crm.example.com/v1/callers/{value}/orders", "../../latest"),
        ("https://crm.example.com/v1/callers/{value}/orders", "..%2F..%2Flatest%2Fmeta-data%3F"),
        ("https://crm.example.com/v1/callers/{value}/orders", "%252e%252e%252fx"),
        ("https://crm.example.com/v1/callers/{value}/orders", "a\\..\\b"),
        ("https://crm.example.com/v1/callers/{value}/orders", "..;x"),
        ("https://crm.example.com/v1/callers/{value}/orders", ".. "),
        ("https://crm.example.com/v1/callers/{value}/orders", "\t..%20/x"),
        ("https://crm.example.com/v1/callers/{value}/orders", "\uff0e\uff0e"),
        ("https://crm.example.com/v1/callers/{value}/orders", "\u2025\uff0fx"),
        ("https://crm.example.com/v1/callers/x{value}", "/.."),
        ("https://crm.example.com/v1/callers/{value}/orders", ""),
        ("https://crm.example.com/v1/callers/{value}", ".."),
        ("https://crm.example.com/v1/callers/{value}?all=1", ".."),
        ("https://crm.example.com/v1/callers/{value}", ""),
        ("https://crm.example.com/v1/.{value}/x", "."),
        ("{crm}/callers/{value}/orders", ".."),
        ("https://{value}/x", "evil.org"),
        ("https://{value}/x", "169.254.169.254"),
        ("https://{value}.example.com/x", "evil.org/"),
        ("https://{value}.example.com/x", "a.b"),
        ("https://{value}.example.com/x", ""),
        ("https://crm.example.com{value}/x", ".evil.org"),
        ("https://crm.example.com{value}", "@evil.org"),
        ("{value}", "https://evil.org/"),
        ("{value}://crm.example.com/", "http"),
    ],
)
def test_an_address_that_a_value_would_lead_elsewhere_is_refused(text: str, value: str) -> None:
    with pytest.raises(AddressRefused):
        address(text, value)


def test_what_the_author_wrote_is_taken_as_it_is_and_a_label_of_a_name_may_be_filled() -> None:
    assert address("{crm}/k/{secrets.key}", "") == "https://crm.example.com/v1/k/a/b?c"
    assert address("https://{value}.example.com/x", "berlin-2") == "https://berlin-2.example.com/x"
    assert address("https://crm.example.com/x?q={value}", "..").endswith("q=..")
    assert address("https://crm.example.com/x?q={value}", "").endswith("q=")


def test_the_sound_of_a_prompt_is_quoted_too_and_one_that_climbs_is_not_played() -> None:
    prompt = Prompt(text="Hello.", audio="https://sounds.example.com/greetings/{caller}.wav")
    ready = words(prompt, "", "en-US")
    assert ready.sound({"caller": "a/x?"}) == "https://sounds.example.com/greetings/a%2Fx%3F.wav"
    assert ready.sound({"caller": "../x"}) == ""
    climbing = words(Prompt(text="Hello.", audio="https://sounds.example.com/{caller}/hello.wav"), "", "en-US")
    assert climbing.sound({"caller": ".."}) == ""
    assert climbing.sound({"caller": "49"}) == "https://sounds.example.com/49/hello.wav"
