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


@pytest.mark.xfail(reason="a press is known by its timestamp alone", strict=True)
async def test_end_packets_with_new_timestamps_are_one_press(field: Field) -> None:
    """A media proxy before a Genesys trunk."""
    async with calling(field.service) as phone:
        for key in "12":
            await phone.talk(0.2)
            await phone.press(key, moved=lambda packet: max(0, packet - 5) * 160)
            await phone.talk(0.3)
        await phone.bye()
    assert keys_of(field.service, phone) == "12"


@pytest.mark.xfail(reason="a press is known by its timestamp alone", strict=True)
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


@pytest.mark.xfail(reason="each way is counted", strict=True)
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


@pytest.mark.xfail(reason="a number that we use for Opus shadows theirs", strict=True)
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


@pytest.mark.xfail(reason="keys with our own number are not heard", strict=True)
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


@pytest.mark.xfail(reason="keys with our own number are not heard", strict=True)
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
