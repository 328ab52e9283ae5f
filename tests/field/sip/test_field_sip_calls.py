"""Who calls whom, transactions and refreshes, as PBXs and proxies were reported to send them (README.md)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from bot_double import Activity, BotDouble
from field_phone import SDP, Phone, calling, header, keys_of
from field_service import LOOPBACK, Field

TIMER = "Supported: timer\r\n" + SDP


@pytest.fixture
async def bot(field: Field) -> AsyncIterator[BotDouble]:
    """The bot that has +15550123."""
    double = BotDouble()
    await double.start(field.bot)
    yield double
    await double.close()


def of_caller(bot: BotDouble, name: str) -> list[Activity]:
    """What the bot was told of calls by ``name``: the end of an earlier call may be told late, to this bot."""
    return [activity for activity in bot.received if activity["from"].get("name") == name]


async def test_parameters_of_a_number_are_no_part_of_it(field: Field, bot: BotDouble) -> None:
    """A ported number (``;npdi;rn=``), and the category of the caller (``;cpc=``), in the user part (RFC 4694)."""
    service = field.service
    async with Phone((LOOPBACK, service.port)) as phone:
        number = "+15550123;npdi;rn=+15550199"
        phone.local = f"<sip:+15550111;cpc=ordinary;oli=00@{LOOPBACK};user=phone>;tag=theirs"
        uri = f"sip:{number}@{LOOPBACK}:{service.port};user=phone"
        assert (await phone.invite(uri=uri, to=f"<sip:{number}@{LOOPBACK};user=phone>")).status == 200
        await phone.talk(0.2)
        await phone.bye()
    record = service.record(phone.call_id)
    assert (record["callee"], record["caller"]) == ("+15550123", "+15550111")
    assert bot.received


@pytest.mark.parametrize(
    "uri",
    [
        "sip:0015550123@{at};user=phone",  # https://github.com/dograh-hq/dograh/pull/657
        "sip:15550123@{at}",  # https://github.com/livekit/sip/issues/329
        "sip:+1-555-0123;isub=7;bla=ble@{at};transport=udp",  # https://github.com/pjsip/pjproject/issues/3881
        "tel:+1-555-0123;npdi",  # https://github.com/fonoster/routr/issues/124
    ],
)
async def test_a_number_reaches_its_bot_however_a_network_writes_it(field: Field, bot: BotDouble, uri: str) -> None:
    at = f"{LOOPBACK}:{field.service.port}"
    async with Phone((LOOPBACK, field.service.port)) as phone:
        phone.local = '"DOE,JOHN" <sip:*31#+15550111@127.0.0.1:0;user=phone>;tag=theirs'
        assert (await phone.invite(uri=uri.format(at=at), to=f"<{uri.format(at=LOOPBACK)}>")).status == 200
        told = await phone.all_of(lambda: of_caller(bot, "DOE,JOHN"))
        await phone.bye()
    assert told[0]["from"]["id"] == "*31#+15550111"


async def test_a_bot_is_told_all_lines_about_who_called_in_whatever_case_their_names_are(
    field: Field, bot: BotDouble
) -> None:
    """A call that was diverted twice, with two identities."""
    lines = (
        "Diversion: <tel:+15550131>;reason=unconditional;counter=1\r\n"
        "Diversion: <tel:+15550132>;reason=unknown;counter=1\r\n"
        'P-Asserted-Identity: "X" <sip:+15550111@127.0.0.1>\r\nP-Asserted-Identity: <tel:+15550112>\r\nPrivacy: id\r\n'
        "history-info: <sip:+15550133@x.example>;index=1\r\nHISTORY-INFO: <sip:+15550123@x.example>;index=1.1\r\n"
        'Remote-Party-ID: "A" <sip:+15550111@127.0.0.1>;party=calling;screen=yes;privacy=off\r\n'
    )
    async with Phone((LOOPBACK, field.service.port)) as phone:
        phone.local = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=theirs'
        uri = f"sip:+15550123@{LOOPBACK}:{field.service.port}"
        assert (await phone.invite(headers=lines + SDP, uri=uri)).status == 200
        activities = await phone.all_of(lambda: of_caller(bot, "Anonymous"))
        await phone.bye()
    told = json.dumps([activity.get("channelData", {}).get("sipHeaders") for activity in activities])
    wanted = ["+15550131", "+15550132", "sip:+15550111@", "tel:+15550112", "+15550133", "index=1.1", "party=calling"]
    assert [part for part in wanted if part not in told] == []


async def test_a_proxy_may_try_again_with_another_offer_after_a_refusal(field: Field) -> None:
    """From SRTP to RTP: a new branch with the same Call-ID, tag and CSeq, when the first is over."""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        assert (await phone.invite(phone.sdp("18", "a=rtpmap:18 G729/8000\r\n"))).status == 488
        phone.responses.clear()
        assert (await phone.invite(cseq=phone.cseq)).status == 200
        await phone.bye()


async def test_a_call_lives_on_when_a_refresh_without_offer_is_acknowledged_without_answer(field: Field) -> None:
    async with calling(field.service) as phone:
        await phone.talk(0.2)
        ok = await phone.response(phone.request("INVITE", headers=""), "INVITE")
        phone.acknowledge(ok)
        await phone.talk(0.2)
        assert await phone.is_up()
        await phone.press("2")
        await phone.bye()
        assert not phone.requests
    assert keys_of(field.service, phone) == "2"


async def test_session_timers_are_agreed_upon_whatever_the_caller_knows_of_them(field: Field) -> None:
    async with calling(field.service) as phone:
        ok = await phone.invite(headers="Min-SE: 3600\r\n" + TIMER)
        assert int(header(ok, "Session-Expires").partition(";")[0] or 3600) >= 3600
        await phone.bye()
    async with Phone((LOOPBACK, field.service.port)) as phone:
        assert (await phone.invite(headers="Session-Expires: 60\r\n" + SDP)).status == 200
        await phone.bye()
    async with Phone((LOOPBACK, field.service.port)) as phone:
        refused = await phone.invite(headers="Session-Expires: 60\r\n" + TIMER)
        assert (refused.status, header(refused, "Min-SE")) == (422, "90")
        ok = await phone.invite(headers="Session-Expires: 90;refresher=uac\r\nMin-SE: 90\r\n" + TIMER)
        assert (header(ok, "Session-Expires"), header(ok, "Require")) == ("90;refresher=uac", "timer")
        update = phone.request("UPDATE", headers="Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n")
        assert header(await phone.response(update, "UPDATE"), "Session-Expires").startswith("90")
        ok = await phone.invite(headers="Session-Expires: 1800;refresher=uas\r\n" + TIMER)
        assert header(ok, "Session-Expires").endswith("uas")
        assert b"m=audio" in ok.body
        assert await phone.is_up()
        await phone.bye()


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("ua-profile", "application/simservs+xml"),
        ("message-summary", "application/simple-message-summary"),
        ("reg", "application/reginfo+xml"),
        ("keep-alive", ""),
    ],
)
async def test_a_notification_that_nobody_asked_for_gets_a_plain_no(field: Field, event: str, kind: str) -> None:
    """What an IMS core or a PBX sends after a registration."""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        head = f"Event: {event}\r\nSubscription-State: active\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
        refused = await phone.response(phone.request("NOTIFY", "x: y\r\n" if kind else "", head), "NOTIFY")
        assert refused.status in (200, 481, 489)
