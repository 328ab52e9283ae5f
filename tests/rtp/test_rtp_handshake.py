"""Keys by DTLS, with and without ICE checks: both sides in memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest

from voicebot.rtp import stun
from voicebot.rtp.dtls import DtlsFailed, DtlsHandshake, DtlsIdentity, DtlsRole
from voicebot.rtp.handshake import HandshakeTerms, MediaHandshake, is_for_handshake
from voicebot.rtp.ice_lite import IceCredentials, IceLite, new_credentials
from voicebot.rtp.srtp import SecureStream

THEIRS, ELSEWHERE = ("192.0.2.7", 4000), ("198.51.100.1", 4000)
PACKET = b"\x80\x00" + bytes(10) + b"voice" * 32


@pytest.fixture(scope="module")
def identities() -> tuple[DtlsIdentity, DtlsIdentity]:
    return DtlsIdentity(), DtlsIdentity()


def announced(identity: DtlsIdentity) -> frozenset[tuple[str, str]]:
    return frozenset({("sha-256", identity.fingerprint)})


def shake(one: DtlsHandshake, other: DtlsHandshake) -> None:
    one.start()
    other.start()
    for _ in range(6):
        for data in one.take():
            other.receive(data)
        for data in other.take():
            one.receive(data)


@pytest.mark.parametrize("role", ["active", "passive"])
def test_both_sides_come_to_the_same_keys(identities: tuple[DtlsIdentity, DtlsIdentity], role: DtlsRole) -> None:
    us, them = identities
    ours = DtlsHandshake(us, role, announced(them))
    theirs = DtlsHandshake(them, "passive" if role == "active" else "active", announced(us))
    shake(ours, theirs)
    assert ours.keys is not None and theirs.keys is not None
    assert ours.keys == theirs.keys[::-1] and ours.keys[0] != ours.keys[1]
    sender, receiver = SecureStream(*ours.keys), SecureStream(*theirs.keys)
    assert receiver.unprotect(sender.protect(PACKET)) == PACKET
    assert "key" not in repr(ours.keys).replace("MediaKey", "")


def test_who_shows_another_certificate_than_was_announced_gets_no_keys(
    identities: tuple[DtlsIdentity, DtlsIdentity],
) -> None:
    us, them = identities
    ours, theirs = DtlsHandshake(us, "passive", announced(us)), DtlsHandshake(them, "active", announced(us))
    with pytest.raises(DtlsFailed, match="not the one that was announced"):
        shake(ours, theirs)
    assert ours.keys is None
    ours.receive(b"\x16\xfe\xfd" + bytes(20))
    ours.tick()
    assert ours.take() == [] and ours.keys is None, "it has failed for good"


def test_a_hash_that_proves_nothing_is_none(identities: tuple[DtlsIdentity, DtlsIdentity]) -> None:
    us, them = identities
    ours = DtlsHandshake(us, "passive", {("sha-1", "AB:CD"), ("md5", them.fingerprint)})
    with pytest.raises(DtlsFailed):
        shake(ours, DtlsHandshake(them, "active", announced(us)))


@pytest.mark.parametrize("junk", [b"\x16", b"\x16\xfe\xfd" + bytes(300), bytes(range(20, 64)) * 20])
def test_junk_breaks_nothing(identities: tuple[DtlsIdentity, DtlsIdentity], junk: bytes) -> None:
    us, them = identities
    ours, theirs = DtlsHandshake(us, "passive", announced(them)), DtlsHandshake(them, "active", announced(us))
    ours.receive(junk)
    shake(ours, theirs)
    assert ours.keys is not None
    ours.receive(junk)


def test_a_lost_flight_is_sent_again(identities: tuple[DtlsIdentity, DtlsIdentity]) -> None:
    us, them = identities
    ours, theirs = DtlsHandshake(us, "passive", announced(them)), DtlsHandshake(them, "active", announced(us))
    theirs.start()
    assert theirs.take(), "and lost"
    theirs.tick()
    assert theirs.take() == [], "not yet"
    deadline = time.monotonic() + 10
    while not (sent_again := theirs.take()) and time.monotonic() < deadline:  # OpenSSL's own clock: 1 s
        time.sleep(0.01)
        theirs.tick()
    (again,) = sent_again
    ours.receive(again)
    for _ in range(4):
        for data in ours.take():
            theirs.receive(data)
        for data in theirs.take():
            ours.receive(data)
    assert ours.keys is not None and theirs.keys is not None


# --- ICE-lite


def check(local: IceCredentials, remote: IceCredentials, *more: tuple[int, bytes]) -> bytes:
    """A check of theirs, as they sign it: with our password."""
    user = (stun.USERNAME, f"{local.ufrag}:{remote.ufrag}".encode())
    return stun.build(stun.BINDING_REQUEST, bytes(range(12)), [user, *more], local.password.encode())


NOMINATED = (stun.USE_CANDIDATE, b"")
ICE_CONTROLLING = 0x802A
CONTROLLING = (ICE_CONTROLLING, bytes(8))


def test_a_check_is_answered_with_the_address_it_came_from_and_may_nominate() -> None:
    ours, theirs = new_credentials(), new_credentials()
    ice = IceLite(ours, theirs)
    answer = ice.receive(check(ours, theirs, CONTROLLING), THEIRS)
    assert answer is not None and ice.is_valid(THEIRS) and ice.nominated is None
    message = stun.parse(answer)
    assert message.kind == stun.BINDING_SUCCESS and message.is_signed_with(ours.password.encode())
    mapped = message.attributes[stun.XOR_MAPPED_ADDRESS]
    assert mapped == stun.xor_mapped_address(*THEIRS, message.transaction)
    ice.receive(check(ours, theirs, CONTROLLING, NOMINATED), THEIRS)
    assert ice.nominated == THEIRS


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ours, theirs: check(new_credentials(), theirs, NOMINATED),
        lambda ours, theirs: check(ours, new_credentials(), NOMINATED),
        lambda ours, theirs: check(IceCredentials(ours.ufrag, "guessed-guessed-guessed"), theirs, NOMINATED),
        lambda ours, theirs: stun.build(stun.BINDING_REQUEST, bytes(12), []),
        lambda ours, theirs: stun.build(stun.BINDING_SUCCESS, bytes(12), [], ours.password.encode()),
        lambda ours, theirs: b"\0\1junk",
    ],
)
def test_nobody_else_gets_an_answer(wrong: Callable[[IceCredentials, IceCredentials], bytes]) -> None:
    ours, theirs = new_credentials(), new_credentials()
    ice = IceLite(ours, theirs)
    assert ice.receive(wrong(ours, theirs), ELSEWHERE) is None
    assert not ice.is_valid(ELSEWHERE) and ice.nominated is None and ice.refused == 1


def test_two_that_want_to_be_controlled_are_told_so() -> None:
    ours, theirs = new_credentials(), new_credentials()
    ice = IceLite(ours, theirs)
    answer = ice.receive(check(ours, theirs, (stun.ICE_CONTROLLED, bytes(8)), NOMINATED), THEIRS)
    assert answer is not None and stun.parse(answer).kind == stun.BINDING_ERROR
    assert stun.parse(answer).attributes[stun.ERROR_CODE][:4] == b"\0\0\4\x57" and ice.nominated is None


def test_credentials_are_long_enough_and_not_shown() -> None:
    made = new_credentials()
    assert len(made.ufrag) >= 4 and len(made.password) >= 22 and made != new_credentials()
    assert made.password not in repr(made)


# --- both on one port


def test_dtls_is_told_from_stun_and_media() -> None:
    kinds = [is_for_handshake(bytes([first]) + bytes(20)) for first in (0, 3, 4, 19, 20, 63, 64, 128, 191)]
    assert kinds == [True, True, False, False, True, True, False, False, False]
    assert not is_for_handshake(b"")


def between(ours: MediaHandshake, theirs: DtlsHandshake, source: tuple[str, int]) -> None:
    for _ in range(6):
        for data in theirs.take():
            for answer, target in ours.receive(data, source):
                assert target == source
                theirs.receive(answer)


def test_without_ice_the_handshake_is_of_the_signalled_host_only(
    identities: tuple[DtlsIdentity, DtlsIdentity],
) -> None:
    us, them = identities
    ours = MediaHandshake(HandshakeTerms(us, "passive", announced(them)))
    assert ours.signal(THEIRS) == []
    theirs = DtlsHandshake(them, "active", announced(us))
    theirs.start()
    (hello,) = theirs.take()
    assert ours.receive(hello, ELSEWHERE) == [] and ours.refused == 1, "nothing is sent to somebody else"
    assert ours.receive(b"\0\1" + bytes(18), THEIRS) == [] and ours.refused == 2
    for answer, target in ours.receive(hello, ("192.0.2.7", 4321)):
        assert target == ("192.0.2.7", 4321), "another port of it: behind NAT"
        theirs.receive(answer)
    between(ours, theirs, ("192.0.2.7", 4321))
    assert ours.keys is not None and theirs.keys is not None


def test_who_is_active_begins_when_the_other_side_can_be_reached(identities: tuple[DtlsIdentity, DtlsIdentity]) -> None:
    us, them = identities
    ours = MediaHandshake(HandshakeTerms(us, "active", announced(them)))
    ((hello, target),) = ours.signal(THEIRS)
    assert target == THEIRS and hello[0] == 22
    assert ours.signal(THEIRS) == [], "once"
    credentials = new_credentials(), new_credentials()
    ours = MediaHandshake(HandshakeTerms(us, "active", announced(them), credentials))
    assert ours.signal(ELSEWHERE) == []
    assert len(ours.receive(check(*credentials), THEIRS)) == 1
    _reply, (hello, target) = ours.receive(check(*credentials, NOMINATED), THEIRS)
    assert target == THEIRS == ours.nominated and hello[0] == 22


def test_with_ice_the_handshake_is_of_who_made_a_good_check(
    identities: tuple[DtlsIdentity, DtlsIdentity], caplog: pytest.LogCaptureFixture
) -> None:
    us, them = identities
    credentials = new_credentials(), new_credentials()
    ours = MediaHandshake(HandshakeTerms(us, "passive", announced(them), credentials))
    ours.signal(ELSEWHERE)
    theirs = DtlsHandshake(them, "active", announced(us))
    theirs.start()
    (hello,) = theirs.take()
    assert ours.receive(hello, ELSEWHERE) == [] and ours.receive(hello, THEIRS) == []
    ours.receive(check(*credentials, NOMINATED), THEIRS)
    for answer, _ in ours.receive(hello, THEIRS):
        theirs.receive(answer)
    between(ours, theirs, THEIRS)
    assert ours.keys is not None and ours.nominated == THEIRS and ours.tick() == []
    caplog.set_level(logging.WARNING)
    wrong = MediaHandshake(HandshakeTerms(us, "passive", announced(us)))
    wrong.signal(THEIRS)
    other = DtlsHandshake(them, "active", announced(us))
    other.start()
    between(wrong, other, THEIRS)
    assert wrong.keys is None and [r.getMessage() for r in caplog.records] == [
        "no media keys for 192.0.2.7: DTLS failed: the certificate is not the one that was announced"
    ]


def test_ice_may_begin_anew_without_another_handshake(identities: tuple[DtlsIdentity, DtlsIdentity]) -> None:
    us, them = identities
    first, second = (new_credentials(), new_credentials()), (new_credentials(), new_credentials())
    terms = HandshakeTerms(us, "passive", announced(them), first)
    ours, theirs = MediaHandshake(terms), DtlsHandshake(them, "active", announced(us))
    ours.receive(check(*first, NOMINATED), THEIRS)
    theirs.start()
    between(ours, theirs, THEIRS)
    keys = ours.keys
    assert keys is not None and ours.adopt(terms) and ours.nominated == THEIRS, "the same once more changes nothing"
    assert ours.adopt(terms._replace(ice=second)) and ours.keys is keys
    assert ours.receive(check(*first), THEIRS) == [] and ours.nominated is None
    moved = ("192.0.2.8", 4100)
    ((answer, target),) = ours.receive(check(*second, NOMINATED), moved)
    assert target == moved == ours.nominated and stun.parse(answer).kind == stun.BINDING_SUCCESS
    for other in (
        terms._replace(ice=None),
        terms._replace(role="active"),
        terms._replace(fingerprints=announced(us)),
    ):
        assert not ours.adopt(other), "that takes another association"
