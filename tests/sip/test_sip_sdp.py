"""Session descriptions: what we read is bounded and strict where it counts, and what we write is whole."""

from __future__ import annotations

import pytest

from voicebot.audio.codecs import CODECS, all_named
from voicebot.sip.offer_answer import offer
from voicebot.sip.sdp import (
    MAX_DESCRIPTION,
    MAX_FORMATS,
    MAX_LINES,
    MAX_MEDIA,
    Encoding,
    SdpError,
    SessionDescription,
)


def description(*lines: str) -> SessionDescription:
    return SessionDescription.parse("\r\n".join(("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", *lines, "")).encode())


AUDIO = "m=audio 4000 RTP/AVP 0 8 101"
EVENT = "a=rtpmap:101 telephone-event/8000"


def test_what_we_build_we_read() -> None:
    built = offer("192.0.2.7", 4000, codecs=all_named(["PCMA", "PCMU"]), session_id=5, version=3)
    read = SessionDescription.parse(bytes(built))
    assert (read.session_id, read.version, read.connections) == (5, 3, ("192.0.2.7",))
    assert bytes(read) == bytes(built)
    assert b"a=fmtp:101 0-16\r\n" in bytes(built) and b"a=ptime:20\r\n" in bytes(built)


def test_rtcp_and_ptime_are_read_and_nonsense_in_them_skipped() -> None:
    read = description(
        "c=IN IP4 192.0.2.1", AUDIO, "a=rtcp:4711 IN IP4 192.0.2.1", "a=ptime:30", "a=ptime:x", "a=rtcp:0"
    )
    assert (read.media[0].rtcp_port, read.media[0].ptime) == (4711, 30)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"v=1\r\n",
        b"hello",
        b"v=0\r\nm=audio x RTP/AVP 0\r\n",
        b"v=0\r\nm=audio 70000 RTP/AVP 0\r\n",
        b"v=0\r\n" + b"a=x\r\n" * 500,
        b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * (MAX_MEDIA + 1),
        b"v=0\r\nm=audio 1 RTP/AVP" + b" 0" * 100 + b"\r\n",
        b"v=0\r\ns=" + b"x" * 20_000,
    ],
)
def test_what_is_no_description_is_refused(body: bytes) -> None:
    with pytest.raises(SdpError):
        SessionDescription.parse(body)


def test_a_description_of_ours_word_by_word() -> None:
    built = offer("192.0.2.7", 4000, codecs=all_named(["PCMU"]), session_id=5, version=3, direction="sendonly")
    assert bytes(built).decode().split("\r\n") == [
        "v=0",
        "o=- 5 3 IN IP4 192.0.2.7",
        "s=-",
        "c=IN IP4 192.0.2.7",
        "t=0 0",
        "m=audio 4000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=sendonly",
        "",
    ]
    assert b"o=- 1 1 IN IP6 2001:db8::1\r\n" in bytes(offer("2001:db8::1", 4000))


def test_attributes_before_the_media_hold_for_all_and_those_of_a_media_section_for_it() -> None:
    read = description(
        "c=IN IP4 192.0.2.1", "a=recvonly", "a=ptime:30", AUDIO, "a=sendonly", "c=IN IP6 2001:db8::9", AUDIO
    )
    first, second = read.media
    assert (read.direction_of(first), read.direction_of(second)) == ("sendonly", "recvonly")
    assert (read.addresses_of(first), read.addresses_of(second)) == (("2001:db8::9",), ("192.0.2.1",))
    assert first.ptime is None, "ptime is an attribute of media"


def test_what_names_no_direction_goes_both_ways_and_what_names_no_address_has_none() -> None:
    read = description(AUDIO)
    assert read.direction_of(read.media[0]) == "sendrecv" and read.addresses_of(read.media[0]) == ()


def test_session_id_and_version_are_numbers_or_none() -> None:
    def origin(text: str) -> tuple[int, int]:
        read = SessionDescription.parse(f"v=0\r\no={text}\r\n".encode())
        return read.session_id, read.version

    assert origin("- 12 34 IN IP4 192.0.2.1") == (12, 34)
    assert origin("- x 34 IN IP4 192.0.2.1") == (0, 0)
    assert origin("- 12 123456789012345678901 IN IP4 192.0.2.1") == (0, 0)


