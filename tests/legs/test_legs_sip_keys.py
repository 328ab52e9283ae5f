"""What a leg's descriptions say of keys, from the first offer to the last refresh."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Literal

import pytest
from free_port import free_ports

from voicebot.audio.codecs import CODECS
from voicebot.legs.sip_keys import LegKeys
from voicebot.rtp import MediaClock, MediaKey, PortRange, RtpSession
from voicebot.rtp.packet import RtpPacket
from voicebot.rtp.srtp import SecureStream
from voicebot.sip import AudioAgreement
from voicebot.sip.dtls_sdp import HandshakeAgreement
from voicebot.sip.sdes import KEY_BYTES, SUITES, Crypto, LocalKeys

HERE = ("192.0.2.9", 4002)
THEIR_ICE, NEW_ICE = ("abcd", "p" * 22), ("efgh", "q" * 22)


class Sink:
    def frame(self, payload: bytes, at: float) -> None: ...

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None: ...

    def media_timeout(self, at: float) -> None: ...


@pytest.fixture
async def rtp() -> AsyncIterator[RtpSession]:
    clock, ports = MediaClock(), PortRange(*free_ports(), "127.0.0.1", rest_s=0.0)
    made = RtpSession.open(clock=clock, ports=ports, codec=CODECS["PCMU"], sink=Sink())
    yield made
    await made.close()


def agreed(
    role: Literal["active", "passive"] = "passive", ice: tuple[str, str] | None = THEIR_ICE, hashed: str = "AB"
) -> AudioAgreement:
    handshake = HandshakeAgreement(role, (("sha-256", hashed),), ice, True)
    return AudioAgreement(CODECS["PCMU"], 0, None, "192.0.2.1", 4000, None, "sendrecv", 0, handshake=handshake)


async def test_a_refresh_keeps_role_and_credentials_and_a_restart_of_ice_makes_new_ones(rtp: RtpSession) -> None:
    keys = LegKeys()
    keys.put_into_force(agreed(), rtp)
    _, first = keys.in_answer(agreed(), HERE)
    assert first is not None and (first.setup, first.lite, first.candidate) == ("passive", True, HERE)
    assert not rtp.protection.ready
    keys.put_into_force(agreed("active"), rtp)
    _, again = keys.in_answer(agreed("active"), HERE)
    assert again == first, "who is who was settled by the first offer"
    keys.put_into_force(agreed(ice=NEW_ICE), rtp)
    _, restarted = keys.in_answer(agreed(ice=NEW_ICE), HERE)
    assert restarted is not None and restarted.setup == "passive"
    assert restarted.ufrag != first.ufrag and restarted.password != first.password
    keys.put_into_force(agreed("active", hashed="CD"), rtp)
    _, other = keys.in_answer(agreed("active", hashed="CD"), HERE)
    assert other is not None and other.setup == "active", "another certificate is another association"


async def test_our_own_offers_have_a_handshake_only_where_the_stream_has_it_already(rtp: RtpSession) -> None:
    keys = LegKeys()
    assert keys.in_offer(False, HERE) == ([], None) and not keys.by_handshake
    crypto, handshake = keys.in_offer(True, HERE)
    assert len(crypto) == 2 and handshake is None
    keys.put_into_force(agreed(), rtp)
    crypto, handshake = keys.in_offer(True, HERE)
    assert crypto == [] and handshake is not None and handshake.setup == "actpass" and keys.by_handshake
    plain = AudioAgreement(CODECS["PCMU"], 0, None, "192.0.2.1", 4000, None, "sendrecv", 0)
    keys.put_into_force(plain, rtp)
    assert rtp.protection.plain and keys.in_answer(plain, HERE) == (None, None)


async def test_another_process_offers_other_credentials_which_an_answer_does_not_change(rtp: RtpSession) -> None:
    keys = LegKeys()
    keys.put_into_force(agreed(), rtp)
    _, before = keys.in_answer(agreed(), HERE)
    anew = LegKeys.made_anew(json.loads(json.dumps(keys.kept())))
    crypto, offered = anew.in_offer(True, HERE)
    assert crypto == [] and anew.by_handshake and before is not None and offered is not None
    assert (offered.setup, offered.lite, offered.candidate, offered.mux) == ("actpass", True, HERE, True)
    assert offered.ufrag != before.ufrag and offered.password != before.password
    anew.put_into_force(agreed("active", ice=NEW_ICE), rtp)
    assert anew.in_offer(True, HERE)[1] == offered
    _, again = anew.in_answer(agreed("passive", ice=NEW_ICE), HERE)
    assert again is not None and again.setup == "active", "the other side has answered that it waits"


async def test_keys_of_descriptions_stay_for_the_call(rtp: RtpSession) -> None:
    keys, theirs = LegKeys(), LocalKeys().offer()[0]
    sdes = AudioAgreement(CODECS["PCMU"], 0, None, "192.0.2.1", 4000, None, "sendrecv", 0, theirs)
    keys.put_into_force(sdes, rtp)
    assert rtp.protection.encrypted
    (ours, _), (again, _) = keys.in_answer(sdes, HERE), keys.in_answer(sdes, HERE)
    assert ours == again == keys.in_offer(False, HERE)[0][0]


async def test_the_identifier_of_their_key_is_looked_for_in_what_comes_and_never_sent(rtp: RtpSession) -> None:
    theirs = Crypto(1, SUITES[0], bytes(KEY_BYTES), b"\x01")
    keys, terms = LegKeys(), replace(agreed(), handshake=None, crypto=theirs)
    keys.put_into_force(terms, rtp)
    ours, _ = keys.in_answer(terms, HERE)
    assert ours is not None and not ours.mki
    caller = SecureStream(MediaKey(theirs.suite, theirs.key), MediaKey(ours.suite, ours.key))
    packet = RtpPacket(0, False, 1, 160, 7, b"\x55" * 160).build()
    sealed = caller.protect(packet)
    assert rtp.protection.unprotect(sealed[:-10] + theirs.mki + sealed[-10:]) == packet
    assert caller.unprotect(rtp.protection.protect(packet)) == packet
