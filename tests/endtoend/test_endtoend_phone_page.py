"""A newcomer talks to the bot: the service with its offline models, and the page in Chromium with a recorded voice as
microphone. What the page plays is recorded there, and recognised by our own recogniser."""

from __future__ import annotations

import asyncio
import base64
import os
import statistics
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import VOICE, Page, browser_page, needs_chromium
from served import Process, Service, SpeechDouble, texts
from waiting import until

from bench.turns import write_wav
from voicebot.address import Address
from voicebot.audio import LINEAR_16K, PCMU, AudioFormat
from voicebot.caller import CallOptions, parse_script, place_many
from voicebot.caller.voice import Saying, Voice
from voicebot.events import Event, Final
from voicebot.speech import Recognizer, SpeechEndpoint
from voicebot.speechsdk.in_process import InProcessSdk

pytestmark = [pytest.mark.slow, pytest.mark.alone, needs_chromium]

DIALOG = """
title: Opening hours
locale: en-US
steps:
  - id: menu
    ask: How can I help you?
    choice:
      hours: {say: [hours, opening hours, opening, open], key: "3", next: hours}
      bye: {say: [goodbye], key: "9", next: bye}

  - id: hours
    say: We are open Monday to Friday from eight to six, and on Saturday from nine to one.
    next: menu

  - id: bye
    hangup: Goodbye.
"""
QUESTION = "What are your opening hours?"
PAUSE_S = 9
"""The question is asked again and again: the microphone's file is repeated."""
SILENCE_S = 2
"""After what was recorded, so that its last phrase ends."""
RECORD = """
(async () => {
  const context = new AudioContext({ sampleRate: 16000 });
  const source = context.createMediaStreamSource(document.getElementById('audio').srcObject);
  const taps = context.createScriptProcessor(4096, 1, 1);
  globalThis.kept = [];
  taps.onaudioprocess = ({ inputBuffer }) => kept.push(Float32Array.from(inputBuffer.getChannelData(0)));
  source.connect(taps).connect(context.destination);
})()
"""
KEPT = """
(() => {
  const samples = Int16Array.from(kept.flatMap(block => [...block]), x => Math.max(-1, Math.min(1, x)) * 32767);
  const bytes = new Uint8Array(samples.buffer);
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
})()
"""


async def question(url: str, form: AudioFormat) -> bytes:
    """What is said, by the voice of the speech service."""
    voice = Voice(SpeechEndpoint(host=url))
    try:
        return await voice.audio(Saying(QUESTION, None, "", "en-US", "here"), form)
    finally:
        await voice.close()


async def microphone(url: str, file: Path, pause_s: int = PAUSE_S) -> None:
    """Write what is said as a file that Chromium takes for its microphone."""
    said = await question(url, LINEAR_16K)
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, LINEAR_16K.rate, 0, "NONE", ""))
        out.writeframes(said + bytes(LINEAR_16K.byte_rate * pause_s))


