"""Whose challenges our password answers: of its own host, for its own realm, with the best that was ever offered."""

from __future__ import annotations

import ipaddress
import logging

import pytest
from sip_calls import up
from sip_peer import OFFER, Peer, session, statuses

from voicebot.address import Address
from voicebot.sip.answering import CallOffered
from voicebot.sip.call import SipCall
from voicebot.sip.credentials import Challenged, Credentials
from voicebot.sip.digest import digest_response, parse_digest
from voicebot.sip.hop import Hop
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.registration import Account
from voicebot.sip.trunks import Trunk, TrunkGate

HOME = Hop("192.0.2.10", 5060)
EVIL = Hop("198.51.100.66", 5060)


def ours(*realms: str) -> Credentials:
    return Credentials("trunk", "secret", hosts=["192.0.2.10"], realms=realms)


def challenged(*fields: str, status: int = 401) -> SipResponse:
    response = SipResponse(status)
    header = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    response.headers.setlist(header, [f"Digest {one}" for one in fields])
    return response


def of_register() -> SipRequest:
    return Peer().request("REGISTER")


# --- the host


@pytest.mark.parametrize(
    ("hop", "is_ours"),
    [
        (Hop("192.0.2.10", 5060), True),
        (Hop("192.0.2.10", 5061, "TLS", name="192.0.2.10"), True),
        (Hop("203.0.113.5", 5060, name="PBX.example.com."), True),  # found by its name
        (Hop("2001:db8::5", 5060), True),  # listed
        (Hop("198.51.100.66", 5060), False),
        (Hop("198.51.100.66", 5060, name="pbx.example.com.evil.example"), False),
        (Hop("evil.example", 5060, name="evil.example"), False),
    ],
)
def test_a_password_is_for_its_hosts_and_for_no_other(hop: Hop, is_ours: bool) -> None:
    networks = [ipaddress.ip_network("2001:db8::/64")]
    credentials = Credentials("u", "p", hosts=["pbx.example.com", "192.0.2.10"], networks=networks)
    assert credentials.are_for(hop) is is_ours
    request = Peer().request("INVITE")
    assert Challenged(credentials).answer(challenged('realm="r", nonce="n"'), request, hop) is is_ours
    assert (request.headers.get("Authorization") is not None) is is_ours


def test_an_address_that_the_name_led_to_is_the_hosts_and_stays_so() -> None:
    credentials = Credentials("u", "p", hosts=["pbx.example.com"])
    found = Hop("192.0.2.7", 5060, name="pbx.example.com")
    assert not credentials.are_for(Hop("192.0.2.7", 5060))
    credentials.led_to(found)
    credentials.led_to(Hop("198.51.100.66", 5060, name="evil.example"))
    assert credentials.are_for(Hop("192.0.2.7", 5060)) and not credentials.are_for(Hop("198.51.100.66", 5060))


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    credentials = Credentials("u", "p", hosts=["pbx.example.com"])
    for number in range(1000):
        credentials.led_to(Hop(f"10.0.{number // 250}.{number % 250}", 5060, name="pbx.example.com"))
    assert len(credentials._addresses) == 256 and credentials.are_for(Hop("10.0.3.249", 5060))


def test_credentials_without_a_host_answer_nobody() -> None:
    assert not Challenged(Credentials("u", "p")).answer(challenged('realm="r", nonce="n"'), of_register(), HOME)


def test_an_account_knows_registrar_proxy_and_domain_as_its_hosts() -> None:
    account = Account("p", "sip:reg.example.com", "7000", "s", domain="Example.com", proxy="sip:[2001:db8::7]:5070")
    credentials = account.line.credentials
    assert credentials is not None
    there = ("reg.example.com", "example.com", "2001:db8::7")
    assert all(credentials.are_for(Hop(host, 5060, name=host)) for host in there)
    assert not credentials.are_for(Hop("7000", 5060, name="7000"))


# --- the realm


def test_credentials_of_a_realm_answer_that_realm_and_no_other() -> None:
    client, request = Challenged(ours("ours")), Peer().request("INVITE")
    assert not client.answer(challenged('realm="theirs", nonce="1", qop="auth"'), request, HOME)
    assert not client.answer(challenged('nonce="1", qop="auth"'), request, HOME), "nor one without a name"
    assert request.headers.get("Authorization") is None
    both = challenged('realm="theirs", nonce="1", qop="auth"', 'realm="ours", nonce="2", qop="auth"')
    assert client.answer(both, request, HOME)
    assert parse_digest(request.headers["Authorization"])["realm"] == "ours"