@pytest.mark.parametrize(
    ("attribute", "kept"),
    [
        ("rtpmap:127 PCMU/8000", True),
        ("rtpmap:128 PCMU/8000", False),
        ("rtpmap:1 PCMU", False),
        ("rtpmap:x A/8", False),
    ],
)
def test_payload_types_are_seven_bits(attribute: str, kept: bool) -> None:
    assert bool(description(AUDIO, f"a={attribute}").media[0].rtpmap) is kept


def test_parameters_of_payload_types_are_kept_as_they_are() -> None:
    media = description(AUDIO, "a=fmtp:101  0-15 ", "a=fmtp:128 x", "a=fmtp:y x", "a=maxptime:40.5").media[0]
    assert media.fmtp == {101: "0-15"} and media.maxptime == 40


def test_the_bounds_themselves_are_taken() -> None:
    lines = [f"a=x:{number}" for number in range(MAX_LINES - 3 - MAX_MEDIA)] + ["m=audio 1 RTP/AVP 0"] * MAX_MEDIA
    read = description(*lines)
    assert len(read.media) == MAX_MEDIA
    with pytest.raises(SdpError):
        description(*lines, "a=y")
    with pytest.raises(SdpError):
        description(*lines[1:], "m=audio 1 RTP/AVP 0")
    many = description("m=audio 1 RTP/AVP" + " 0" * MAX_FORMATS, *(f"a=rtpmap:{n} A/1" for n in range(100)))
    assert len(many.media[0].formats) == MAX_FORMATS and len(many.media[0].rtpmap) == MAX_FORMATS


def test_the_highest_port_is_one_and_a_count_of_ports_is_passed_over() -> None:
    read = description("m=audio 65535/2 RTP/AVP 0", "a=rtcp:65535")
    assert (read.media[0].port, read.media[0].rtcp_port) == (65_535, 65_535)
    for line in ("m=audio 65536 RTP/AVP 0", "m=audio -1 RTP/AVP 0"):
        with pytest.raises(SdpError):
            description(line)
    assert description(AUDIO, "a=rtcp:65536").media[0].rtcp_port is None


def test_names_are_of_any_case_and_lines_end_as_they_like() -> None:
    read = SessionDescription.parse(b"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nm=AUDIO 4000 rtp/avp 0\n")
    assert (read.media[0].kind, read.media[0].protocol) == ("audio", "RTP/AVP")


def test_an_encoding_has_one_channel_unless_it_says_otherwise() -> None:
    media = description(AUDIO, EVENT, "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 L16/8000/1").media[0]
    assert media.rtpmap[101] == Encoding("telephone-event", 8000) == ("telephone-event", 8000, 1)
    written = [str(media.rtpmap[number]) for number in (101, 96, 97)]
    assert written == ["telephone-event/8000", "opus/48000/2", "L16/8000"]


def test_a_description_may_be_so_long_and_no_longer() -> None:
    body = b"v=0\r\ns="
    body += b"x" * (MAX_DESCRIPTION - len(body))
    assert SessionDescription.parse(body).media == []
    with pytest.raises(SdpError, match="too long"):
        SessionDescription.parse(body + b"x")


@pytest.mark.parametrize(
    ("attribute", "port"),
    [("rtcp:1", 1), ("rtcp:4711 IN IP4 192.0.2.1", 4711), ("rtcp:x", None), ("rtcp:4711x", None), ("rtcp", None)],
)
def test_the_port_of_rtcp_stands_alone_or_before_an_address(attribute: str, port: int | None) -> None:
    assert description(AUDIO, f"a={attribute}").media[0].rtcp_port == port


def test_an_attribute_that_we_do_not_know_is_none_of_those_that_we_do() -> None:
    media = description(AUDIO, "a=other:4711", "a=x-ptime:30", "a=label:101 x/8000").media[0]
    assert (media.rtcp_port, media.ptime, media.maxptime) == (None, None, None)
    assert not media.rtpmap and not media.fmtp


