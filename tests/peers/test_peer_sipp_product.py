"""SIPp and sipsak against the running service: real RTP audio and keys, an echoing line, hold, cancelled and bad calls.

The long calls are placed side by side, once; each test then looks at what SIPp said and at the record of its call.
What is understood of a voice is not the matter here: the product's speech service is the scripted one.
"""

from __future__ import annotations

import random
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from product import NUMBER, Product
from sipp_caller import LOOPBACK, NO_SIPP, SCENARIOS, SIPP, Caller, Line, line_to

from bench.recordings import NO_RECORDINGS, has_asterisk, read_out, shared
from voicebot.audio import PCMA
from voicebot.caller.wav import read_wav

CAPTURES = Path("/usr/share/sip-tester")
SIPSAK = shutil.which("sipsak")
RECORD_S = 30.0

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(SIPP is None, reason=NO_SIPP),
]


@pytest.fixture(scope="module")
def line(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("sipp")
    (folder / "pcap").mkdir()  # where the built-in scenario uac_pcap looks for its captures
    for capture in CAPTURES.glob("*.pcap"):
        (folder / "pcap" / capture.name).symlink_to(capture)
    (folder / "pcap" / "dtmf_2833_1_again.pcap").write_bytes(later(CAPTURES / "dtmf_2833_1.pcap", 1))
    (folder / "pcap" / "dtmf_2833_1_once_more.pcap").write_bytes(later(CAPTURES / "dtmf_2833_1.pcap", 2))
    (folder / "pcap" / "dtmf_2833_2_again.pcap").write_bytes(later(CAPTURES / "dtmf_2833_2.pcap", 1))
    with line_to(product, folder) as line:
        yield line


def later(capture: Path, times: int) -> bytes:
    """A capture of a key with other RTP sequence numbers and timestamps: SIPp plays captures as they are, and the same
    timestamp means the same press."""
    data = bytearray(capture.read_bytes())
    at = 24
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at + 8)
        rtp = at + 16 + 14 + 20 + 8
        sequence, timestamp = struct.unpack_from("!HI", data, rtp + 2)
        struct.pack_into("!HI", data, rtp + 2, (sequence + 100 * times) & 0xFFFF, timestamp + 80_000 * times)
        at += 16 + length
    return bytes(data)


@pytest.fixture(scope="module")
def voice() -> bytes | None:
    """A human who says six digits, as A-law."""
    if has_asterisk():
        return PCMA.encode(read_out(NUMBER))
    return next((read_wav(found.path, PCMA) for found in shared("human_digits") if len(found.words) == 6), None)


@pytest.fixture(scope="module")
def long_calls(line: Line, voice: bytes | None) -> dict[str, Caller]:
    callers = [
        line.call("uac_pcap", "-sn", "uac_pcap"),
        line.call("echo", "-sn", "uac", "-rtp_echo", "-d", "24000"),
        line.scenario("keys_rfc2833"),
        line.scenario("hold_in_prompt"),
    ]
    if voice is not None:
        (line.folder / "number.alaw").write_bytes(voice)
        (line.folder / "silence.alaw").write_bytes(b"\xd5" * 8000)
        callers.append(line.scenario("speech_rtp_stream"))
    return {caller.name: caller for caller in callers}


@pytest.fixture
def ended(product: Product, long_calls: dict[str, Caller]) -> Callable[[str], dict[str, Any]]:
    """Waits for a long call's end and gives its record."""

    def wait(name: str) -> dict[str, Any]:
        long_calls[name].wait()
        return the_record(product, name)

    return wait


def the_records(product: Product, name: str, count: int) -> list[dict[str, Any]]:
    """The records of the ``count`` calls of a run, waited for."""
    deadline = time.monotonic() + RECORD_S
    while time.monotonic() < deadline:
        found = [record for record in product.records_now() if record["call_id"].startswith(f"{name}-")]
        if len(found) >= count:
            assert len(found) == count
            return found
        time.sleep(0.05)
    raise AssertionError(f"not every call of {name} left a record")


def the_record(product: Product, name: str) -> dict[str, Any]:
    return the_records(product, name, 1)[0]


def said(record: dict[str, Any]) -> list[str]:
    """What the bot answered, turn by turn."""
    return [turn["bot"]["text"] for turn in record["turns"]]


def spoken(record: dict[str, Any]) -> list[str]:
    """What the bot understood of the caller's speech, turn by turn."""
    return [turn["caller"]["text"] for turn in record["turns"] if turn["kind"] == "speech"]


# --- conversations ---------------------------------------------------------------------------------------------------


def test_short_calls_are_answered_and_leave_records(product: Product, line: Line) -> None:
    line.call("short", "-sn", "uac", "-d", "300", calls=10).wait()
    assert [record["end"]["reason"] for record in the_records(product, "short", 10)] == ["caller"] * 10