def test_without_a_realm_the_first_one_is_taken_and_no_other() -> None:
    credentials = ours()
    assert Challenged(credentials).answer(challenged('realm="pbx", nonce="1"'), Peer().request("INVITE"), HOME)
    later = Challenged(credentials)
    request = Peer().request("INVITE")
    assert not later.answer(challenged('realm="any", nonce="1"'), request, HOME), "of whom the proxy called"
    assert later.answer(challenged('realm="pbx", nonce="2"', status=407), request, HOME)


def test_the_first_realm_holds_as_long_as_the_process_lives_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    credentials = ours()
    for number in range(3):
        pbx, other = (challenged(f'realm="{realm}", nonce="{number}"') for realm in ("asterisk", f"any {number}"))
        assert Challenged(credentials).answer(pbx, Peer().request("INVITE"), HOME)
        assert not Challenged(credentials).answer(other, Peer().request("INVITE"), HOME)
    assert [text for text in caplog.messages if "from now on" in text] == [
        "the password of trunk answers realm 'asterisk' from now on, the first that was named (setting: realms)"
    ]


def test_a_realm_is_not_learned_within_a_dialog() -> None:
    credentials = ours()
    bye = Peer().request("BYE", to_tag="theirs")
    assert not Challenged(credentials).answer(challenged('realm="any", nonce="1"'), bye, HOME)
    assert Challenged(credentials).answer(challenged('realm="pbx", nonce="1"'), of_register(), HOME)
    assert Challenged(credentials).answer(challenged('realm="pbx", nonce="1"'), bye, HOME)


def test_a_registrar_may_rename_its_realm_and_a_call_may_not() -> None:
    credentials = ours()
    assert Challenged(credentials).answer(challenged('realm="old", nonce="1"'), of_register(), HOME)
    assert not Challenged(credentials).answer(challenged('realm="new", nonce="1"'), Peer().request("INVITE"), HOME)
    assert Challenged(credentials).answer(challenged('realm="new", nonce="1"'), of_register(), HOME)
    assert not Challenged(credentials).answer(challenged('realm="old", nonce="1"'), Peer().request("INVITE"), HOME)


def test_of_two_realms_that_a_registrar_names_the_known_one_is_meant_or_else_the_first() -> None:
    credentials = ours()
    for named in ('"a"', '"b"'), ('"b"', '"a"'), ('"a"', '"c"'):
        request = of_register()
        both = challenged(*(f'realm={realm}, nonce="1", algorithm=SHA-256' for realm in named))
        assert Challenged(credentials).answer(both, request, HOME)
        assert parse_digest(request.headers["Authorization"])["realm"] == "a"


def test_of_two_unknown_realms_the_one_with_the_better_algorithm_is_taken() -> None:
    request = of_register()
    both = challenged('realm="a", nonce="1", algorithm=MD5', 'realm="b", nonce="2", algorithm=SHA-256')
    assert Challenged(ours()).answer(both, request, HOME)
    assert parse_digest(request.headers["Authorization"])["realm"] == "b"


def test_where_a_registrar_names_no_realm_a_call_teaches_none() -> None:
    credentials = Credentials("u", "p", hosts=[HOME.host], registers=True)
    assert not Challenged(credentials).answer(challenged('realm="any", nonce="1"'), Peer().request("INVITE"), HOME)
    assert Challenged(credentials).answer(challenged('realm="pbx", nonce="1"'), of_register(), HOME)
    assert Challenged(credentials).answer(challenged('realm="pbx", nonce="2"'), Peer().request("INVITE"), HOME)


def test_a_challenge_that_is_not_answered_is_told_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Challenged(ours()).answer(challenged('realm="any", nonce="1"'), of_register(), EVIL)
        Challenged(ours("pbx")).answer(challenged('realm="any", nonce="1"'), of_register(), HOME)
    assert "198.51.100.66 is neither its registrar, proxy nor trunk" in caplog.messages[0]
    assert "another realm (setting: realms)" in caplog.messages[1] and "secret" not in caplog.text


# --- the algorithm


@pytest.mark.parametrize("weaker", ["algorithm=MD5, ", "", "algorithm=MD5-sess, "])
def test_md5_is_not_used_any_more_where_something_better_was_offered(weaker: str) -> None:
    credentials = ours()
    assert Challenged(credentials).answer(challenged('realm="r", nonce="1", algorithm=SHA-256'), of_register(), HOME)
    request = of_register()
    assert not Challenged(credentials).answer(challenged(f'{weaker}realm="r", nonce="2"'), request, HOME)
    assert request.headers.get("Authorization") is None


def test_md5_is_not_used_for_another_realm_of_the_registrar_either() -> None:
    credentials = ours()
    assert Challenged(credentials).answer(challenged('realm="a", nonce="1", algorithm=SHA-256'), of_register(), HOME)
    assert not Challenged(credentials).answer(challenged(), of_register(), HOME)
    for realm in "b", "c", "a":
        assert not Challenged(credentials).answer(challenged(f'realm="{realm}", nonce="2"'), of_register(), HOME)
    assert Challenged(credentials).answer(challenged('realm="b", nonce="3", algorithm=SHA-256'), of_register(), HOME)