LEVELS = """
(() => {
  const context = new AudioContext();
  const both = new ChannelMergerNode(context, { numberOfInputs: 2 });
  [stream, document.getElementById('audio').srcObject].forEach((one, n) =>
    context.createMediaStreamSource(one).connect(both, 0, n));
  const taps = context.createScriptProcessor(BLOCK, 2, 1);
  const level = (samples) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
  globalThis.levels = [];
  taps.onaudioprocess = ({ inputBuffer }) => levels.push([0, 1].map(n => level(inputBuffer.getChannelData(n))));
  both.connect(taps).connect(context.destination);
  return context.sampleRate;
})()
"""
"""In the page: how loud both are, block by block, on one clock. Of `stream`, what the microphone gives."""
KEEP_STREAM = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => globalThis.stream = await ask(wish);
true
"""
BLOCK, AUDIBLE = 512, 0.004
HOLE_S = 0.25
TALK_S = 50
MOST_LOAD = 2.0
"""Of each core: beyond that, a browser is late by itself."""


def spans(loud: list[bool], block_s: float) -> list[tuple[float, float]]:
    """From when to when somebody speaks, over short holes."""
    found = list[tuple[float, float]]()
    for number, is_loud in enumerate(loud):
        if is_loud and found and number * block_s - found[-1][1] < HOLE_S:
            found[-1] = found[-1][0], (number + 1) * block_s
        elif is_loud:
            found.append((number * block_s, (number + 1) * block_s))
    return found


def times_of(caller: list[tuple[float, float]], bot: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """The silences before answers, and how long the bot spoke on when it was interrupted: seconds."""
    gaps = [min(later) - end for _, end in caller if (later := [at for at, _ in bot if at > end])]
    stops = [end - at for at, _ in caller for begin, end in bot if begin < at - 0.5 and at < end]
    return gaps, stops


def quick(seconds: list[float]) -> float:
    return statistics.quantiles(seconds)[0]


async def is_heard(url: str, audio: bytes, *words: str) -> None:
    """Return when our recogniser has heard ``words`` in ``audio``, which it gets faster than it was spoken."""
    heard = list[str]()

    def take(event: Event) -> None:
        if isinstance(event, Final):
            heard.append(event.text)

    recognizer = Recognizer(InProcessSdk(), SpeechEndpoint(host=url), audio=LINEAR_16K, on_event=take)
    await recognizer.start()
    try:
        frames = audio + bytes(LINEAR_16K.byte_rate * SILENCE_S)
        for at in range(0, len(frames), 640):  # each has its time: what was spoken before the last result is not told
            recognizer.write(frames[at : at + 640], at / LINEAR_16K.byte_rate)
        await until(lambda: all(word in " ".join(heard).lower() for word in words))
    except TimeoutError:
        pytest.fail(f"{words} are not in what was heard: {heard}")
    finally:
        await recognizer.stop()


def asked(service: Service, kind: str) -> int:
    """How often the bot was asked because of speech or of a key."""
    return service.log().count(f"asked the bot: {kind}")


def entry(state: str, text: str) -> str:
    """In the page: whether it shows that the bot says this, or has said it to the end."""
    return f"[...document.querySelectorAll('#story .bot.{state} .text')].some(e => e.textContent.includes({text!r}))"


async def bot_speaks(page: Page) -> None:
    await page.until("Number(document.getElementById('heard').ariaValueNow) > 20")


async def test_a_newcomer_talks_to_the_bot_in_the_browser(serve: Callable[..., Service], tmp_path: Path) -> None:
    speech = await asyncio.to_thread(Process, ["voicebot.localspeech"], tmp_path / "speech.log")
    url = f"ws://127.0.0.1:{speech.ready['port']}"
    try:
        await microphone(url, file := tmp_path / "microphone.wav")
        (dialogs := tmp_path / "dialogs").mkdir()
        (dialogs / "main.yaml").write_text(DIALOG)
        service = await asyncio.to_thread(serve, speech__service="url", speech__url=url, bot__dialogs=dialogs)
        async with browser_page(*VOICE, f"--use-file-for-fake-audio-capture={file}") as page:
            await page.open(f"http://127.0.0.1:{service.ready['console_port']}/")
            await page.ask("document.getElementById('call').click()")
            await page.until("document.getElementById('state').textContent.startsWith('Connected')")
            await bot_speaks(page)
            await page.ask(RECORD)
            await until(lambda: asked(service, "speech") >= 1)
            await page.until(entry("speaking", "We are open"))
            await page.ask("document.getElementById('mute').click()")  # from now on the answer is heard to its end
            await page.ask("document.querySelector('#keypad [value=\"3\"]').click()")
            await until(lambda: asked(service, "key") >= 1)
            await page.until("story.innerText.includes('Keys 3') && document.querySelectorAll('#story s').length > 0")
            await page.until(entry("said", "We are open"))
            audio = base64.b64decode(await page.ask(KEPT))
            call = await page.ask("document.getElementById('phone').dataset.call")
            await page.ask("document.getElementById('hangup').click()")
            await page.until("document.getElementById('state').textContent == 'You have hung up.'")
            assert page.complaints == []
        record = await asyncio.to_thread(service.record, call)
        await is_heard(url, audio, "open", "monday")
    finally:
        assert await asyncio.to_thread(speech.end) == 0
    assert (record["trunk"], record["end"]["reason"]) == ("page", "caller")
    assert record["quality"]["encrypted"] is True
    assert any("We are open Monday to Friday" in text for text in texts(record))
    assert record["interruptions"] >= 1


@pytest.mark.long
async def test_who_talks_in_the_page_waits_as_long_as_in_a_call_by_sip_and_is_let_in_as_soon(
    serve: Callable[..., Service], tmp_path: Path
) -> None:
    """A scripted service recognises and speaks, so that only the ways differ. What else the machine does comes on top,
    and in a browser more of it: so the quickest quarters are compared. They are within 60 ms."""
    if os.getloadavg()[0] > MOST_LOAD * (os.cpu_count() or 1):
        pytest.skip("the machine is too busy to tell 60 ms from its own")
    voice = await asyncio.to_thread(Process, ["voicebot.localspeech"], tmp_path / "voice.log")
    url = f"ws://127.0.0.1:{voice.ready['port']}"
    try:
        await microphone(url, file := tmp_path / "microphone.wav", pause_s=4)
        write_wav(tmp_path / "question.wav", await question(url, PCMU))
    finally:
        await asyncio.to_thread(voice.end)
    script = {"texts": [QUESTION], "cycle": True, "hypothesis_after_ms": 200, "segmentation_ms": 100}
    speech = SpeechDouble(tmp_path / "speech", script | {"ms_per_word": 300})
    (dialogs := tmp_path / "dialogs").mkdir()
    (dialogs / "main.yaml").write_text(DIALOG)
    try:
        settings = {"speech__service": "url", "speech__url": speech.url, "bot__dialogs": dialogs}
        # how finished a voice sounds depends on the codec, and would decide between 200 and 500 ms
        settings |= dict.fromkeys(("turns__finished_silence_ms", "turns__unsure_silence_ms"), "350")
        service = await asyncio.to_thread(serve, **settings)
        asked = [f"  - barge_in: {{after_s: {after_s}, wav: question.wav}}\n" for after_s in (0.5, *[3.0] * 8)]
        by_sip = await place_many(
            Address.parse(service.uri),
            parse_script("deadline_s: 30\nsteps:\n  - listen:\n" + "".join(asked), folder=tmp_path),
            calls=1,
            concurrency=1,
            options=CallOptions(transcribe=False),
        )
        async with browser_page(*VOICE, f"--use-file-for-fake-audio-capture={file}") as page:
            await page.open(f"http://127.0.0.1:{service.ready['console_port']}/")
            await page.ask(KEEP_STREAM)
            await page.ask("document.getElementById('call').click()")
            await page.until("document.getElementById('state').textContent.startsWith('Connected')")
            rate = await page.ask(LEVELS.replace("BLOCK", str(BLOCK)))
            async with asyncio.timeout(300):
                while await page.ask("levels.length") < TALK_S * rate / BLOCK:
                    await asyncio.sleep(1)
            levels = await page.ask("levels")
            await page.ask("document.getElementById('hangup').click()")
    finally:
        await asyncio.to_thread(speech.end)
    caller, bot = (spans([pair[side] > AUDIBLE for pair in levels], BLOCK / rate) for side in (0, 1))
    gaps, stops = times_of(caller, bot)
    by_sip_gaps = [gap / 1000 for call in by_sip.calls for gap in call.figures.audible_gaps_ms]
    by_sip_stops = [stop / 1000 for call in by_sip.calls for stop in call.figures.barge_ins_ms]
    print(f"gaps: page {gaps}, SIP {by_sip_gaps}; stops: page {stops}, SIP {by_sip_stops}")
    for page_s, sip_s in ((gaps, by_sip_gaps), (stops, by_sip_stops)):
        assert min(len(page_s), len(sip_s)) >= 5
        assert abs(quick(page_s) - quick(sip_s)) < 0.06
