"""Digest authentication, our two sides against each other and against the figures of the RFCs."""

from __future__ import annotations

import pytest
from sip_peer import Peer

from voicebot.sip.credentials import Challenged, Credentials
from voicebot.sip.digest import DigestServer, Proof, digest_response, parse_digest
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse

SOURCE = "192.0.2.1"


def server(**options: float) -> DigestServer:
    return DigestServer("bot", {"trunk": "secret"}.get, **options)  # type: ignore[arg-type]


def answered(challenges: list[str], password: str = "secret", user: str = "trunk") -> SipRequest:
    request = Peer().request("INVITE")
    response = SipResponse(401)
    response.headers.setlist("WWW-Authenticate", challenges)
    assert Challenged(Credentials(user, password, hosts=["bot"])).answer(response, request, Hop("bot", 5060))
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
def test_what_is_not_an_answer_is_bad(wrong: str) -> None:
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


def test_a_first_challenge_is_not_called_stale_and_a_second_one_is() -> None:
    digest = server()
    first, again = digest.challenges(SOURCE, 10.0), digest.challenges(SOURCE, 10.0, stale=True)
    assert ["stale" in parse_digest(value) for value in first] == [False, False]
    assert [parse_digest(value)["stale"] for value in again] == ["true", "true"]
    assert [parse_digest(value)["algorithm"] for value in first] == ["SHA-256", "MD5"], "the better one first"
    assert all(parse_digest(value)["qop"] == "auth" for value in first)


def counted(digest: DigestServer, count: str, nonce: str = "") -> tuple[SipRequest, str]:
    """A right answer with this ``nc``, and its nonce."""
    nonce = nonce or parse_digest(digest.challenges(SOURCE, 10.0)[1])["nonce"]
    fields = {"realm": "bot", "nonce": nonce, "uri": "sip:x", "qop": "auth", "nc": count, "cnonce": "c"}
    fields["response"] = digest_response(fields, "INVITE", "trunk", "secret")
    value = ", ".join(f'{name}="{text}"' for name, text in fields.items())
    return Peer().request("INVITE", headers={"Authorization": f'Digest username="trunk", {value}'}), nonce


@pytest.mark.parametrize("count", ["00000000", "-0000001", "0000000g", ""])
def test_a_count_of_nothing_is_bad(count: str) -> None:
    digest = server()
    assert digest.check(counted(digest, count)[0], SOURCE, 11.0) == (Proof.BAD, "")


def test_counts_are_hexadecimal_and_only_go_up() -> None:
    digest = server()
    request, nonce = counted(digest, "00000009")
    assert digest.check(request, SOURCE, 11.0)[0] is Proof.GOOD
    assert digest.check(counted(digest, "0000000a", nonce)[0], SOURCE, 11.0)[0] is Proof.GOOD, "ten comes after nine"
    assert digest.check(counted(digest, "00000010", nonce)[0], SOURCE, 11.0)[0] is Proof.GOOD, "and sixteen after ten"
    assert digest.check(counted(digest, "0000000f", nonce)[0], SOURCE, 11.0)[0] is Proof.STALE


def test_the_method_of_the_request_is_part_of_the_proof() -> None:
    digest = server()
    request, _ = counted(digest, "00000001")
    request.method = "BYE"
    assert digest.check(request, SOURCE, 11.0)[0] is Proof.BAD


def test_a_nonce_of_the_future_and_one_that_is_altered_are_stale() -> None:
    digest = server(nonce_life_s=30.0)
    request, nonce = counted(digest, "00000001")
    assert digest.check(request, SOURCE, 8.5)[0] is Proof.STALE
    assert digest.check(counted(digest, "00000001", nonce)[0], SOURCE, 40.0)[0] is Proof.GOOD, "to the last moment"
    for altered in (
        nonce[:-1],
        nonce + "0",
        nonce.upper(),
        "0" + nonce[1:-1] + "x",
        f"{int(nonce[0], 16) ^ 1:x}" + nonce[1:],
    ):
        if altered != nonce:
            assert digest.check(counted(digest, "00000001", altered)[0], SOURCE, 11.0)[0] is Proof.STALE


@pytest.mark.parametrize("algorithm", ["MD5-sess", "SHA-256-sess"])
def test_a_session_algorithm_hashes_nonce_and_cnonce_in(algorithm: str) -> None:
    import hashlib

    kind = hashlib.md5 if algorithm.startswith("MD5") else hashlib.sha256
    fields = {"realm": "r", "nonce": "n", "uri": "sip:x", "cnonce": "c", "algorithm": algorithm}

    def h(text: str) -> str:
        return kind(text.encode()).hexdigest()

    wanted = h(f"{h(h('u:r:p') + ':n:c')}:n:{h('INVITE:sip:x')}")
    assert digest_response(fields, "INVITE", "u", "p") == wanted