def test_md5_is_used_where_nothing_better_was_offered() -> None:
    credentials = ours()
    for _ in range(2):
        assert Challenged(credentials).answer(challenged('realm="r", nonce="1"'), of_register(), HOME)


def test_of_several_challenges_the_best_usable_one_is_answered() -> None:
    request = Peer().request("INVITE")
    challenges = challenged(
        'realm="r", nonce="1", algorithm=MD5, qop="auth", opaque="kept"',
        'realm="r", nonce="2", algorithm=SHA-512-256, qop="auth"',
        'realm="r", nonce="3", algorithm=SHA-256, qop="other"',
        'realm="r", algorithm=SHA-256, qop="auth"',
    )
    assert Challenged(ours()).answer(challenges, request, HOME)
    sent = parse_digest(request.headers["Authorization"])
    assert (sent["nonce"], sent["opaque"], sent["algorithm"]) == ("1", "kept", "MD5")


# --- how often


def test_a_challenge_is_answered_once_and_again_only_when_it_was_stale() -> None:
    client = Challenged(ours())
    request = Peer().request("INVITE")
    response = challenged('realm="p", nonce="1", qop="auth"', status=407)
    assert client.answer(response, request, HOME)
    assert not client.answer(response, request, HOME)
    assert client.answer(challenged('realm="p", nonce="2", qop="auth", stale=TRUE', status=407), request, HOME)
    assert parse_digest(request.headers["Proxy-Authorization"])["nonce"] == "2"


def test_who_challenges_for_ever_gets_four_answers() -> None:
    client, request = Challenged(ours()), Peer().request("INVITE")
    stale = [challenged(f'realm="p", nonce="{number}", qop="auth", stale=true') for number in range(6)]
    assert [client.answer(response, request, HOME) for response in stale] == [True] * 4 + [False] * 2


def test_another_realm_of_ours_or_a_proxy_is_answered_beside_the_first() -> None:
    client, request = Challenged(ours("a", "b")), Peer().request("INVITE")
    assert client.answer(challenged('realm="a", nonce="1"'), request, HOME)
    assert client.answer(challenged('realm="a", nonce="1"', status=407), request, HOME)
    assert client.answer(challenged('realm="b", nonce="1"'), request, HOME)
    assert not client.answer(challenged('realm="a", nonce="3"'), request, HOME), "that password was wrong"


# --- what is sent


def test_auth_int_covers_the_body_and_is_taken_where_there_is_nothing_else() -> None:
    fields = {"realm": "r", "nonce": "n", "uri": "sip:x", "cnonce": "c", "qop": "auth-int", "nc": "00000001"}
    assert digest_response(fields, "INVITE", "u", "p", b"a") != digest_response(fields, "INVITE", "u", "p", b"b")
    for offered, taken in (("auth-int", "auth-int"), ("auth-int,auth", "auth"), ("token, auth-int", "auth-int")):
        request = Peer().request("INVITE", body=b"v=0")
        assert Challenged(ours()).answer(challenged(f'realm="r", nonce="n", qop="{offered}"'), request, HOME)
        sent = parse_digest(request.headers["Authorization"])
        assert sent["qop"] == taken and sent["nc"] == "00000001"
        assert sent["response"] == digest_response(sent, "INVITE", "trunk", "secret", request.body)


def test_quotes_in_names_come_through() -> None:
    request = Peer().request("INVITE")
    credentials = Credentials('a"b\\c', "p", hosts=[HOME.host])
    assert Challenged(credentials).answer(challenged('realm="r", nonce="n"'), request, HOME)
    assert parse_digest(request.headers["Authorization"])["username"] == 'a"b\\c'


def test_a_password_is_not_told_to_whoever_prints_the_credentials() -> None:
    assert (
        "secret" not in f"{ours()!r} {Account('a', 'sip:x', '7000', 'secret')!r} {Account('a', 'sip:x', '7', 's').line}"
    )


# --- in the user agent


TRUNK = Trunk("sbc", (ipaddress.ip_network("192.0.2.10/32"),), "bot", "secret", outbound="sip:192.0.2.10")
CHALLENGE = 'Digest realm="any", nonce="chosen", algorithm=MD5, qop="auth"'


def asked_for_a_password(peer: Peer, request: SipRequest) -> list[SipRequest | SipResponse]:
    response = peer.reply(request, 401)
    response.headers.set("WWW-Authenticate", CHALLENGE)
    return peer.send(response)


