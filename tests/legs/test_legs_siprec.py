"""Recording sessions: the requests of real recording clients, what they are answered, and who is heard in them."""

from __future__ import annotations

import socket

import pytest
from recording_client import HOST, SAMPLES, RecordingClient
from recording_desk import answered, desk, ports_of
from waiting import until

from voicebot.audio import PCMU
from voicebot.legs.siprec import RecordingOptions
from voicebot.legs.siprec_streams import MAX_STREAMS
from voicebot.rtp import MediaClock
from voicebot.sip import SipRequest

ALL = "0 8 101"
ADA, BO, CY = ("Ada Caller", "caller"), ("Bo Agent", "agent"), ("Cy Agent", "agent")
FIRST = {
    "as_the_rfc_says": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "without_require": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "oracle": (
        [(True, "0", "recvonly", "16777227"), (True, "0", "recvonly", "16777228")],
        [("+15550101", "caller"), ("7001", "agent")],
    ),
    "cisco_cube": ([(True, "0 101", "recvonly", "96"), (True, "0 101", "recvonly", "98")], [ADA, ("", "agent")]),
    "cisco_network_based": (
        [(True, ALL, "recvonly", ""), (True, ALL, "recvonly", "")],
        [("", "caller"), ("", "agent")],
    ),
    "ribbon": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "broadworks": ([(True, ALL, "recvonly", "1"), (True, ALL, "recvonly", "2")], [("", "agent"), ("", "caller")]),
    "audiocodes": ([(True, ALL, "recvonly", "1"), (True, ALL, "recvonly", "2")], [("", "caller"), ("", "agent")]),
    "opensips": ([(True, "8 101", "recvonly", "0"), (True, "8 101", "recvonly", "1")], [ADA, BO]),
    "begins_inactive": ([(True, ALL, "inactive", "96"), (True, ALL, "inactive", "98")], [ADA, BO]),
    "sdes": ([(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")], [ADA, BO]),
    "one_mixed_stream": ([(True, ALL, "recvonly", "96")], [("", "")]),
}
"""What each client begins with: the lines of our answer, and who speaks in which stream."""
THEN = {
    "then_metadata_only": (None, {0: (*ADA, True), 1: (*CY, True)}),
    "then_hold": (
        [(True, ALL, "inactive", "96"), (True, ALL, "inactive", "98")],
        {0: (*ADA, False), 1: (*BO, False)},
    ),
    "then_hold_by_zeros": (
        [(True, ALL, "inactive", "96"), (True, ALL, "inactive", "98")],
        {0: (*ADA, False), 1: (*BO, False)},
    ),
    "then_another_agent": (
        [(True, ALL, "recvonly", "96"), (True, ALL, "recvonly", "98")],
        {0: (*ADA, True), 1: (*CY, True)},
    ),
    "then_a_third_stream": (
        [(True, ALL, "recvonly", "96"), (False, "0", "", ""), (True, ALL, "recvonly", "99")],
        {0: (*ADA, True), 2: (*BO, True)},
    ),
}
"""What follows: the lines of our answer, None if it is to have none, and who speaks in which stream from then on."""


def test_each_sample_is_in_a_table() -> None:
    assert {path.stem for path in SAMPLES.glob("*.sip")} == {*FIRST, *THEN}


@pytest.mark.parametrize("sample", FIRST)
async def test_each_client_is_answered_at_once_and_its_voices_are_told_apart(clock: MediaClock, sample: str) -> None:
    lines, people = FIRST[sample]
    async with desk(clock) as (ours, client):
        response = await client.send(sample)
        assert (response.status, answered(response)) == (200, lines)
        assert response.contact[0].params == {"+sip.srs": None}
        listener = ours.listener
        active = "inactive" not in {direction for _served, _formats, direction, _label in lines}
        assert listener.who == {number: (*person, active) for number, person in enumerate(people)}
        assert (await client.bye()).status == 200
        assert listener.ends == ["client"] and not ours.legs


@pytest.mark.parametrize("sample", THEN)
async def test_what_follows_is_answered_anew(clock: MediaClock, sample: str) -> None:
    lines, who = THEN[sample]
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        response = await client.send(sample)
        assert response.status == 200 and (answered(response) if response.body else None) == lines
        listener = ours.listener
        await until(lambda: listener.who == who)
        await client.bye()


async def test_each_voice_comes_as_that_of_its_party(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("broadworks"))
        await client.speak(ports, [0x11, 0x22])
        listener = ours.listener
        await until(lambda: listener.heard == {0: {0x11}, 1: {0x22}})
        assert [quality.packets_received for quality in listener.call.quality()] == [25, 25]
        await client.bye()


async def test_after_a_hold_the_voices_come_back(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        ports = ports_of(await client.send("as_the_rfc_says"))
        await client.speak(ports, [0x11, 0x22], packets=5)
        await client.send("then_hold")
        await client.speak(ports, [0x33, 0x44], packets=5)
        assert ports_of(await client.send("then_hold", ("inactive", "sendonly"))) == ports
        await client.speak(ports, [0x55, 0x66])
        await until(lambda: ours.listener.heard == {0: {0x11, 0x55}, 1: {0x22, 0x66}})
        await client.send("then_hold_by_zeros")
        assert answered(await client.send("then_hold_by_zeros", ("0.0.0.0", "{HOST}"))) == FIRST["as_the_rfc_says"][0]


async def test_a_stream_may_end_and_another_take_its_place(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        first = ports_of(await client.send("as_the_rfc_says"))
        third = ports_of(await client.send("then_a_third_stream"))
        assert third[0] == first[0] and third[1] == 0
        again = (SAMPLES / "then_a_third_stream.sip").read_text().replace("m=audio 0", "m=audio {C}")
        ports = ports_of(await client.send(again))
        assert [ports[0], ports[2]] == [third[0], third[2]] and ports[1]
        await until(lambda: ours.listener.who == {0: (*ADA, True), 1: ("", "other", True), 2: (*BO, True)})
        await client.speak(ports, [0x11, 0x22, 0x33])
        await until(lambda: ours.listener.heard == {0: {0x11}, 1: {0x22}, 2: {0x33}})


async def test_a_session_may_begin_without_streams(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        none = client.send("as_the_rfc_says", ("m=audio {A}", "m=audio 0"), ("m=audio {B}", "m=audio 0"))
        assert [served for served, *_ in answered(await none)] == [False, False]
        assert ours.listener.who == {} and len(ours.listener.call.info.parties) == 2
        await client.send("then_another_agent")
        await until(lambda: ours.listener.who == {0: (*ADA, True), 1: (*CY, True)})


# --- whose calls are taken


async def test_a_recording_client_at_another_number_gets_what_it_got_before(clock: MediaClock) -> None:
    """420 if it requires SIPREC; else it is a call like any other."""
    async with desk(clock, RecordingOptions(numbers=("4711",))) as (ours, client):
        refused = await client.send("as_the_rfc_says")
        assert (refused.status, refused.headers["Unsupported"]) == (420, "siprec")
        assert (await client.send("without_require")).status == 486
        assert len(ours.legs) == 1 and not ours.listeners
    async with desk(clock, RecordingOptions(numbers=("4711",))) as (ours, client):
        assert (await client.send("as_the_rfc_says", ("sip:desk@{SRS} SIP", "sip:4711@{SRS} SIP"))).status == 200
        assert ours.listener.call.info.called == "4711"


async def test_a_call_at_a_number_for_assist_is_a_call_like_any_other(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        plain = client.within("INVITE", ["Content-Type: application/sdp"], SDP).replace(";+sip.src", "")
        assert (await client.send(plain)).status == 486
        assert len(ours.legs) == 1 and not ours.listeners


def test_trunks_and_numbers_are_set_up_for_it() -> None:
    options = RecordingOptions(numbers=("+1555020*",), agents=("7*",), trunks={"sbc": (), "pbx": ("@pbx.example",)})
    invite = SipRequest("INVITE", "sip:15550200@127.0.0.1")
    other = SipRequest("INVITE", "sip:4711@127.0.0.1")
    other.headers.set("To", "<sip:4711@127.0.0.1>")
    assert options.takes(invite, "") and options.takes(other, "sbc")
    assert not options.takes(other, "") and not options.takes(other, "provider")
    assert options.agents_of("sbc").has(["sip:7001@x"]) and options.agents_of("").has(["sip:7001@x"])
    assert options.agents_of("pbx").has(["sip:anna@pbx.example"]) and not options.agents_of("pbx").has(["sip:7001@x"])


@pytest.mark.parametrize(("ports", "limit"), [(2, 100), (100, 1)])
async def test_over_the_limit_and_without_ports_a_client_gets_503(clock: MediaClock, ports: int, limit: int) -> None:
    async with desk(clock, ports=ports, limit=limit) as (ours, client):
        first = await client.send("one_mixed_stream")
        async with RecordingClient(client.server) as another:
            second = await another.send("one_mixed_stream")
        assert (first.status, second.status) == (200, 503)
        assert second.headers["Retry-After"] and len(ours.listeners) == 1


async def test_what_has_no_port_is_refused_and_the_rest_is_heard(clock: MediaClock) -> None:
    async with desk(clock, ports=2) as (ours, client):
        assert answered(await client.send("as_the_rfc_says")) == [(True, ALL, "recvonly", "96"), (False, "0", "", "")]
        assert ours.listener.who == {0: (*ADA, True)}


async def test_while_draining_a_client_gets_503(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        ours.front.drain()
        async with RecordingClient(client.server) as another:
            assert (await another.send("as_the_rfc_says")).status == 503
        assert (await client.send("then_hold")).status == 200, "the one that is there goes on"


# --- what is offered


SDP = """v=0
o=- 1 1 IN IP4 {HOST}
s=-
c=IN IP4 {HOST}
t=0 0
m=audio {A} RTP/AVP 18 101
a=sendonly
a=label:1
m=video 4000 RTP/AVP 96
a=rtpmap:96 H264/90000
a=label:2
m=audio {B} RTP/AVP 9 96 8 97 98 99
a=rtpmap:96 opus/48000/2
a=rtpmap:97 telephone-event/48000
a=rtpmap:98 telephone-event/8000
a=rtpmap:99 AMR/8000
a=sendonly
a=label:3
"""


async def test_all_our_codecs_and_keys_are_in_the_answer_and_other_lines_are_refused(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        response = await client.send(client.within("INVITE", ["Content-Type: application/sdp", "Require: siprec"], SDP))
        everything = (True, "9 96 8 97 98", "recvonly", "3")
        assert answered(response) == [(False, "18", "", ""), (False, "96", "", ""), everything]
        assert ours.listener.call.info.streams[0].number == 2
        only_video = SDP.replace("RTP/AVP 9 96 8 97 98 99", "RTP/AVP 99")
        again = await client.send(client.within("INVITE", ["Content-Type: application/sdp"], only_video))
        assert again.status == 488 and ours.listener.call.info.streams[0].active, "the session stays as it was"


async def test_a_client_changes_to_one_of_the_codecs(clock: MediaClock) -> None:
    """As PJSIP does: an UPDATE right after the answer, with the first codec only."""
    async with desk(clock) as (ours, client):
        await client.send("as_the_rfc_says")
        update = (SAMPLES / "then_hold.sip").read_text().replace("INVITE", "UPDATE").replace("inactive", "sendonly")
        update = update.replace("AVP 0 8 101", "AVP 8")
        response = await client.send(update)
        assert answered(response) == [(True, "8", "recvonly", "96"), (True, "8", "recvonly", "98")]
        assert [one.audio for one in ours.listener.call.info.streams] == [PCMU, PCMU], "above the wire all is the same"


async def test_more_streams_than_we_take_are_refused(clock: MediaClock) -> None:
    async with desk(clock) as (_ours, client):
        head, lines = SDP.split("m=audio", 1)[0], "m=audio {A} RTP/AVP 0\na=sendonly\n"
        body = head + lines * (MAX_STREAMS + 2)
        response = await client.send(client.within("INVITE", ["Content-Type: application/sdp"], body))
        assert [bool(port) for port in ports_of(response)] == [True] * MAX_STREAMS + [False] * 2


async def test_where_the_client_leaves_the_offer_to_us_it_is_of_two_streams(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        response = await client.send(client.within("INVITE", ["Require: siprec"]), answer=True)
        assert [(served, direction, label) for served, _, direction, label in answered(response)] == [
            (True, "recvonly", "1"),
            (True, "recvonly", "2"),
        ]
        await until(lambda: [one.active for one in ours.listener.call.info.streams] == [True, True])
        await client.speak(ports_of(response), [0x11, 0x22])
        await until(lambda: ours.listener.heard == {0: {0x11}, 1: {0x22}})


# --- metadata


GARBAGE = {
    "empty": "",
    "no XML": "<<<",
    "cut off": "<recording xmlns='urn:ietf:params:xml:ns:recording:1'><datamode>complete</datamode><parti",
    "another document": "<html><body/></html>",
    "entities": "<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><recording>&b;</recording>",
    "too deep": "<recording>" + "<a>" * 100 + "</a>" * 100 + "</recording>",
    "too much": "<recording>" + "<a/>" * 3_000 + "</recording>",
    "nobody": "<recording><datamode>complete</datamode></recording>",
}


@pytest.mark.parametrize("metadata", GARBAGE)
async def test_missing_or_broken_metadata_never_refuses_a_call(clock: MediaClock, metadata: str) -> None:
    """Each stream is a party of its own then; who turns out to speak there has its key from the beginning."""
    async with desk(clock) as (ours, client):
        sample = (SAMPLES / "as_the_rfc_says.sip").read_text()
        begin, end = sample.index("<?xml"), sample.index("--between--")
        response = await client.send(sample[:begin] + GARBAGE[metadata] + "\n" + sample[end:])
        assert response.status == 200
        assert ours.listener.who == {0: ("", "caller", True), 1: ("", "agent", True)}
        keys = [one.party for one in ours.listener.call.info.streams]
        update = ["Content-Type: application/rs-metadata+xml", "Content-Disposition: recording-session"]
        assert (await client.send(client.within("UPDATE", update, sample[begin:end]))).status == 200
        await until(lambda: ours.listener.who == {0: (*ADA, True), 1: (*BO, True)})
        assert [one.party for one in ours.listener.call.info.streams] == keys
        assert (await client.send(client.within("UPDATE", update, GARBAGE[metadata] or " "))).status == 200
        assert ours.listener.who == {0: (*ADA, True), 1: (*BO, True)}


async def test_a_call_may_be_recorded_before_the_callee_answers(clock: MediaClock) -> None:
    """One stream at first, and one participant; the other comes with its stream."""
    async with desk(clock) as (ours, client):
        sample = (SAMPLES / "as_the_rfc_says.sip").read_text()
        second = sample[sample.index("m=audio {B}") : sample.index("--between\nContent-Type: application/rs")]
        early = sample.replace(second, "\n").replace("Bo Agent", "").replace("<send>c3RyZWFtLW9mLUJv", "<send>nowhere")
        assert answered(await client.send(early)) == [(True, ALL, "recvonly", "96")]
        assert ours.listener.who == {0: (*ADA, True)}
        assert len(answered(await client.send("then_another_agent"))) == 2
        await until(lambda: ours.listener.who == {0: (*ADA, True), 1: (*CY, True)})


async def test_what_brings_back_a_call_of_ours_is_in_its_facts(clock: MediaClock) -> None:
    async with desk(clock) as (ours, client):
        await client.send("audiocodes", ("X-AUDC", "User-to-User: 0a1b;encoding=hex\nX-AUDC"))
        info = ours.listener.call.info
        assert info.user_to_user == ("0a1b;encoding=hex",) and info.headers["X-AUDC-CALL-ID"] == "abcdef0123456789"
        assert (info.session_id, info.front_end) == ("0000-0000-0000-0000-00908fe25902", "siprec")


async def test_the_client_of_these_tests_lives_on_when_something_else_comes_to_its_port(clock: MediaClock) -> None:
    async with desk(clock) as (_, client):
        await client.send("as_the_rfc_says")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"\x81\xc9\0\7" + bytes(28), (HOST, client.port))  # a report (RTCP) on somebody's voice
        assert (await client.bye()).status == 200