@pytest.mark.parametrize(
    ("encoding", "codec"), [("PCMU/8000", "PCMU"), ("pcmu/8000/1", "PCMU"), ("PCMU/16000", None), ("PCMU/8000/2", None)]
)
def test_a_codec_of_ours_is_known_by_name_rate_and_channels(encoding: str, codec: str | None) -> None:
    media = description(AUDIO, f"a=rtpmap:100 {encoding}").media[0]
    found = media.codec(100)
    assert (found.name if found is not None else None) == codec


def test_static_payload_types_need_no_rtpmap_and_dynamic_ones_do() -> None:
    media = description(AUDIO, "a=rtpmap:8 other/8000").media[0]
    assert [media.codec(number) is not None for number in (0, 8, 9, 96, 107)] == [True, False, True, False, False]


@pytest.mark.parametrize(
    ("encoding", "rate"),
    [
        ("telephone-event/8000", 8000),
        ("TELEPHONE-EVENT/48000", 48_000),
        ("telephone-event/8000/1", 8000),
        ("events/8000", None),
    ],
)
def test_keys_are_telephone_events_whatever_their_clock_rate(encoding: str, rate: int | None) -> None:
    media = description(AUDIO, f"a=rtpmap:101 {encoding}").media[0]
    assert media.event_rate(101) == rate
    assert media.event_rate(102) is None


def test_101_without_an_rtpmap_is_taken_for_keys() -> None:
    assert description("m=audio 4000 RTP/AVP 0 101").media[0].event_rate(101) == 8000


def test_an_answer_need_not_repeat_what_the_offer_said_of_dynamic_payload_types() -> None:
    media = description("m=audio 4000 RTP/AVP 0 107 110 x 999", "a=rtpmap:110 telephone-event/8000").media[0]
    offered = {0: Encoding("G729", 8000), 107: Encoding("opus", 48_000, 2), 110: Encoding("G722", 8000)}
    media.complete(offered)
    assert media.payloads() == {107: CODECS["OPUS"], 110: 8000}
    assert media.codec(0) is CODECS["PCMU"]


def test_what_holds_for_one_media_section_is_written_there() -> None:
    read = description("c=IN IP4 192.0.2.1", AUDIO, "c=IN IP6 2001:db8::9", "a=ptime:30", "a=recvonly", AUDIO)
    assert bytes(read).decode().split("\r\n")[3:] == [
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 4000 RTP/AVP 0 8 101",
        "c=IN IP6 2001:db8::9",
        "a=ptime:30",
        "a=recvonly",
        "m=audio 4000 RTP/AVP 0 8 101",
        "",
    ]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", " \r\n", "\t \n", "\r\n\r\n", "\0\r\n"])
def test_lines_end_with_spaces_and_blank_lines_or_without(end: str) -> None:
    lines = (
        "v=0",
        "s=",
        "c = IN IP4 192.0.2.1/127",
        "b=AS:64",
        "m=audio\t4000  RTP/AVP 0\t101",
        "a=fmtp:101  0-15",
        "a=rtpmap: 101 TELEPHONE-EVENT/8000",
        "a=ptime:30",
        "a=SendOnly",
        "a=rtcp: 4711 IN IP4 192.0.2.1",
    )
    read = SessionDescription.parse(("\ufeff" + end + end.join(lines) + end).encode())
    (media,) = read.media
    assert read.addresses_of(media) == ("192.0.2.1",) and read.direction_of(media) == "sendonly"
    assert (media.formats, media.fmtp, media.ptime, media.rtcp_port) == (["0", "101"], {101: "0-15"}, 30, 4711)
    assert media.event_rate(101) == 8000


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "=",
        " =extmap:1",
        "o=",
        "o=- 1",
        "o=a name 1 1 IN IP4 192.0.2.1",
        "o=- -1 1.5 IN IP4 host.example more",
        "o=- 1 1 IN ATM x",
        "s",
        "t=",
        "t=now",
        "b=",
        "xx=1",
        "a=",
        "a=:",
        "a=rtpmap:",
        "a=ptime:soon",
        "k=clear:x",
    ],
)
@pytest.mark.parametrize("within", [False, True])
def test_lines_that_nobody_uses_may_hold_anything(line: str, within: bool) -> None:
    around = ["c=IN IP4 192.0.2.1", AUDIO]
    around.insert(2 if within else 1, line)
    read = SessionDescription.parse("\r\n".join(("v=0", *around, "a=ptime:30")).encode())
    assert read.media[0].formats == ["0", "8", "101"] and read.media[0].ptime == 30
    assert read.addresses_of(read.media[0]) == ("192.0.2.1",)


