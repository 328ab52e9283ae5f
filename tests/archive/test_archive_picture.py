from __future__ import annotations

import re
import wave
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voicebot.archive.picture import MAX_ROWS, picture, write_picture
from voicebot.archive.picture_row import CHAR_W, LEFT, WIDTH

SVG = "{http://www.w3.org/2000/svg}"


def said(number: int, text: str, start: float, end: float, **other: Any) -> dict[str, Any]:
    return {
        "utterance": number,
        "text": text,
        "first_audio_ms": start - 30,
        "first_packet_ms": start,
        "playback_end_ms": end,
        "heard_s": (end - start) / 1000,
        "complete": True,
        "failed": None,
        **other,
    }


def turn(
    index: int, words: str, speech: tuple[float, float] | None, *utterances: dict[str, Any], keys: str = ""
) -> dict[str, Any]:
    end = speech[1] if speech else 0.0
    first = utterances[0]["first_packet_ms"] if utterances else None
    return {
        "index": index,
        "request": index,
        "kind": "speech" if speech else "start",
        "caller": {
            "text": words,
            "speech_start_ms": speech[0] if speech else None,
            "speech_end_ms": speech[1] if speech else None,
            "first_hypothesis_ms": speech[0] + 300 if speech else None,
            "final_ms": end + 200 if speech else None,
            "final_text": words,
            "confidence": None,
            "keys": keys,
            "keys_ms": [end + 100 * n for n in range(len(keys))],
        },
        "bot": {
            "asked_ms": end + 210,
            "first_message_ms": end + 220,
            "done_ms": end + 221,
            "failed": None,
            "first_audio_ms": end + 290,
            "first_packet_ms": first,
            "playback_end_ms": utterances[-1]["playback_end_ms"] if utterances else None,
            "text": "",
            "utterances": list(utterances),
            "interrupted": None,
        },
        "gap_ms": first - end if first is not None and speech else None,
    }


def record(*turns: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "call_id": "abc@host",
        "caller": "+15550100",
        "callee": "7000",
        "turns": list(turns),
        "failures": [],
        **other,
    }


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def texts(svg: str) -> list[str]:
    """What can be read in the picture, a string for each label (its lines joined)."""
    labels = drawn(svg).iter(f"{SVG}text")
    return [" ".join(e.text or "" for e in label.iter() if e.tag != f"{SVG}title").strip() for label in labels]


GREETED = turn(1, "", None, said(1, "How can I help?", 120, 1900))
ASKED = turn(2, "opening hours", (2500, 3300), said(2, "From eight to five.", 3700, 5200))


def test_words_gaps_and_the_heading_are_there() -> None:
    svg = picture(record(GREETED, ASKED, duration_ms=6000.0, end={"reason": "caller"}))
    shown = " ".join(texts(svg))
    for expected in ("+15550100 → 7000", "How can I help?", "opening hours", "From eight to five.", "400 ms"):
        assert expected in shown
    assert "ended: caller" in shown


def test_each_step_of_a_turn_has_its_mark_at_its_time() -> None:
    svg = picture(record(GREETED, ASKED, duration_ms=6000.0))
    titles = [title.text or "" for title in drawn(svg).iter(f"{SVG}title")]
    assert "turn 2: final at 3.500 s" in titles and "turn 2: first packet at 3.700 s" in titles


def test_an_interrupted_prompt_is_hatched_and_says_where_it_was_cut() -> None:
    cut = turn(2, "hours", (2500, 3300), said(2, "We are open from", 3700, 4440, complete=False))
    svg = picture(record(GREETED, cut, duration_ms=6000.0))
    assert svg.count('fill="url(#cut)"') == 1 and "cut after 0.7 s" in texts(svg)
    assert 'fill="url(#cut)"' not in picture(record(GREETED, ASKED, duration_ms=6000.0))


def test_what_strangers_say_cannot_break_the_document() -> None:
    evil = '<script>alert("x")</script> & \x00\x0b "]]>'
    hostile = turn(2, evil, (2500, 3300), said(2, evil, 3700, 5200, failed=evil), keys="<&")
    failures = [{"at_ms": 100.0, "what": evil, "reason": evil}]
    svg = picture(record(hostile, call_id=evil, caller=evil, failures=failures, duration_ms=6000.0))
    root = drawn(svg)
    assert root.find(f".//{SVG}script") is None
    assert any('alert("x")' in text for text in texts(svg))


