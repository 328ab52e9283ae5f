"""Keys as phones, gateways and media proxies were reported to send them (README.md)."""

from __future__ import annotations

import asyncio
import re

import pytest
from field_phone import SDP, Phone, calling, keys_of
from field_service import LOOPBACK, OUT, WIDE, Field

RELAY = "Content-Type: application/dtmf-relay\r\n"


async def test_a_plain_call_is_heard_and_its_keys_are_noted(field: Field) -> None:
    async with calling(field.service) as phone:
        await phone.all_of(lambda: [phone.audible] if phone.audible > 5 else [])
        await phone.press("1")
        await phone.talk(0.2)
        await phone.press("2")
        assert (await phone.bye()).status == 200
    assert keys_of(field.service, phone) == "12"


async def test_end_packets_with_new_timestamps_are_one_press(field: Field) -> None:
    """A media proxy before a Genesys trunk."""
    async with calling(field.service) as phone:
        for key in "12":
            await phone.talk(0.2)
            await phone.press(key, moved=lambda packet: max(0, packet - 5) * 160)
            await phone.talk(0.3)
        await phone.bye()
    assert keys_of(field.service, phone) == "12"


async def test_different_keys_at_one_timestamp_are_presses_of_their_own(field: Field) -> None:
    """A stack whose clock does not go on after a key."""
    async with calling(field.service) as phone:
        await phone.talk(0.2)
        frozen = phone.timestamp
        for key in "123":
            await phone.press(key)
            await phone.talk(0.2)
            phone.timestamp = frozen
        await phone.bye()
    assert keys_of(field.service, phone) == "123"


async def test_a_long_press_of_which_the_middle_is_missing_is_one_and_so_is_one_of_which_only_ends_come(
    field: Field,
) -> None:
    """A speech server behind a PBX."""
    async with calling(field.service) as phone:
        await phone.talk(0.2)
        for duration in (160, 320):
            phone.event("5", duration)
        await asyncio.sleep(1.4)
        for _ in range(3):
            phone.event("5", 11_520, end=True)
        phone.timestamp += 12_000
        await phone.talk(0.2)
        for _ in range(3):
            phone.event("6", 800, end=True)
        phone.timestamp += 1_600
        await phone.talk(0.2)
        await phone.bye()
    assert keys_of(field.service, phone) == "56"


async def test_a_key_sent_by_info_and_as_an_event_is_pressed_once(field: Field) -> None:
    """Desk phones that are set to send both."""
    async with calling(field.service) as phone:
        await phone.talk(0.2)
        phone.request("INFO", "Signal=5\r\nDuration=160\r\n", RELAY)
        await phone.press("5")
        await phone.talk(0.5)
        await phone.press("6")
        phone.request("INFO", "Signal=6\r\nDuration=160\r\n", RELAY)
        await phone.talk(0.2)
        await phone.bye()
    assert keys_of(field.service, phone) == "56"


async def test_events_have_the_number_that_the_session_gives_them_whatever_ours_are(field: Field) -> None:
    """Opus at 96, keys at 107."""
    opus = "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:107 telephone-event/48000\r\n"
    async with Phone((LOOPBACK, field.service.port), WIDE) as phone:
        answer = (await phone.invite(phone.sdp("96 107", opus))).body.decode()
        assert re.search(r"^m=audio \d+ RTP/AVP 96 107\r$", answer, re.M)
        await phone.talk(0.2, b"", 96, step=960)
        await phone.press("3", 107, step=960)
        await phone.talk(0.2, b"", 96, step=960)
        await phone.bye()
    assert keys_of(field.service, phone) == "3"


async def test_in_a_call_of_ours_keys_are_heard_with_our_number_and_with_theirs(field: Field) -> None:
    """RFC 3264 5.1: who sends uses the receiver's numbers. Some desk phones use their own all the same."""
    async with Phone((LOOPBACK, field.service.port), OUT, field.out) as phone:
        named = phone.sdp("0 97", "a=rtpmap:97 telephone-event/8000\r\n")
        phone.on_invite = lambda invite: phone.respond(invite, 200, SDP, named)
        await asyncio.to_thread(field.order)
        ours = await events_in((await phone.requested("INVITE")).body)
        await phone.requested("ACK")
        await press_both(phone, ours, 97)
    assert keys_of(field.service, phone) == "12"


async def test_after_a_late_offer_keys_are_heard_with_our_number_and_with_theirs(field: Field) -> None:
    async with Phone((LOOPBACK, field.service.port)) as phone:
        ok = await phone.response(phone.request("INVITE", headers=""), "INVITE")
        ours = await events_in(ok.body)
        phone.acknowledge(ok, phone.sdp("0 96", "a=rtpmap:96 telephone-event/8000\r\n"))
        await press_both(phone, ours, 96)
    assert keys_of(field.service, phone) == "12"


async def events_in(session: bytes) -> int:
    found = re.search(rb"a=rtpmap:(\d+) telephone-event/8000", session)
    assert found is not None
    return int(found[1])


async def press_both(phone: Phone, ours: int, theirs: int) -> None:
    await phone.talk(0.3)
    await phone.press("1", ours)
    await phone.talk(0.2)
    await phone.press("2", theirs)
    await phone.talk(0.2)
    await phone.bye()