@pytest.mark.parametrize(
    ("line", "addresses"),
    [
        ("c=in ip4 192.0.2.9", ("192.0.2.9",)),
        ("c=IN IP6 [2001:db8::9]", ("2001:db8::9",)),
        ("c=IN IP4 media.example.net", ("media.example.net",)),
        ("c=IN IP4", ()),
        ("c=IN ATM 1", ()),
        ("c=IN IP4 192.0.2.9;x", ()),
        ("c=", ()),
    ],
)
def test_an_address_that_cannot_be_read_is_not_replaced_by_another(line: str, addresses: tuple[str, ...]) -> None:
    read = description("c=IN IP4 192.0.2.1", AUDIO, line)
    assert read.addresses_of(read.media[0]) == addresses


def test_several_addresses_are_kept_in_their_order_within_a_bound() -> None:
    read = description("c=IN IP6 2001:db8::1", "c=IN IP4 192.0.2.1", AUDIO)
    assert read.addresses_of(read.media[0]) == ("2001:db8::1", "192.0.2.1")
    many = description(*(f"c=IN IP4 192.0.2.{n}" for n in range(9)), AUDIO)
    assert many.connections == tuple(f"192.0.2.{n}" for n in range(4))


def test_host_names_of_audio_are_told_and_replaced_by_their_addresses() -> None:
    read = description(
        "c=IN IP4 a.example",
        "m=video 4000 RTP/AVP 96",
        "c=IN IP4 video.example",
        "m=audio 0 RTP/AVP 0",
        "c=IN IP4 refused.example",
        AUDIO,
        AUDIO,
        "c=IN IP4 b.example.",
        "c=IN IP4 192.0.2.9",
        "c=IN IP4 192.0.2",
        "c=IN IP6 ::1",
    )
    assert read.names == ["a.example", "b.example."]
    read.put_addresses({"a.example": ["2001:db8::1", "192.0.2.1"], "b.example.": []})
    assert read.addresses_of(read.media[2]) == ("2001:db8::1", "192.0.2.1") and read.names == []
    assert read.addresses_of(read.media[3]) == ("192.0.2.9", "192.0.2", "::1")
    assert read.addresses_of(read.media[0]) == (), "nobody has looked"
    assert len(description(*(f"c=IN IP4 h{n}.example" for n in range(4)), AUDIO, AUDIO, "c=IN IP4 z").names) == 2


def test_media_that_we_do_not_carry_are_kept_as_they_are_written() -> None:
    lines = ("m=image 5000 udptl t38", "m=application 9 DTLS/SCTP webrtc-datachannel", "m=video 0 RTP/AVP")
    read = description("c=IN IP4 192.0.2.1", *lines)
    assert [(media.kind, media.port, media.protocol, media.formats) for media in read.media] == [
        ("image", 5000, "udptl", ["t38"]),
        ("application", 9, "DTLS/SCTP", ["webrtc-datachannel"]),
        ("video", 0, "RTP/AVP", []),
    ]


@pytest.mark.parametrize(
    ("number", "encoding", "codec"),
    [(96, "opus/48000", "opus"), (96, "OPUS/48000/2", "opus"), (9, "G722/16000", "G722"), (9, "g722/8000/1", "G722")],
)
def test_codecs_are_known_in_the_spellings_of_the_field(number: int, encoding: str, codec: str) -> None:
    found = description(AUDIO, f"a=rtpmap:{number} {encoding}").media[0].codec(number)
    assert found is not None and found.name == codec
