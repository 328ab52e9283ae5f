"""The rules of offer and answer: what descriptions agree to, and how we answer and offer."""

from __future__ import annotations

import pytest

from voicebot.audio.codecs import CODECS, all_named
from voicebot.sip.offer_answer import Srtp, answer, offer, select
from voicebot.sip.sdes import SUITES, LocalKeys
from voicebot.sip.sdp import Encoding, SessionDescription


def description(*lines: str) -> SessionDescription:
    return SessionDescription.parse("\r\n".join(("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", *lines, "")).encode())


AUDIO = "m=audio 4000 RTP/AVP 0 8 101"
EVENT = "a=rtpmap:101 telephone-event/8000"


def test_static_payload_types_need_no_rtpmap_and_the_offerers_order_decides() -> None:
    agreed = select(description("c=IN IP4 192.0.2.1", "t=0 0", "m=audio 4000 RTP/AVP 8 0"))
    assert agreed is not None
    assert (agreed.codec.name, agreed.payload_type, agreed.telephone_event) == ("PCMA", 8, None)
    assert (agreed.host, agreed.port, agreed.direction) == ("192.0.2.1", 4000, "sendrecv")


def test_a_payload_type_may_be_dynamic_and_names_are_of_any_case() -> None:
    lines = (
        "c=IN IP4 192.0.2.1",
        "m=audio 4000 RTP/AVP 97 96",
        "a=rtpmap:97 pcma/8000",
        "a=rtpmap:96 Telephone-Event/8000",
    )
    agreed = select(description(*lines))
    assert agreed is not None and (agreed.codec.name, agreed.payload_type, agreed.telephone_event) == ("PCMA", 97, 96)


@pytest.mark.parametrize(
    ("events", "chosen", "rate"),
    [
        (("102 telephone-event/16000",), 102, 16_000),
        (("102 telephone-event/16000", "103 telephone-event/8000"), 103, 8000),
        (("103 telephone-event/48000", "102 telephone-event/16000"), 103, 48_000),
    ],
)
def test_keypad_events_of_another_clock_rate_are_better_than_none(
    events: tuple[str, ...], chosen: int, rate: int
) -> None:
    numbers = " ".join(event.partition(" ")[0] for event in events)
    lines = (f"m=audio 4000 RTP/AVP 9 {numbers}", *(f"a=rtpmap:{event}" for event in events))
    offered = description("c=IN IP4 192.0.2.1", *lines)
    agreed = select(offered, [CODECS["G722"]])
    assert agreed is not None and (agreed.telephone_event, agreed.event_rate) == (chosen, rate)
    rtpmap = answer(offered, agreed, "192.0.2.2", 5000).media[0].rtpmap
    assert rtpmap[chosen] == offered.media[0].rtpmap[chosen]


def test_keypad_events_at_101_need_no_rtpmap() -> None:
    offered = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0 101", "a=fmtp:101 0-15")
    agreed = select(offered)
    assert agreed is not None and agreed.telephone_event == 101
    assert answer(offered, agreed, "192.0.2.2", 5000).media[0].rtpmap[101] == Encoding("telephone-event", 8000)


ALL = [CODECS[name] for name in ("PCMU", "PCMA", "G722", "OPUS")]


def test_payload_types_keep_their_meaning_in_our_later_offers() -> None:
    """RFC 3264 8.3.2: the call began with their offer, in which 107 were keys and 96 Opus."""
    named = {96: Encoding("opus", 48_000, 2), 107: Encoding("telephone-event", 48_000)}
    rtpmap = offer("192.0.2.2", 5000, codecs=ALL, named=named).media[0].rtpmap
    assert named.items() <= rtpmap.items()
    assert rtpmap[101] == Encoding("telephone-event", 8000)
    again = offer("192.0.2.2", 5000, codecs=ALL, named=rtpmap).media[0]
    assert again.rtpmap == rtpmap and sorted(again.formats) == sorted(["0", "8", "9", "96", "101", "107"])


def test_a_payload_type_that_has_another_meaning_in_the_call_is_not_offered_anew() -> None:
    named = {101: Encoding("opus", 48_000, 2), 96: Encoding("telephone-event", 48_000)}
    rtpmap = offer("192.0.2.2", 5000, codecs=ALL, named=named).media[0].rtpmap
    assert named.items() <= rtpmap.items()
    assert [n for n, meaning in rtpmap.items() if meaning == Encoding("telephone-event", 8000)] == [97]