# github.com/sipsorcery-org/sipsorcery/issues/1251, github.com/signalwire/freeswitch/issues/1191
@pytest.mark.parametrize("sent_as", [101, 97, 103])
async def test_keys_are_heard_with_another_number_than_the_agreed_one(field: Field, sent_as: int) -> None:
    async with Phone((LOOPBACK, field.service.port)) as phone:
        answer = (await phone.invite(phone.sdp("0 97", "a=rtpmap:97 telephone-event/8000\r\n"))).body
        assert b"a=rtpmap:97 telephone-event/8000\r\n" in answer
        await phone.talk(0.2)
        await phone.press("4", sent_as)
        await phone.talk(0.2)
        await phone.bye()
    assert keys_of(field.service, phone) == "4"


# github.com/pjsip/pjproject/pull/3661
async def test_keys_are_heard_though_the_session_names_none(field: Field) -> None:
    async with Phone((LOOPBACK, field.service.port)) as phone:
        await phone.invite(phone.sdp("0", ""))
        await phone.talk(0.2)
        await phone.press("4")
        await phone.talk(0.2)
        await phone.bye()
    assert keys_of(field.service, phone) == "4"


# github.com/pjsip/pjproject/issues/2675
@pytest.mark.parametrize("first", [16_000, 8000])
async def test_one_number_for_events_of_two_clock_rates(field: Field, first: int) -> None:
    rates = "".join(f"a=rtpmap:101 telephone-event/{rate}\r\n" for rate in (first, 24_000 - first))
    async with Phone((LOOPBACK, field.service.port)) as phone:
        answer = (await phone.invite(phone.sdp("0 101 101", rates))).body
        assert re.search(rb"^m=audio \d+ RTP/AVP 0 101\r$", answer, re.M)
        await phone.talk(0.2)
        await phone.press("4")
        await phone.talk(0.2)
        await phone.bye()
    assert keys_of(field.service, phone) == "4"


# github.com/sipwise/rtpengine/issues/1136, github.com/traud/asterisk-amr/issues/22
@pytest.mark.parametrize(
    ("formats", "lines"),
    [
        ("9 100", "a=rtpmap:100 telephone-event/16000\r\n"),
        ("96 100", "a=rtpmap:96 opus/48000/2\r\na=rtpmap:100 telephone-event/8000\r\n"),
        ("9 0 8 100", "a=rtpmap:9 G722/8000\r\na=rtpmap:100 telephone-event/48000\r\n"),
    ],
)
async def test_events_may_have_another_clock_rate_than_the_audio(field: Field, formats: str, lines: str) -> None:
    kind = int(formats.split(maxsplit=1)[0])
    async with Phone((LOOPBACK, field.service.port), WIDE) as phone:
        answer = (await phone.invite(phone.sdp(formats, lines))).body.decode()
        assert re.search(rf"^m=audio \d+ RTP/AVP {kind} 100\r$", answer, re.M)
        await phone.talk(0.2, b"", kind)
        await phone.press("4", 100)
        await phone.talk(0.1, b"", kind)
        await phone.press("4", 100)
        await phone.talk(0.2, b"", kind)
        await phone.bye()
    assert keys_of(field.service, phone) == "44"


# github.com/freeswitch/sofia-sip/issues/276
async def test_the_number_of_keys_changes_in_mid_call(field: Field) -> None:
    """What is sent with the old number, while the change is on its way, counts too."""
    async with calling(field.service) as phone:
        await phone.talk(0.2)
        await phone.press("1")
        changed = await phone.invite(phone.sdp("0 110", "a=rtpmap:110 telephone-event/8000\r\n"))
        assert b"a=rtpmap:110 telephone-event/8000\r\n" in changed.body
        await phone.talk(0.1)
        for key, kind in (("2", 110), ("3", 101)):
            await phone.press(key, kind)
            await phone.talk(0.1)
        await phone.bye()
    assert keys_of(field.service, phone) == "123"


# github.com/signalwire/freeswitch/issues/1484
async def test_an_offer_of_ours_in_mid_call_keeps_the_numbers_of_the_call(field: Field) -> None:
    """A re-INVITE without an offer asks for ours; the call has Opus at 96 and keys at 107."""
    opus = "a=rtpmap:96 opus/48000/2\r\na=rtpmap:107 telephone-event/48000\r\n"
    async with Phone((LOOPBACK, field.service.port), WIDE) as phone:
        session = phone.sdp("96 107", opus)
        await phone.invite(session)
        again = await phone.response(phone.request("INVITE", headers=""), "INVITE")
        phone.acknowledge(again, session)
        assert b"a=rtpmap:96 opus/48000/2\r\n" in again.body
        assert b"a=rtpmap:107 telephone-event/48000\r\n" in again.body
        assert again.body.count(b"a=rtpmap:107 ") == 1
        await phone.talk(0.2, b"", 96, step=960)
        await phone.press("3", 107, step=960)
        await phone.talk(0.2, b"", 96, step=960)
        await phone.bye()
    assert keys_of(field.service, phone) == "3"


@pytest.mark.parametrize("info_after", [0.0, 1.5])
async def test_a_key_pressed_twice_by_info_and_as_events_is_two(field: Field, info_after: float) -> None:
    """The INFO of both may come long after, if it was sent again."""
    async with calling(field.service) as phone:
        await phone.talk(0.2)
        for _ in range(2):
            await phone.press("5")
            await phone.talk(0.1)
        await phone.talk(info_after)
        for _ in range(2):
            await phone.response(phone.request("INFO", "Signal=5\r\nDuration=160\r\n", RELAY), "INFO")
        await phone.bye()
    assert keys_of(field.service, phone) == "55"
