from __future__ import annotations

import base64
import json
import logging
from typing import Any

import jwt
import pytest

from voicebot.address import Address
from voicebot.assist.access import (
    AUDIENCE,
    LONGEST_LIFE_S,
    MAX_TOKEN,
    AccessTokens,
    TokenRefused,
    Visitor,
    agent_named,
    is_agent,
)
from voicebot.events.parties import Party, Role

SECRET = "0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000.0


def tokens(at: float = NOW, secret: str = SECRET) -> AccessTokens:
    return AccessTokens(secret, clock=lambda: at)


def signed(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    whole = {"aud": AUDIENCE, "exp": int(NOW) + 60, "role": "supervisor"} | claims
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, secret, algorithm)


def party(address: str, role: Role = Role.AGENT) -> Party:
    return Party("p1", role, "", Address.parse(address))


VISITORS = [
    Visitor(supervisor=True, expires_at=NOW + 60),
    Visitor(supervisor=True, call_id="c1", expires_at=NOW + 60),
    Visitor(agent=Address.parse("7001"), expires_at=NOW + 60),
    Visitor(agent=Address.parse("sip:ada@pbx.example"), call_id="c1", expires_at=NOW + 60),
    Visitor(call_id="c1", expires_at=NOW + 60),
]


@pytest.mark.parametrize("visitor", VISITORS)
def test_who_gets_a_token_is_known_by_it_until_it_expires(visitor: Visitor) -> None:
    token = tokens().issue(visitor)
    assert tokens(NOW + 59).visitor(token) == visitor
    with pytest.raises(TokenRefused, match="has expired"):
        tokens(NOW + 60).visitor(token)


def test_a_program_with_the_secret_makes_tokens_itself() -> None:
    assert tokens().visitor(signed(role="agent", sub="7001")).agent == Address.parse("7001")


def altered(token: str, **claims: Any) -> str:
    head, body, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "==")) | claims
    changed = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{signature}"


def unsigned(**claims: Any) -> str:
    return jwt.encode({"aud": AUDIENCE, "exp": int(NOW) + 60, "role": "supervisor"} | claims, None, algorithm="none")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "ß.ß.ß",
        "\ud83d",
        "." * 2_000,
        "a" * (MAX_TOKEN + 1),
        signed(secret="f" * 32),
        signed(algorithm="HS512", secret=SECRET * 2),
        unsigned(),
        altered(signed(role="agent", sub="7001"), sub="7002"),
        altered(signed(role="agent", sub="7001"), role="supervisor"),
        signed(aud="another service"),
        signed(aud=None),
        signed(exp=None),
        signed(exp=10**400),
        signed(exp=float("nan")),
        signed(exp=float("inf")),
        signed(role=None),
        signed(role="administrator"),
        signed(role=["supervisor"]),
        signed(role="agent"),
        signed(role="agent", sub=""),
        signed(role="agent", sub="<script>"),
        signed(role="call"),
        signed(role="call", call=""),
        signed(role="call", call=["c1"]),
    ],
)
def test_any_other_token_is_refused_and_not_told_why(token: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(TokenRefused, match=r"^the token is not valid$"):
        tokens().visitor(token)
    assert not caplog.records


def test_a_token_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tokens().visitor(tokens().issue(VISITORS[0]))
    assert not caplog.records


def test_without_a_secret_tokens_are_this_processes_own() -> None:
    first, second = AccessTokens(clock=lambda: NOW), AccessTokens(clock=lambda: NOW)
    token = first.issue(VISITORS[0])
    assert first.visitor(token) == VISITORS[0]
    with pytest.raises(TokenRefused):
        second.visitor(token)


def test_a_short_secret_is_refused_with_the_mend() -> None:
    with pytest.raises(ValueError, match="openssl rand -hex 32"):
        AccessTokens("x" * 31)


def test_no_token_lives_for_ever() -> None:
    assert tokens().expiry(1e9) == NOW + LONGEST_LIFE_S


ADA = party("sip:7001@pbx.example")


@pytest.mark.parametrize(
    ("visitor", "parties", "sees"),
    [
        (Visitor(supervisor=True), [], True),
        (Visitor(supervisor=True, call_id="c1"), [], True),
        (Visitor(supervisor=True, call_id="c2"), [ADA], False),
        (Visitor(call_id="c1"), [], True),
        (Visitor(call_id="c2"), [ADA], False),
        (Visitor(), [ADA], False),
        (Visitor(agent=Address.parse("7001")), [ADA], True),
        (Visitor(agent=Address.parse("7001")), [party("7001")], True),
        (Visitor(agent=Address.parse("+1 555 0100")), [party("tel:+1-555-0100")], True),
        (Visitor(agent=Address.parse("sip:7001@PBX.example")), [party("sips:7001@pbx.example:5061")], True),
        (Visitor(agent=Address.parse("sip:7001@pbx.example")), [party("sip:7001@other.example")], False),
        (Visitor(agent=Address.parse("sip:7001@pbx.example")), [party("7001")], False),
        (Visitor(agent=Address.parse("7002")), [ADA], False),
        (Visitor(agent=Address.parse("7001")), [], False),
        (Visitor(agent=Address.parse("7001")), [party("7001", Role.CALLER)], False),
        (Visitor(agent=Address.parse("7001")), [party("7001", Role.OTHER)], False),
        (Visitor(agent=Address.parse("7001")), [Party("p", Role.AGENT, "7001")], False),
        (Visitor(agent=Address.parse("sip:pbx.example")), [party("sip:pbx.example")], False),
        (Visitor(agent=Address.parse("7001"), call_id="c1"), [ADA], True),
        (Visitor(agent=Address.parse("7001"), call_id="c2"), [ADA], False),
        (Visitor(agent=Address.parse("7002"), call_id="c1"), [ADA], False),
    ],
)
def test_who_sees_the_call_c1(visitor: Visitor, parties: list[Party], sees: bool) -> None:
    assert visitor.sees("c1", parties) is sees


def test_an_agent_is_found_among_several_parties_and_named_as_people_write_it() -> None:
    agent = agent_named(" 70-01 ")
    assert agent is not None and is_agent(agent, [party("+15550100", Role.CALLER), ADA])
    assert agent_named("") is agent_named("<b>") is None
