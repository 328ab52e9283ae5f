"""What a browser would send for a web page is refused, and what programs send is not."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from voicebot.listening.http_origin import own_names, refusal_of

OURS = own_names("127.0.0.1", "phone.example.com", "")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:3979", None),
        ("127.0.0.1", None),
        ("[::1]:3979", None),
        ("192.0.2.7:3979", None),  # an address cannot be bound to another
        ("localhost:3979", None),
        ("LOCALHOST", None),
        ("Phone.Example.com", None),
        (None, None),  # HTTP/1.0; browsers always send it
        ("evil.example.com", 421),
        ("evil.example.com:3979", 421),
        ("127.0.0.1.evil.example.com", 421),
        ("localhost.evil.example.com", 421),
        ("127.0.0.1@evil.example.com", 421),
        ("evil.example.com#127.0.0.1", 421),
        ("[::1", 421),
        ("2130706433", 421),
    ],
)
def test_a_name_that_is_not_ours_is_refused(host: str | None, status: int | None) -> None:
    headers = CIMultiDict({} if host is None else {"Host": host})
    refused = refusal_of(headers, names=OURS)
    assert (refused.status if refused is not None else None) == status
    assert refusal_of(headers, names=own_names("0.0.0.0")) is None, "who is reached from elsewhere has any name"


def test_a_name_in_the_request_line_counts_as_well() -> None:
    headers = CIMultiDict({"Host": "127.0.0.1"})
    assert refusal_of(headers, names=OURS, authority="127.0.0.1") is None
    refused = refusal_of(headers, names=OURS, authority="evil.example.com")
    assert refused is not None and refused.status == 421


def test_a_page_of_a_site_that_is_named_may_ask_by_any_case() -> None:
    sites = ("https://crm.example.com",)
    for origin, taken in [("https://crm.example.com", True), ("HTTPS://CRM.example.com", True), ("https://a.b", False)]:
        headers = CIMultiDict({"Host": "127.0.0.1", "Origin": origin})
        assert (refusal_of(headers, names=OURS, origins=sites) is None) is taken


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, None),
        ("http://127.0.0.1:3979", None),
        ("http://evil.example.com", 403),
        ("http://127.0.0.1:3980", 403),
        ("http://127.0.0.1", 403),
        ("null", 403),
        ("", 403),
        ("file://127.0.0.1:3979", 403),
        ("http://127.0.0.1:3979.evil.example.com", 403),
    ],
)
@pytest.mark.parametrize("names", [OURS, None])
def test_a_page_of_another_site_is_refused(
    origin: str | None, status: int | None, names: frozenset[str] | None
) -> None:
    headers = CIMultiDict({"host": "127.0.0.1:3979"} | ({} if origin is None else {"origin": origin}))
    refused = refusal_of(headers, names=names)
    assert (refused.status if refused is not None else None) == status


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", None),
        ("Application/JSON; charset=utf-8", None),
        ("application/vnd.microsoft.activity+json", None),
        (None, 415),
        ("text/plain", 415),
        ("text/plain; application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=json", 415),
    ],
)
def test_a_body_that_a_form_could_send_is_refused(content_type: str | None, status: int | None) -> None:
    headers = CIMultiDict({"Host": "localhost"} | ({} if content_type is None else {"Content-Type": content_type}))
    refused = refusal_of(headers, names=OURS, has_body=True)
    assert (refused.status if refused is not None else None) == status
    assert refusal_of(headers, names=OURS) is None