def test_keys_as_rfc_2833_events_go_through_the_whole_dialog(ended: Callable[[str], dict[str, Any]]) -> None:
    record = ended("keys_rfc2833")
    assert "".join(key["key"] for key in record["keys"]) == "112345612"
    assert record["codec"] == "PCMA"
    answers = " ".join(said(record))
    for sentence in (
        "Please say your six digit account number",
        "I have 123456. Is that right?",
        "Your balance is $84.37",
        "Goodbye.",
    ):
        assert sentence in answers
    assert spoken(record) == [] and record["failures"] == []
    assert record["end"]["reason"] == "bot"


def test_real_audio_and_a_key_of_the_built_in_scenario(ended: Callable[[str], dict[str, Any]]) -> None:
    record = ended("uac_pcap")
    assert record["codec"] == "PCMA"
    assert [key["key"] for key in record["keys"]] == ["1"]
    assert "Please say your six digit account number" in " ".join(said(record))
    assert record["quality"]["packets_received"] > 200
    assert record["end"]["reason"] == "caller"


def test_a_human_voice_by_rtp_stream_is_understood(ended: Callable[[str], dict[str, Any]], voice: bytes | None) -> None:
    if voice is None:
        pytest.skip(NO_RECORDINGS)
    record = ended("speech_rtp_stream")
    assert [key["key"] for key in record["keys"]] == ["1"], "the key came by INFO"
    assert spoken(record) == [NUMBER]
    answer = next(turn["bot"]["text"] for turn in record["turns"] if turn["kind"] == "speech")
    assert answer == f"I have {NUMBER}. Is that right?"


def test_a_line_that_echoes_is_no_caller(ended: Callable[[str], dict[str, Any]]) -> None:
    """SIPp sends every packet back at once and at full level: no telephone is worse. Here what comes back is a tone,
    of which no piece can be taken for anything else; for voices see `tests/speech/test_speech_echo.py`."""
    record = ended("echo")
    assert spoken(record) == []
    assert record["interruptions"] == 0
    assert record["end"]["reason"] == "caller"


def test_hold_and_resume_in_the_middle_of_a_prompt(ended: Callable[[str], dict[str, Any]]) -> None:
    record = ended("hold_in_prompt")
    assert record["failures"] == [] and record["end"]["reason"] == "caller"
    assert record["interruptions"] == 0
    assert "How can I help you?" in said(record)[0]


# --- what goes wrong on real lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("ack_lost", "caller"),
        ("cancel_after_answer", "caller"),
        ("reinvite_hold", "caller"),
        ("offer_delayed", "caller"),
    ],
)
def test_what_a_call_survives(product: Product, line: Line, scenario: str, reason: str) -> None:
    line.scenario(scenario).wait()
    assert the_record(product, scenario)["end"]["reason"] == reason


def test_a_repeated_invite_is_one_call(product: Product, line: Line) -> None:
    line.call("repeated", "-sf", str(SCENARIOS / "invite_repeated_answered.xml"), "-nr").wait()
    the_record(product, "repeated")


def test_cancels_that_race_the_answer_leave_nothing_behind(product: Product, line: Line) -> None:
    """The bot answers within milliseconds: some CANCELs come before the 200, some after it."""
    line.call("race", "-sf", str(SCENARIOS / "cancel_race.xml"), calls=10).wait()
    ends = [record["end"]["reason"] for record in the_records(product, "race", 10)]
    assert set(ends) <= {"cancelled", "caller"}


@pytest.mark.parametrize("scenario", ["options", "require_unknown", "codec_unknown", "dialog_unknown", "malformed"])
def test_what_makes_no_call_is_answered_as_the_rfc_says(product: Product, line: Line, scenario: str) -> None:
    line.scenario(scenario).wait()
    assert not any(r["call_id"].startswith(f"{scenario}-") for r in product.records_now())


@pytest.mark.skipif(SIPSAK is None, reason="sipsak is not installed: apt-get install sipsak")
def test_sipsak_finds_the_service(product: Product) -> None:
    assert SIPSAK is not None
    done = subprocess.run([SIPSAK, "-vv", "-s", product.uri], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 OK" in done.stdout and "INVITE" in done.stdout


def test_after_garbage_a_good_call_goes_well(product: Product, line: Line) -> None:
    source = random.Random(2)
    good = (
        f"INVITE {product.uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        f"To: <{product.uri}>\r\nCall-ID: broken\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:9>\r\n"
        "Content-Type: application/sdp\r\nContent-Length: 99999\r\n\r\nv=0\r\n"
    ).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in (
            b"",
            b"\r\n\r\n",
            b"\x00" * 1200,
            b"INVITE",
            b"INVITE sip:bot SIP/2.0\r\n\r\n",
            b"SIP/2.0 200 OK\r\n\r\n",
            good,
            good.replace(b"CSeq: 1 INVITE", b"CSeq: 99999999999 BYE"),
            *(source.randbytes(source.randrange(1, 1400)) for _ in range(100)),
            *(good[: source.randrange(len(good))] for _ in range(50)),
        ):
            sender.sendto(datagram, (LOOPBACK, product.port))
    line.call("after_garbage", "-sn", "uac", "-d", "300").wait()
    assert the_record(product, "after_garbage")["end"]["reason"] == "caller"
    assert product.wrong_in_log() == ""