def test_an_offer_is_made_though_every_payload_type_has_a_meaning() -> None:
    named = {number: Encoding("CN", number) for number in range(96, 128)}
    assert offer("192.0.2.2", 5000, codecs=ALL, named=named).media[0].rtpmap[107] == Encoding("opus", 48_000, 2)


def test_the_medias_own_address_holds_before_the_sessions() -> None:
    agreed = select(description("c=IN IP4 192.0.2.1", AUDIO, "c=IN IP4 192.0.2.99"))
    assert agreed is not None and agreed.host == "192.0.2.99"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")],
)
def test_directions_are_mirrored_from_the_media_or_the_session(theirs: str, ours: str) -> None:
    for lines in (("c=IN IP4 192.0.2.1", AUDIO, f"a={theirs}"), ("c=IN IP4 192.0.2.1", f"a={theirs}", AUDIO)):
        offered = description(*lines)
        agreed = select(offered)
        assert agreed is not None and agreed.direction == ours
        assert answer(offered, agreed, "192.0.2.2", 5000).media[0].direction == ours


def test_the_address_0_0_0_0_is_hold() -> None:
    agreed = select(description("c=IN IP4 0.0.0.0", AUDIO))
    assert agreed is not None and agreed.direction == "recvonly"


@pytest.mark.parametrize(
    "lines",
    [
        ("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 18"),
        ("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/SAVP 0"),
        ("c=IN IP4 192.0.2.1", "m=audio 0 RTP/AVP 0"),
        ("c=IN IP4 192.0.2.1", "m=video 4000 RTP/AVP 0"),
        ("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMU/16000"),
        ("m=audio 4000 RTP/AVP 0",),
        ("c=IN IP4 192.0.2.1",),
    ],
)
def test_streams_that_we_cannot_carry_are_not_taken(lines: tuple[str, ...]) -> None:
    assert select(description(*lines)) is None


def test_every_media_line_is_answered_and_only_one_taken() -> None:
    offered = description(
        "c=IN IP4 192.0.2.1",
        "m=video 4002 RTP/AVP 31",
        "m=audio 4004 RTP/SAVP 0",
        AUDIO,
        EVENT,
        "m=audio 4006 RTP/AVP 0",
    )
    agreed = select(offered)
    assert agreed is not None and agreed.index == 2
    answered = answer(offered, agreed, "192.0.2.2", 5000)
    assert [(media.kind, media.protocol, media.port) for media in answered.media] == [
        ("video", "RTP/AVP", 0),
        ("audio", "RTP/SAVP", 0),
        ("audio", "RTP/AVP", 5000),
        ("audio", "RTP/AVP", 0),
    ]
    assert answered.media[2].formats == ["0", "101"]


def test_only_the_codecs_that_we_want_are_taken() -> None:
    agreed = select(description("c=IN IP4 192.0.2.1", AUDIO), [CODECS["PCMA"]])
    assert agreed is not None and agreed.codec.name == "PCMA"


OPUS = "a=rtpmap:111 opus/48000/2"


def test_every_codec_is_offered_with_its_rtpmap_and_keys_at_every_clock_rate() -> None:
    body = bytes(offer("192.0.2.7", 4000, codecs=all_named(["opus", "G722", "PCMU"]), ptime_ms=40)).decode()
    assert "m=audio 4000 RTP/AVP 107 9 0 101 102\r\n" in body
    for line in ("rtpmap:107 opus/48000/2", "rtpmap:9 G722/8000", "rtpmap:101 telephone-event/48000", "ptime:40"):
        assert f"a={line}\r\n" in body
    assert "a=rtpmap:102 telephone-event/8000\r\n" in body and "a=fmtp:107 useinbandfec=1" in body
    assert bytes(SessionDescription.parse(body.encode())).decode() == body


@pytest.mark.parametrize(
    ("rtpmap", "fmtp"),
    [(OPUS, "a=fmtp:111 minptime=10;useinbandfec=1"), (OPUS, "a=fmtp:111 ;;=;useinbandfec=x"), (OPUS, "a=fmtp:111")],
)
def test_opus_is_taken_whatever_its_parameters_and_keys_at_its_rate(rtpmap: str, fmtp: str) -> None:
    lines = ("a=rtpmap:126 telephone-event/8000", "a=rtpmap:110 telephone-event/48000")
    offered = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 111 0 126 110", rtpmap, fmtp, *lines)
    agreed = select(offered, all_named(["PCMU", "opus"]))
    assert agreed is not None and agreed.codec is CODECS["OPUS"]
    assert (agreed.payload_type, agreed.telephone_event) == (111, 110)
    answered = answer(offered, agreed, "192.0.2.2", 5000)
    assert answered.media[0].formats == ["111", "110"]
    assert b"a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n" in bytes(answered)


