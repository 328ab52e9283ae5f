"""What a leg's media are: codecs and their changes, encryption, tones."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from leg_ends import DEADLINE_S, LOOPBACK, NOBODY, Answerer, Line, Sink, tone

from voicebot.audio import LINEAR_16K, PCMU
from voicebot.audio.codecs import DEFAULT_CODECS, all_named
from voicebot.audio.g711 import encode
from voicebot.legs import LegClosed
from voicebot.legs.sip_media import MediaPreferences
from voicebot.legs.sip_outgoing import dial
from voicebot.rtp import Clip, MediaClock
from voicebot.sip import CallClosed, offer_answer, sdp
from voicebot.sip.offer_answer import Srtp


async def test_without_a_common_codec_the_answer_is_488_and_no_leg_is_made(line: Line, answerer: Answerer) -> None:
    offer = offer_answer.offer(LOOPBACK, NOBODY)
    offer.media[0].formats, offer.media[0].rtpmap = ["18"], {18: sdp.Encoding("G729", 8000)}
    with pytest.raises(CallClosed, match="488"):
        await line.endpoint.invite(answerer.address, offer).established()
    assert not answerer.legs


@pytest.mark.parametrize("group", ["224.0.0.1", "239.255.255.250", "255.255.255.255"])
async def test_media_is_sent_to_no_group_of_hosts(line: Line, answerer: Answerer, group: str) -> None:
    with pytest.raises(CallClosed, match="488"):
        await line.endpoint.invite(answerer.address, offer_answer.offer(group, NOBODY)).established()
    assert not answerer.legs


@pytest.mark.parametrize(
    ("addresses", "taken"), [(["224.0.0.1", "255.255.255.255", "2001:db8::7"], False), (["224.0.0.1", LOOPBACK], True)]
)
async def test_what_holds_for_addresses_holds_for_those_of_a_name(
    line: Line, answerer: Answerer, addresses: list[str], taken: bool
) -> None:
    answerer.front.endpoint._names._look_up = {"media.example": addresses}.__getitem__
    call = line.endpoint.invite(answerer.address, offer_answer.offer("media.example", NOBODY))
    if taken:
        await call.established()
    else:
        with pytest.raises(CallClosed, match="488"):
            await call.established()
    offered = [leg._session.offered for leg in answerer.legs]
    assert [one.host for one in offered if one is not None] == [LOOPBACK] * taken


async def test_a_trunk_has_codecs_and_an_order_of_its_own(line: Line, clock: MediaClock) -> None:
    own = MediaPreferences(codecs=all_named(["G722", "PCMA"]), codec_choice="ours", ptime_ms=30)
    trunks = {"": own, "other": MediaPreferences()}
    answerer = Answerer(clock, trunks=trunks)
    await answerer.front.start()
    offer = offer_answer.offer(LOOPBACK, NOBODY, codecs=all_named(["PCMU", "PCMA", "opus", "G722"]))
    answer = await line.endpoint.invite(answerer.address, offer).established()
    assert (answer.media[0].formats, answer.media[0].ptime) == (["9", "101"], 30)
    assert answerer.legs[0].info.audio is LINEAR_16K and answerer.legs[0].info.codec == "G722"
    assert answerer.front.media_for("other").preferences.codecs == DEFAULT_CODECS
    await answerer.front.close()


@pytest.mark.parametrize(("first", "then"), [("G722", "PCMU"), ("PCMA", "G722"), ("opus", "PCMA"), ("PCMU", "opus")])
async def test_a_codec_that_changes_in_mid_call_changes_nothing_above(
    line: Line, answerer: Answerer, first: str, then: str
) -> None:
    sink = Sink()
    leg = await dial(line.endpoint, line.codecs(first, then), answerer.address, sink=sink)
    bot = answerer.legs[0]
    audio = bot.info.audio
    for old, new in ((first, then), (then, first)):
        offer = offer_answer.offer(LOOPBACK, leg.local_port, codecs=all_named([new]))
        answer = bot._session_offered(offer)
        assert answer is not None and leg.session_answered(answer), old
        heard, bot_heard = sink.heard, answerer.sinks[0].heard
        tone(bot)
        tone(leg)
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(heard.wait(), bot_heard.wait())
        sink.heard, answerer.sinks[0].heard = asyncio.Event(), asyncio.Event()
        assert bot.playout.audio is bot.info.audio is audio
    assert {len(frame) for frame in answerer.sinks[0].sounds} == {audio.frame_bytes}
    await leg.hang_up()


async def test_encrypted_media_is_not_taken_for_plain(line: Line, answerer: Answerer) -> None:
    offer = offer_answer.offer(LOOPBACK, NOBODY)
    offer.media[0].protocol = "RTP/SAVP"
    with pytest.raises(CallClosed, match="488"):
        await line.endpoint.invite(answerer.address, offer).established()


async def test_a_profile_with_feedback_stays_for_the_call_until_another_is_agreed(
    line: Line, answerer: Answerer
) -> None:
    leg = await dial(line.endpoint, line.media, answerer.address, sink=Sink())
    session = answerer.legs[0]._session
    for feedback, profile in ((True, "RTP/AVPF"), (False, "RTP/AVP")):
        answer = answerer.legs[0]._session_offered(offer_answer.offer(LOOPBACK, leg.local_port, feedback=feedback))
        assert answer is not None and answer.media[0].protocol == profile
        assert session.offer().media[0].protocol == profile, "also where we change the session"
    await leg.hang_up()


async def test_of_several_addresses_the_one_of_our_ip_version_is_taken(line: Line, answerer: Answerer) -> None:
    offer = offer_answer.offer(LOOPBACK, NOBODY)
    offer.connections = ("2001:db8::7", "224.0.0.1", LOOPBACK)
    await line.endpoint.invite(answerer.address, offer).established()
    agreed = answerer.legs[0]._session.offered
    assert agreed is not None and agreed.host == LOOPBACK


@pytest.mark.parametrize("srtp", ["allowed", "required"])
async def test_an_encrypted_call_carries_voice_and_keys_both_ways(line: Line, clock: MediaClock, srtp: Srtp) -> None:
    answerer = Answerer(clock, MediaPreferences(srtp=srtp))
    await answerer.front.start()
    sink = Sink()
    leg = await dial(
        line.endpoint,
        line.srtp("required"),
        answerer.address,
        sink=sink,
    )
    bot = answerer.legs[0]
    tone(bot)
    tone(leg)
    leg.send_keys("5")
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(sink.heard.wait(), answerer.sinks[0].heard.wait(), answerer.sinks[0].pressed.wait())
    assert bot.quality().encrypted and leg.quality().encrypted
    for quality in (bot.quality(), leg.quality()):  # packets of another test that come here too are not authentic
        assert quality.not_authentic < 2 and quality.lost == 0 < quality.packets_received
    again = bot._session_offered(leg._session.offer())  # a refresh keeps both keys
    assert again is not None and again.media[0].protocol == "RTP/SAVP"
    assert again.media[0].crypto == [bot._session.stream.keys.sdes.matching(leg._session.stream.keys.sdes.offer()[0])]
    await leg.hang_up()
    await answerer.front.close()


@pytest.mark.parametrize(("srtp", "theirs"), [("required", "off"), ("off", "required")])
async def test_what_must_or_must_not_be_encrypted_is_refused_otherwise(
    line: Line, clock: MediaClock, srtp: Srtp, theirs: Srtp
) -> None:
    answerer = Answerer(clock, MediaPreferences(srtp=srtp))
    await answerer.front.start()
    with pytest.raises(LegClosed, match="488"):
        await dial(line.endpoint, line.srtp(theirs), answerer.address)
    assert not answerer.legs
    await answerer.front.close()


async def test_tones_are_keys_only_where_the_other_side_has_no_telephone_event(line: Line, clock: MediaClock) -> None:
    answerer = Answerer(clock, MediaPreferences(inband_dtmf=True))
    await answerer.front.start()
    with_event = await dial(line.endpoint, line.media, answerer.address)
    offer = offer_answer.offer(LOOPBACK, with_event.local_port, telephone_event=None)
    assert answerer.legs[0]._session_offered(offer) is not None
    at = np.arange(1600) / 8000
    clip = Clip(1, PCMU)
    clip.feed(encode((8000 * (np.sin(2 * np.pi * 852 * at) + np.sin(2 * np.pi * 1336 * at))).astype(np.int16), "PCMU"))
    clip.finish()
    with_event.playout.append(clip)
    async with asyncio.timeout(DEADLINE_S):
        await answerer.sinks[0].pressed.wait()
    assert answerer.sinks[0].keys == ["8"]
    offer = offer_answer.offer(LOOPBACK, with_event.local_port)  # it has one again: keys come once
    assert answerer.legs[0]._session_offered(offer) is not None
    assert answerer.legs[0]._session.rtp._incoming._inband is None
    await with_event.hang_up()
    await answerer.front.close()


async def test_a_press_by_info_and_in_the_media_is_one_key(line: Line, answerer: Answerer) -> None:
    leg = await dial(line.endpoint, line.media, answerer.address)
    bot, sink = answerer.legs[0], answerer.sinks[0]
    for by_info in (True, False):
        for _ in range(2):
            bot._call.on_key("5") if by_info else bot.deliver_key("5", asyncio.get_running_loop().time())
    assert sink.keys == ["5", "5"]
    await leg.hang_up()


async def test_what_we_offer_and_answer_is_what_we_understand(line: Line, answerer: Answerer) -> None:
    """The caller's numbers for events and codecs are those of its offer, whatever the answer says."""
    leg = await dial(line.endpoint, line.codecs("PCMU", "G722"), answerer.address)
    bot, incoming = answerer.legs[0], leg._session.rtp._incoming
    theirs = sdp.SessionDescription.parse(bytes(offer_answer.offer(LOOPBACK, NOBODY, telephone_event=97)))
    assert leg.session_answered(theirs)
    assert all(incoming.understands(number) for number in (0, 9, 101, 97))
    assert bot._session_offered(theirs) is not None
    assert all(bot._session.rtp._incoming.understands(number) for number in (97, 101))
    assert bot._session.offer().media[0].rtpmap[97] == sdp.Encoding("telephone-event", 8000), "the number stays"
    await leg.hang_up()


async def test_an_answer_without_rtpmaps_means_what_we_offered(line: Line, answerer: Answerer) -> None:
    leg = await dial(line.endpoint, line.codecs("opus", "PCMU"), answerer.address)
    answer = sdp.SessionDescription.parse(bytes(offer_answer.offer(LOOPBACK, NOBODY, codecs=all_named(["opus"]))))
    answer.media[0].rtpmap.clear()
    assert answer.media[0].formats == ["107", "101"]
    agreed = leg._session.agreed_by_answer(answer)
    assert agreed is not None and (agreed.codec.name, agreed.telephone_event) == ("opus", 101)
    await leg.hang_up()
