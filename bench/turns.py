"""How long callers wait: response gap, barge-in, keys, pacing, and what a call costs, at several loads.

    python -m bench.turns --speech embedded --calls 1 10
    python -m bench.turns --speech scripted --calls 1 10 50
    python -m bench.turns --setting SPEECH__CLIENT_PROCESS=same

Every call is the same: it talks over the menu to ask for the opening hours, interrupts the answer, keys an account
number, confirms it by voice and hangs up. ``embedded``: recognised and spoken by the offline models, on the same
machine. ``scripted``: recognised and spoken without any delay by a scripted service, so that what is left of the
response gap after the silence that the turn policy waits for is our own share.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import wave
from collections.abc import Awaitable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import uvloop

from bench.service import Service, serving, speaking
from voicebot.address import Address
from voicebot.audio import PCMU, g711
from voicebot.caller import CallOptions, LoadReport, parse_script, place_many
from voicebot.log import configure_logging
from voicebot.settings import Settings
from voicebot.speech import Speech, SpeechEndpoint, SynthesizerPool
from voicebot.speechsdk.in_process import InProcessSdk

SAYINGS = {"hours": "Opening hours, please.", "billing": "Billing, please.", "yes": "Yes, that's right."}
SCRIPT = """
deadline_s: 30
steps:
  - listen:
  - barge_in: {after_s: 5.0, wav: hours.wav}
  - barge_in: {after_s: 1.5, wav: billing.wav}
  - keys: "123456"
  - wav: "yes.wav"
"""
HEARD = ["Opening hours, please.", "Billing, please.", "Yes, that's right."]
SPEECH = {"texts": HEARD, "hypothesis_after_ms": 200, "segmentation_ms": 100, "ms_per_word": 300}
WAITED_MS = Settings().turns.end_silence_ms
WAITS = ("complete_silence_ms", "one_word_silence_ms", "finished_silence_ms", "unsure_silence_ms")
"""With a scripted service all turns wait for the same time, whatever was said."""
RAMP_S = 5.0
LEAST_CALLS = 8
"""A load of one call is measured over this many, one after the other."""


async def render(folder: Path) -> None:
    """What the callers say, once, by the offline voice: voice activity must take it for speech."""
    async with speaking() as url:
        pool = SynthesizerPool(InProcessSdk(), SpeechEndpoint(host=url), size=1)
        await pool.start()
        try:
            for name, text in SAYINGS.items():
                async with aclosing(pool.stream(Speech(text, "en-US-JoeNeural", "en-US", PCMU))) as pieces:
                    audio = b"".join([piece async for piece in pieces])
                await asyncio.to_thread(write_wav, folder / f"{name}.wav", audio)
        finally:
            await pool.close()


def write_wav(path: Path, audio: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(g711.SAMPLE_RATE)
        file.writeframes(PCMU.decode(audio).astype("<i2").tobytes())


async def measure(service: Service, folder: Path, concurrency: int) -> dict[str, Any]:
    """One load on a running service."""
    placing = place_many(
        Address.parse(service.uri),
        parse_script(SCRIPT, folder=folder),
        calls=max(LEAST_CALLS, concurrency),
        concurrency=concurrency,
        ramp_s=RAMP_S,
        options=CallOptions(transcribe=False),
    )
    return await measured(service, concurrency, placing)


async def measured(service: Service, concurrency: int, placing: Awaitable[LoadReport]) -> dict[str, Any]:
    """What the calls that are placed show, and what they cost the service."""
    before = service.usage()
    report = await placing
    after = service.usage()
    talked_s = sum(call.duration_s for call in report.calls)
    result = report.as_dict()
    result["concurrency"] = concurrency
    result["cpu_percent_a_call"] = {
        name: round(100 * taken / talked_s, 2) for name, taken in after.since(before).items()
    }
    result["rss_mb"] = {name: round(value) for name, value in after.rss_mb.items()}
    return result


def scripted(url: str) -> dict[str, str]:
    """Settings for a speech service that follows :data:`SPEECH`."""
    settings = {"VOICEBOT_SPEECH__SERVICE": "url", "VOICEBOT_SPEECH__URL": url, "VOICEBOT_SPEECH__PROMPT_CACHE_DIR": ""}
    return settings | {f"VOICEBOT_TURNS__{name.upper()}": str(WAITED_MS) for name in WAITS}


async def run(speech: str, loads: list[int], given: dict[str, str]) -> list[dict[str, Any]]:
    """All loads against one kind of speech service, with the settings ``given``."""
    results = []
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as name:
        folder = Path(name)
        await render(folder)
        for concurrency in loads:
            async with AsyncExitStack() as stack:
                settings: dict[str, str] = {}
                if speech == "scripted":
                    settings = scripted(await stack.enter_async_context(speaking(SPEECH)))
                service = await stack.enter_async_context(serving(settings | given))
                await asyncio.sleep(3)  # prompts are being warmed: a caller in the first seconds is another figure
                result = await measure(service, folder, concurrency)
                results.append({"speech": speech, "start_s": round(service.start_s, 1), **result})
    return results


def line(result: dict[str, Any]) -> str:
    """One load as a row of the README's table."""
    figures = result["figures"]

    def pair(name: str) -> str:
        spread = figures[name]
        return f"{spread['p50']:.0f} / {spread['p95']:.0f}" if spread["count"] else "-"

    own = [f"{figures['gap_ms'][k] - WAITED_MS:.0f}" for k in ("p50", "p95")] if result["speech"] == "scripted" else []
    cpu = ", ".join(f"{name} {value:.1f}" for name, value in result["cpu_percent_a_call"].items())
    memory = ", ".join(f"{name} {value}" for name, value in result["rss_mb"].items())
    return (
        f"{result['speech']:9} {result['concurrency']:3} calls | gap p50/p95 {pair('gap_ms')} ms"
        + (f" (own share {' / '.join(own)})" if own else "")
        + f" | cut off {figures['cut_ins']}, interruptions missed {figures['missed_barge_ins']}"
        f" | barge-in {pair('barge_in_ms')} | key to silence {pair('key_to_silence_ms')}"
        f" | keys {pair('key_gap_ms')} | 200 after {pair('answer_ms')}, greeting {pair('greeting_ms')}"
        f" | RTP p99 {figures['deviation_ms']['p99']:.1f} ms"
        f" | CPU % a call: {cpu} | MB: {memory} | {result['outcomes']} {result['reasons'] or ''}"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.turns", description=__doc__.partition("\n")[0])
    parser.add_argument("--speech", choices=("embedded", "scripted"), default="embedded")
    parser.add_argument("--calls", type=int, nargs="+", default=[1])
    parser.add_argument("--setting", nargs="+", default=[], help="settings of the service: SECTION__NAME=VALUE")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    configure_logging("WARNING")
    given = {f"VOICEBOT_{name}": value for name, _, value in (text.partition("=") for text in options.setting)}
    results = uvloop.run(run(options.speech, options.calls, given))
    print(json.dumps(results) if options.json else "\n".join(map(line, results)))
    return 0 if all(r["outcomes"].get("completed") == r["calls"] for r in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