def test_keys_of_8000_beside_opus_are_better_than_none() -> None:
    offered = description(
        "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 111 126", OPUS, "a=rtpmap:126 telephone-event/8000"
    )
    agreed = select(offered, all_named(["opus"]))
    assert agreed is not None and agreed.telephone_event == 126
    assert b"a=rtpmap:126 telephone-event/8000\r\n" in bytes(answer(offered, agreed, "192.0.2.2", 5000))


@pytest.mark.parametrize("rtpmap", ["a=rtpmap:111 opus/16000/2", "a=rtpmap:111 opus/48000/3", "a=rtpmap:111 opus"])
def test_opus_with_another_clock_or_number_of_channels_is_not_taken(rtpmap: str) -> None:
    offered = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 111", rtpmap)
    assert select(offered, all_named(["opus", "PCMU"])) is None


@pytest.mark.parametrize(("ours_first", "taken"), [(False, "PCMA"), (True, "G722")])
def test_whose_order_decides_can_be_said(ours_first: bool, taken: str) -> None:
    offered = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 8 0 9")
    agreed = select(offered, all_named(["G722", "PCMA", "PCMU"]), ours_first=ours_first)
    assert agreed is not None and agreed.codec.name == taken


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], 20),
        (["a=ptime:10"], 10),
        (["a=ptime:30"], 30),
        (["a=ptime:60"], 60),
        (["a=ptime:25"], 20),
        (["a=ptime:200"], 60),
        (["a=ptime:5"], 10),
        (["a=ptime:0"], 20),
        (["a=maxptime:40"], 20),
        (["a=ptime:60", "a=maxptime:40"], 40),
        (["a=maxptime:10"], 10),
    ],
)
def test_packets_are_as_long_as_the_other_side_asks_within_what_we_do(lines: list[str], expected: int) -> None:
    agreed = select(description("c=IN IP4 192.0.2.1", AUDIO, *lines))
    assert agreed is not None and agreed.ptime_ms == expected


def test_of_several_streams_the_first_that_we_can_carry_is_taken() -> None:
    offered = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 18", "m=audio 4002 RTP/AVP 0", AUDIO)
    agreed = select(offered)
    assert agreed is not None and (agreed.index, agreed.port) == (1, 4002)


def test_the_port_of_rtcp_is_told_where_it_is_another() -> None:
    lines = ("c=IN IP4 192.0.2.1", AUDIO)
    plain, moved = select(description(*lines)), select(description(*lines, "a=rtcp:4711"))
    assert plain is not None and plain.rtcp_port is None
    assert moved is not None and moved.rtcp_port == 4711


@pytest.mark.parametrize(
    ("direction", "ours"),
    [("sendrecv", "recvonly"), ("sendonly", "recvonly"), ("recvonly", "inactive"), ("inactive", "inactive")],
)
def test_to_an_address_of_zeroes_nothing_is_sent(direction: str, ours: str) -> None:
    agreed = select(description("c=IN IP4 0.0.0.0", AUDIO, f"a={direction}"))
    assert agreed is not None and agreed.direction == ours


def test_payload_types_that_rtp_has_not_are_passed_over() -> None:
    lines = ("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 128 1000 x 0", "a=rtpmap:128 PCMU/8000")
    agreed = select(description(*lines))
    assert agreed is not None and agreed.payload_type == 0


def test_an_answer_with_another_key_than_was_agreed_is_a_defect() -> None:
    keys = LocalKeys()
    plain = description("c=IN IP4 192.0.2.1", AUDIO)
    agreed = select(plain)
    assert agreed is not None
    with pytest.raises(ValueError, match="does not have the agreed tag and suite"):
        answer(plain, agreed, "192.0.2.2", 5000, crypto=keys.offer()[0])
    secret = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/SAVP 0", f"a=crypto:{LocalKeys().offer()[1]}")
    agreed = select(secret, srtp="allowed")
    assert agreed is not None and agreed.crypto is not None
    for wrong in (None, keys.offer()[0]):
        with pytest.raises(ValueError, match="does not have the agreed tag and suite"):
            answer(secret, agreed, "192.0.2.2", 5000, crypto=wrong)
    right = answer(secret, agreed, "192.0.2.2", 5000, crypto=keys.matching(agreed.crypto))
    assert right.media[0].protocol == "RTP/SAVP"