def test_whom_we_call_elsewhere_does_not_get_the_password_of_the_line() -> None:
    """An account has no proxy: its calls go where their URI says."""
    peer = Peer()
    line = Account("provider", "sip:192.0.2.10", "7000", "secret").line
    peer.ua.invite(Address.parse("sip:+4930123@198.51.100.66:5999"), session(), peer.now, line=line)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest) and peer.destinations[-1] == ("198.51.100.66", 5999)
    assert statuses(asked_for_a_password(peer, invite)) == ["ACK"], "and the call has failed"


def test_a_contact_of_somewhere_else_gets_no_password_within_a_call_that_came_by_the_trunk() -> None:
    peer = Peer(gate=TrunkGate([TRUNK]))
    assert TRUNK.line is not None
    peer.ua.lines._lines["sbc"] = TRUNK.line
    headers = {"Contact": "<sip:eve@198.51.100.66:5999>"}
    peer.send(peer.request("INVITE", body=OFFER, headers=headers), HOME[:2])
    call: SipCall = peer.event(CallOffered).call
    call.answer(session(), peer.now)
    (ok,) = peer.command()
    peer.send(peer.request("ACK", to_tag=ok.recipient.tag))
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and peer.destinations[-1] == ("198.51.100.66", 5999)
    assert asked_for_a_password(peer, bye) == []


def answered_invite(peer: Peer, line: Line) -> SipRequest:
    peer.ua.invite(Address.parse("sip:x@192.0.2.10"), session(), peer.now, line=line)
    (invite,) = peer.command()
    assert isinstance(invite, SipRequest)
    _, again = asked_for_a_password(peer, invite)
    assert isinstance(again, SipRequest) and again.headers.get("Authorization")
    return again


@pytest.mark.parametrize(("contact", "shown"), [("sip:x@192.0.2.10:5080", True), ("sip:x@198.51.100.66", False)])
def test_the_ack_of_a_call_carries_the_answer_of_its_invite_to_the_line_only(contact: str, shown: bool) -> None:
    peer = Peer()
    assert TRUNK.line is not None
    accepted = peer.reply(answered_invite(peer, TRUNK.line), 200, to_tag="t", body=OFFER)
    accepted.headers.set("Contact", f"<{contact}>")
    (ack,) = peer.send(accepted)
    assert statuses([ack]) == ["ACK"] and (ack.headers.get("Authorization") is not None) is shown


def test_a_call_answers_the_realm_that_the_registration_has_learned() -> None:
    peer = Peer()
    account = Account("pbx", "sip:192.0.2.10", "7000", "secret")
    peer.ua.lines.register(account, peer.now, chance=lambda: 0.5)
    (register,) = peer.command()
    assert isinstance(register, SipRequest)
    challenge = peer.reply(register, 401)
    challenge.headers.set("WWW-Authenticate", 'Digest realm="pbx", nonce="n", algorithm=SHA-256, qop="auth"')
    assert statuses(peer.send(challenge)) == ["REGISTER"]
    line = peer.ua.lines.get("pbx")
    peer.ua.invite(Address.parse("sip:x@192.0.2.10"), session(), peer.now, line=line)
    invite = peer.command()[-1]
    assert isinstance(invite, SipRequest)
    assert statuses(asked_for_a_password(peer, invite)) == ["ACK"], "the callee's own challenge, passed on by the proxy"


def test_a_call_of_no_line_has_no_password() -> None:
    peer = Peer()
    call, _ = up(peer)
    call.bye(peer.now)
    (bye,) = peer.command()
    assert isinstance(bye, SipRequest) and asked_for_a_password(peer, bye) == []


# --- what is answered


def said_to(*challenges: str) -> dict[str, str] | None:
    """What our password's host is answered to these challenges, if anything."""
    request = of_register()
    if not Challenged(ours()).answer(challenged(*challenges), request, HOME):
        return None
    return parse_digest(request.headers["Authorization"])


def test_of_many_challenges_only_the_first_eight_are_read() -> None:
    other, known = 'realm="r", algorithm=unknown, nonce="n"', 'realm="r", nonce="n"'
    assert said_to(*[other] * 7, known) is not None and said_to(*[other] * 8, known) is None


@pytest.mark.parametrize("algorithm", ["MD5-sess", "sha-256-SESS"])
def test_a_session_algorithm_has_a_cnonce_of_ours_even_without_qop(algorithm: str) -> None:
    said = said_to(f'realm="r", nonce="n", algorithm={algorithm}')
    assert said is not None and len(said["cnonce"]) >= 8 and "qop" not in said and "nc" not in said
    assert said["response"] == digest_response(said, "REGISTER", "trunk", "secret")


def test_without_qop_and_session_there_is_no_cnonce_and_no_count() -> None:
    """RFC 2069, which some gateways still speak."""
    said = said_to('realm="r", nonce="n"')
    assert said is not None and {*said} == {"username", "realm", "nonce", "uri", "response"}