def test_a_nonce_is_good_from_the_moment_that_it_is_made() -> None:
    digest = server()
    assert digest.check(counted(digest, "00000001")[0], SOURCE, 10.0)[0] is Proof.GOOD


def test_when_the_table_is_full_the_nonces_used_last_go_on_counting() -> None:
    digest = server(kept=2)
    nonces = [parse_digest(digest.challenges(SOURCE, 10.0 + n)[1])["nonce"] for n in range(3)]
    for nonce in nonces:
        assert digest.check(counted(digest, "00000001", nonce)[0], SOURCE, 15.0)[0] is Proof.GOOD
    second = [digest.check(counted(digest, "00000002", nonce)[0], SOURCE, 15.0)[0] for nonce in nonces]
    assert second == [Proof.STALE, Proof.GOOD, Proof.GOOD]


def test_a_challenge_has_so_many_fields_and_no_more() -> None:
    fields = [f"f{number}=x" for number in range(24)]
    assert len(parse_digest("Digest " + ", ".join(fields))) == 24
    assert parse_digest("Digest " + ", ".join([*fields, "one=more"])) == {}


def test_of_many_answers_only_the_first_four_are_read() -> None:
    for before, proof in ((3, Proof.GOOD), (4, Proof.BAD)):
        digest = server()
        request, _ = counted(digest, "00000001")
        others = ['Digest realm="other"'] * before
        request.headers.setlist("Authorization", [*others, *request.headers.getlist("Authorization")])
        assert digest.check(request, SOURCE, 11.0)[0] is proof


def test_a_nonce_is_good_for_five_minutes_where_nothing_else_is_set() -> None:
    digest = server()
    first, second = (counted(digest, "00000001")[0] for _ in range(2))
    assert digest.check(first, SOURCE, 310.0)[0] is Proof.GOOD
    assert digest.check(second, SOURCE, 310.5)[0] is Proof.STALE


def test_an_answer_that_fails_uses_no_nonce_up() -> None:
    digest = server()
    good, nonce = counted(digest, "00000005")
    wrong = counted(digest, "00000009", nonce)[0]
    wrong.headers.set("Authorization", wrong.headers["Authorization"].replace('username="trunk"', 'username="other"'))
    assert digest.check(wrong, SOURCE, 11.0)[0] is Proof.BAD
    assert digest.check(good, SOURCE, 11.0)[0] is Proof.GOOD


def test_a_response_in_capitals_is_the_same_response() -> None:
    digest = server()
    request, _ = counted(digest, "00000001")
    sent = parse_digest(request.headers["Authorization"])["response"]
    request.headers.set("Authorization", request.headers["Authorization"].replace(sent, sent.upper()))
    assert digest.check(request, SOURCE, 11.0)[0] is Proof.GOOD


def test_the_latest_nonce_that_fell_out_bars_all_that_are_as_old_in_whatever_order_they_were_used() -> None:
    digest = server(kept=1)
    old, new = (parse_digest(digest.challenges(SOURCE, 10.0 + n)[1])["nonce"] for n in range(2))
    unused, later = (parse_digest(digest.challenges(SOURCE, at)[1])["nonce"] for at in (10.5, 12.0))
    for nonce in (new, old, later):
        assert digest.check(counted(digest, "00000001", nonce)[0], SOURCE, 15.0)[0] is Proof.GOOD
    assert digest.check(counted(digest, "00000001", unused)[0], SOURCE, 15.0)[0] is Proof.STALE


@pytest.mark.parametrize("qop", ["auth-int", ""])
def test_a_right_answer_with_another_qop_than_we_asked_for_is_bad(qop: str) -> None:
    digest = server()
    nonce = parse_digest(digest.challenges(SOURCE, 10.0)[1])["nonce"]
    fields = {"realm": "bot", "nonce": nonce, "uri": "sip:x", "qop": qop, "nc": "00000001", "cnonce": "c"}
    fields["response"] = digest_response(fields, "INVITE", "trunk", "secret")
    value = ", ".join(f'{name}="{text}"' for name, text in fields.items())
    request = Peer().request("INVITE", headers={"Authorization": f'Digest username="trunk", {value}'})
    assert digest.check(request, SOURCE, 11.0) == (Proof.BAD, "")
