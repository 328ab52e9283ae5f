"""What a call puts into a web address stays a value: no other host, no other folder, no query of its own."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from voicebot.authoring.model import Prompt
from voicebot.authoring.template import compile_template
from voicebot.authoring.web_address import UnfitAddress, web_address
from voicebot.authoring.wording import words

HOSTILE = [
    "..", ".", "../..", "..%2F..%2Flatest", "%2e%2e", "..;/", "a/../../b", "a?b=c", "a#b", "a b", "a&b=c",
    "@evil.example", "\\..\\..", "..\\", "//evil.example", "http://evil.example/", "\r\nX: 1", "é", "😀", 
    "", "....", ".. ", "%00", "{x}",
]  # fmt: skip


def filled(text: str, scope: dict[str, Any], own: dict[str, Any] | None = None) -> str:
    return web_address(compile_template(text), scope, lambda value, _kind: str(value), own or {})


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "text", ["https://crm.example.com/v1/callers/{x}/orders", "https://crm.example.com/v1/callers/{x}.json?a=1",
             "https://crm.example.com/v1/callers/x{x}"],
)  # fmt: skip
def test_a_value_of_a_call_stays_in_its_segment(text: str, value: str) -> None:
    try:
        address = filled(text, {"x": value})
    except UnfitAddress:
        assert value in ("..", ".") and "/{x}/" in text
        return
    parts = URL(address)
    assert (parts.scheme, parts.host, parts.port, parts.user) == ("https", "crm.example.com", 443, None)
    assert (
        parts.raw_path.startswith("/v1/callers/") and parts.raw_path.count("/") == text.partition("?")[0].count("/") - 2
    )
    assert parts.raw_query_string == text.partition("?")[2] and not parts.raw_fragment


@pytest.mark.parametrize(("a", "b"), [(".", "."), ("", ".."), ("..", ""), (".", "")])
def test_two_values_do_not_climb_together_either(a: str, b: str) -> None:
    with pytest.raises(UnfitAddress, match="segment"):
        filled("https://x.example/v1/{a}{b}/y", {"a": a, "b": b})


def test_a_value_half_written_by_the_author_does_not_climb() -> None:
    with pytest.raises(UnfitAddress):
        filled("https://x.example/v1/.{a}", {"a": "."})


@pytest.mark.parametrize("value", ["evil.example", "a.b", "x@evil", "evil.example/", "1:2", "ä", "a" * 64])
@pytest.mark.parametrize(
    "text", ["https://{x}/v1", "https://api.{x}/v1", "https://api.example.{x}", "{x}://a/b", "https://a:{x}/"]
)
def test_a_value_of_a_call_chooses_no_host(text: str, value: str) -> None:
    with pytest.raises(UnfitAddress, match="host"):
        filled(text, {"x": value})


def test_a_value_may_be_a_label_of_the_hosts_name() -> None:
    assert filled("https://{country}.example.com/v1", {"country": "de"}) == "https://de.example.com/v1"


def test_what_the_author_wrote_stands_as_it_is() -> None:
    own = {"base": "https://crm.example.com/v1", "tail": "a/b?c=d"}
    assert filled("{base}/{x}/{tail}", {**own, "x": "1/2"}, own) == "https://crm.example.com/v1/1%2F2/a/b?c=d"


def test_a_variable_by_the_name_of_a_constant_is_a_value_of_the_call() -> None:
    own = {"base": "https://crm.example.com"}
    with pytest.raises(UnfitAddress):
        filled("{base}/v1", {"base": "https://evil.example"}, own)


@pytest.mark.parametrize("caller", ["..", "../../x", "a/b", "x#", "a?b", "+4930123"])
def test_the_address_of_an_audio_file_is_filled_the_same_way(caller: str) -> None:
    prompt = Prompt(text="x", audio="https://sounds.example.com/greetings/{caller}/a.wav")
    sound = words(prompt, "", "en-US").sound({"caller": caller})
    if caller == "..":
        assert sound == "", "the text is spoken"
    else:
        assert URL(sound).host == "sounds.example.com" and URL(sound).raw_path.count("/") == 3