def test_an_answer_says_session_version_and_the_length_of_packets() -> None:
    offered = description("c=IN IP4 192.0.2.1", AUDIO, EVENT)
    agreed = select(offered)
    assert agreed is not None
    said = bytes(answer(offered, agreed, "192.0.2.2", 5000, session_id=7, version=3, ptime_ms=30)).decode()
    assert "o=- 7 3 IN IP4 192.0.2.2\r\n" in said and "a=ptime:30\r\n" in said
    assert "m=audio 5000 RTP/AVP 0 101\r\n" in said and "a=rtpmap:101 telephone-event/8000\r\n" in said


def test_an_offer_may_leave_keypad_events_out() -> None:
    media = offer("192.0.2.7", 4000, codecs=all_named(["PCMU"]), telephone_event=None).media[0]
    assert media.formats == ["0"] and not media.fmtp


KEY = f"a=crypto:1 {SUITES[0]} inline:" + "A" * 40


@pytest.mark.parametrize(
    ("protocol", "lines", "encrypted"),
    [("RTP/AVPF", ["a=rtcp-fb:* trr-int 5000"], False), ("rtp/avpf", [KEY], False), ("RTP/SAVPF", [KEY], True)],
)
def test_a_profile_with_feedback_is_answered_with_the_same(protocol: str, lines: list[str], encrypted: bool) -> None:
    offered = description("c=IN IP4 192.0.2.1", f"m=audio 4000 {protocol} 0", *lines)
    agreed = select(offered, srtp="allowed")
    assert agreed is not None and agreed.feedback and (agreed.crypto is not None) is encrypted
    ours = LocalKeys().matching(agreed.crypto) if agreed.crypto is not None else None
    assert answer(offered, agreed, "192.0.2.2", 5000, crypto=ours).media[0].protocol == protocol.upper()
    crypto = [ours] if ours is not None else []
    assert offer("192.0.2.2", 5000, crypto=crypto, feedback=True).media[0].protocol == protocol.upper()


@pytest.mark.parametrize("srtp", ["off", "allowed", "required"])
def test_a_profile_with_feedback_is_plain_or_encrypted_as_the_one_without(srtp: Srtp) -> None:
    plain = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVPF 0", KEY)
    encrypted = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/SAVPF 0", KEY)
    without_key = description("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/SAVPF 0")
    by_handshake = description("c=IN IP4 192.0.2.1", "m=audio 4000 UDP/TLS/RTP/SAVPF 0", KEY)
    assert (select(plain, srtp=srtp) is None) is (srtp == "required")
    assert (select(encrypted, srtp=srtp) is None) is (srtp == "off")
    assert select(without_key, srtp=srtp) is None and select(by_handshake, srtp=srtp) is None


def test_of_several_addresses_and_streams_the_first_that_we_reach_is_taken() -> None:
    def v4(host: str) -> bool:
        return ":" not in host

    both = description("c=IN IP6 2001:db8::1", "c=IN IP4 192.0.2.1", AUDIO)
    agreed = select(both, reaches=v4)
    assert agreed is not None and agreed.host == "192.0.2.1"
    each = description("m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1", "m=audio 4002 RTP/AVP 0", "c=IN IP4 192.0.2.1")
    agreed = select(each, reaches=v4)
    assert agreed is not None and (agreed.index, agreed.host) == (1, "192.0.2.1")
    assert [media.port for media in answer(each, agreed, "192.0.2.2", 5000).media] == [0, 5000]
    assert select(description("c=IN IP6 2001:db8::1", AUDIO), reaches=v4) is None


def test_ipv6_has_an_address_of_hold_too() -> None:
    agreed = select(description("c=IN IP6 ::", AUDIO))
    assert agreed is not None and agreed.direction == "recvonly"


def test_refused_streams_keep_their_order_and_spelling() -> None:
    offered = description(
        "c=IN IP4 192.0.2.1",
        "m=image 4000 udptl t38",
        "m=audio 0 RTP/AVP 0",
        "c=IN IP6 ::",
        AUDIO,
        "m=video 0 RTP/AVP",
        "m=message 9 TCP/MSRP *",
    )
    agreed = select(offered)
    assert agreed is not None and agreed.index == 2
    written = bytes(answer(offered, agreed, "192.0.2.2", 5000)).decode().split("\r\n")
    assert [line for line in written if line.startswith("m=")] == [
        "m=image 0 udptl t38",
        "m=audio 0 RTP/AVP 0",
        "m=audio 5000 RTP/AVP 0 101",
        "m=video 0 RTP/AVP 0",
        "m=message 0 TCP/MSRP *",
    ]
