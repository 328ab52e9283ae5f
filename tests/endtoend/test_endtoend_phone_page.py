"""A newcomer talks to the bot: the service with its offline models, and the page in Chromium with a recorded voice as
microphone. What the page plays is recorded there, and recognised by our own recogniser."""

from __future__ import annotations

import asyncio
import base64
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import VOICE, Page, browser_page, needs_chromium
from served import Process, Service, texts
from waiting import until

from voicebot.audio import LINEAR_16K
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


async def microphone(url: str, file: Path) -> None:
    """Write what is said as a file that Chromium takes for its microphone."""
    voice = Voice(SpeechEndpoint(host=url))
    try:
        said = await voice.audio(Saying(QUESTION, None, "", "en-US", "here"), LINEAR_16K)
    finally:
        await voice.close()
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, LINEAR_16K.rate, 0, "NONE", ""))
        out.writeframes(said + bytes(LINEAR_16K.byte_rate * PAUSE_S))


async def is_heard(url: str, audio: bytes, *words: str) -> None:
    """Return when our recogniser has heard ``words`` in ``audio``. Raises TimeoutError."""
    heard = list[str]()

    def take(event: Event) -> None:
        if isinstance(event, Final):
            heard.append(event.text)

    loop = asyncio.get_running_loop()
    recognizer = Recognizer(InProcessSdk(), SpeechEndpoint(host=url), audio=LINEAR_16K, on_event=take)
    await recognizer.start()
    try:
        for at in range(0, len(audio), 640):
            recognizer.write(audio[at : at + 640], loop.time())
        for _ in range(100):
            recognizer.write(bytes(640), loop.time())
        await until(lambda: all(word in " ".join(heard).lower() for word in words))
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
