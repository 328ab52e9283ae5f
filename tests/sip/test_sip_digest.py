"""Digest authentication, our two sides against each other and against the figures of the RFCs."""

from __future__ import annotations

import pytest
from sip_peer import Peer

from voicebot.sip.digest import Challenged, Credentials, DigestServer, Proof, digest_response, parse_digest
from voicebot.sip.message import SipRequest, SipResponse

SOURCE = "192.0.2.1"


def server(**options: float) -> DigestServer:
    return DigestServer("bot", {"trunk": "secret"}.get, **options)  # type: ignore[arg-type]


def answered(challenges: list[str], password: str = "secret", user: str = "trunk") -> SipRequest:
    request = Peer().request("INVITE")
    response = SipResponse(401)
    response.headers.setlist("WWW-Authenticate", challenges)
    assert Challenged(Credentials(user, password)).answer(response, request)
    return request


@pytest.mark.parametrize(
    ("algorithm", "wanted"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_3_9_1(algorithm: str, wanted: str) -> None:
    fields = {
        "realm": "http-auth@example.org",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "algorithm": algorithm,
    }
    fields["cnonce"] = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    assert digest_response(fields, "GET", "Mufasa", "Circle of Life") == wanted


def test_the_better_algorithm_is_taken_and_a_good_answer_is_good_once() -> None:
    digest = server()
    request = answered(digest.challenges(SOURCE, 10.0))
    assert parse_digest(request.headers["Authorization"])["algorithm"] == "SHA-256"
    assert digest.check(request, SOURCE, 11.0) == (Proof.GOOD, "trunk")
    assert digest.check(request, SOURCE, 11.5) == (Proof.STALE, "")


def test_an_old_nonce_one_of_another_source_and_one_of_another_server_are_stale() -> None:
    digest = server(nonce_life_s=30.0)
    request = answered(digest.challenges(SOURCE, 10.0))
    assert digest.check(request, SOURCE, 41.0)[0] is Proof.STALE
    assert digest.check(request, "192.0.2.2", 11.0)[0] is Proof.STALE
    assert server().check(request, SOURCE, 11.0)[0] is Proof.STALE


@pytest.mark.parametrize(("user", "password"), [("trunk", "wrong"), ("nobody", "secret"), ("", "")])
def test_an_unknown_user_and_a_wrong_password_look_alike(user: str, password: str) -> None:
    digest = server()
    request = answered(digest.challenges(SOURCE, 10.0), password, user)
    assert digest.check(request, SOURCE, 10.5) == (Proof.BAD, "")


@pytest.mark.parametrize(
    "wrong", ["", "Basic x", "Digest", "Digest realm", 'Digest realm="bot"', "Digest " + "a=b," * 99]
)
def test_what_is_no_answer_is_bad(wrong: str) -> None:
    request = Peer().request("INVITE", headers={"Authorization": wrong})
    assert server().check(request, SOURCE, 1.0) == (Proof.BAD, "")


def test_an_answer_without_a_count_is_bad() -> None:
    digest = server()
    fields = parse_digest(digest.challenges(SOURCE, 1.0)[1])
    request = Peer().request("INVITE")
    given = {"realm": "bot", "nonce": fields["nonce"], "uri": "sip:x"}
    proof = digest_response(given, "INVITE", "trunk", "secret")
    value = f'Digest username="trunk", realm="bot", nonce="{fields["nonce"]}", uri="sip:x", response="{proof}"'
    request.headers.set("Authorization", value)
    assert digest.check(request, SOURCE, 1.0)[0] is Proof.BAD


def test_a_nonce_that_fell_out_of_the_table_cannot_be_used_again() -> None:
    digest = server(kept=2)
    requests = [answered(digest.challenges(SOURCE, 10.0 + n)) for n in range(4)]
    assert all(digest.check(request, SOURCE, 15.0)[0] is Proof.GOOD for request in requests)
    assert all(digest.check(request, SOURCE, 15.0)[0] is Proof.STALE for request in requests)


def test_a_challenge_is_answered_once_and_again_only_when_it_was_stale() -> None:
    client = Challenged(Credentials("trunk", "secret"))
    response = SipResponse(407)
    response.headers.set("Proxy-Authenticate", 'Digest realm="p", nonce="1", qop="auth"')
    request = Peer().request("INVITE")
    assert client.answer(response, request)
    assert not client.answer(response, request)
    response.headers.set("Proxy-Authenticate", 'Digest realm="p", nonce="2", qop="auth", stale=TRUE')
    assert client.answer(response, request)
    assert parse_digest(request.headers["Proxy-Authorization"])["nonce"] == "2"