def test_a_long_call_runs_over_several_rows_and_a_very_long_one_is_bounded() -> None:
    assert len(drawn(picture(record(GREETED, duration_ms=65_000.0))).findall(f"{SVG}g")) == 4
    assert len(drawn(picture(record(GREETED, duration_ms=10 * 3600e3))).findall(f"{SVG}g")) <= MAX_ROWS


def test_a_prompt_across_the_end_of_a_row_is_drawn_in_both() -> None:
    long = turn(1, "", None, said(1, "A long story.", 18_000, 24_000))
    groups = drawn(picture(record(long, duration_ms=25_000.0))).findall(f"{SVG}g")
    boxes = [[r for r in g.findall(f"{SVG}rect") if r.get("fill") == "#15803d"] for g in groups]
    assert [len(row) for row in boxes] == [1, 1]
    assert float(boxes[0][0].get("x", 0)) + float(boxes[0][0].get("width", 0)) == pytest.approx(LEFT + WIDTH)
    assert float(boxes[1][0].get("x", 0)) == LEFT


def test_labels_of_one_side_do_not_meet() -> None:
    turns = [
        turn(n, "a rather long question about the bill of last month", (n * 1500.0, n * 1500 + 700.0),
             said(n, "and an answer that is longer still and goes on and on", n * 1500 + 900.0, n * 1500 + 1400.0))
        for n in range(13)
    ]  # fmt: skip
    svg = picture(record(*turns, duration_ms=20_000.0))
    for colour in ("#1d4ed8", "#15803d"):
        edge = 0.0
        labels = [
            t for t in drawn(svg).iter(f"{SVG}text") if t.get("fill") == colour and t.find(f"{SVG}tspan") is not None
        ]
        assert len(labels) > 8
        for label in labels:
            lines = [span.text or "" for span in label.findall(f"{SVG}tspan")]
            start = float(label.findall(f"{SVG}tspan")[0].get("x", 0))
            assert start >= edge and len(lines) <= 3
            edge = start + max(map(len, lines)) * CHAR_W


def test_keys_pressed_in_a_row_share_a_cap() -> None:
    svg = picture(record(turn(1, "", (1000, 1000), keys="123456"), duration_ms=6000.0))
    caps = [text for text in texts(svg) if re.fullmatch(r"\d+", text)]
    assert "".join(caps) == "123456" and len(caps) < 6


def test_a_call_without_turns_and_one_without_times_is_a_picture_too() -> None:
    drawn(picture({}))
    drawn(picture(record(duration_ms=None, started=None, end=None)))


def test_waves_come_from_the_recording_where_there_is_sound(tmp_path: Path) -> None:
    samples = np.zeros((48_000, 2), "<i2")
    samples[8000:16_000, 0] = (np.sin(np.arange(8000)) * 9000).astype("<i2")
    with wave.open(str(tmp_path / "call.wav"), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(samples.tobytes())
    out = tmp_path / "pictures" / "call.svg"
    write_picture(record(GREETED, duration_ms=6000.0), tmp_path / "call.wav", out)

    outlines = [p for p in drawn(out.read_text()).iter(f"{SVG}path") if p.get("fill-opacity") == ".8"]
    assert len(outlines) == 1
    xs = [float(x) for x in re.findall(r"[ML](\d+(?:\.\d+)?) ", outlines[0].get("d", ""))]
    a_second = WIDTH / 20
    assert min(xs) == pytest.approx(LEFT + a_second, abs=3) and max(xs) == pytest.approx(LEFT + 2 * a_second, abs=5)
    assert [file.name for file in out.parent.iterdir()] == ["call.svg"]


@pytest.mark.parametrize("raw", [b"", b"RIFF", b"not a wav"])
def test_a_recording_that_is_none_is_left_out(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "call.wav").write_bytes(raw)
    write_picture(record(GREETED, duration_ms=6000.0), tmp_path / "call.wav", tmp_path / "call.svg")
    assert "How can I help?" in texts((tmp_path / "call.svg").read_text())


def test_sounds_over_prompts_are_marked_and_gaps_say_why_the_turn_was_over() -> None:
    passed = {"began_ms": 1000.0, "at_ms": 1500.0, "outcome": "back-channel", "text": "m <hm>"}
    dropped = {"began_ms": 3000.0, "at_ms": 3500.0, "outcome": "interruption", "text": ""}
    over = turn(1, "billing", (100.0, 900.0), said(1, "Hello.", 1300.0, 4000.0)) | {"ended": "complete"}
    drawn = picture(record(over, overlaps=[passed, dropped]))
    assert "back-channel: m &lt;hm&gt;" in drawn
    assert "<title>interruption</title>" in drawn
    assert "400 ms, complete" in drawn
