"""What a dialog file asks of a call, on a call: a file is played, the language changes, a PIN is kept nowhere, and the
caller waits for people with what they should know.
"""

from __future__ import annotations

import json
import math
import struct
import time
import wave
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from served import Service, texts
from telephone import PIECE, calling
from words import stands_in

from voicebot.audio import PCMU
from voicebot.calls.remote_audio import from_wav

pytestmark = pytest.mark.slow

MAIN = """
steps:
  - {id: hello, say: {text: Welcome., audio: sounds/welcome.wav}}
  - id: which
    ask: English or German?
    languages: {en-US: {key: "1"}, de-DE: {key: "2"}}
  - {id: pin, ask: Your PIN?, digits: 4, sensitive: true, save: pin, confirm: "Is {pin|digits} right?"}
  - id: people
    queue:
      to: "{'+14255550123' if pin == '4321' else '+14255550100'}"
      headers: {X-Reason: bill}
      context: {account_number: "1234"}
      every: 1s
      hold: Please hold.
"""
GERMAN = """
voice: de-DE-KatjaNeural
steps:
  pin: {ask: Ihre PIN?, confirm: "Ist {pin|digits} richtig?"}
  people: {queue: {hold: Bitte warten.}}
"""


def tone(path: Path) -> bytes:
    """0.6 s of 440 Hz in 16 kHz, and what a phone hears of it."""
    path.parent.mkdir()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        samples = [round(12000 * math.sin(2 * math.pi * 440 * n / 16000)) for n in range(9600)]
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return from_wav(path.read_bytes(), PCMU)


async def test_a_dialog_file_plays_switches_keeps_quiet_and_hands_on(
    serve_scripted: Callable[..., Service], tmp_path: Path
) -> None:
    dialogs = tmp_path / "dialogs"
    dialogs.mkdir()
    (dialogs / "main.yaml").write_text(MAIN, encoding="utf-8")
    (dialogs / "main.de.yaml").write_text(GERMAN, encoding="utf-8")
    welcome = tone(dialogs / "sounds" / "welcome.wav")
    service = serve_scripted(bot__dialogs=dialogs, calls__recording=True)
    async with calling(service.uri) as phone:
        assert phone.call is not None
        phone.call.on_refer = lambda target, _by: refuse_once(target)

        def refuse_once(target: str) -> bool:
            phone.transfers.append(target)
            return len(phone.transfers) > 1 and phone._referred(target, "")

        await phone.answer(0, quiet_s=0.3)
        heard = phone.audio()
        assert any(welcome[at : at + PIECE] in heard for at in range(0, len(welcome) - PIECE, 160)), "the file"
        url = f"http://127.0.0.1:{service.ready['console_port']}/v1/live/calls/{phone.call.call_id}/flow.svg"
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            assert 'id="main.people"' in await response.text()
        for keys in ("2", "4321", "1"):
            began = time.monotonic()
            phone.press(keys)
            if keys != "1":
                await phone.answer(began, quiet_s=0.3)
        await phone.until(lambda: len(phone.transfers) > 1, "a second try of the queue")
        await phone.until_ended()
        call_id = phone.call.call_id
    record = service.record(call_id)
    said = texts(record)
    assert said[0] == "Welcome."
    assert said[2] == "Ihre PIN?"
    assert "Bitte warten." in said
    assert record["transfer"]["accepted"] is True
    assert "+14255550123" in phone.transfers[0], "the PIN was understood"
    assert "X-Context-account-number=1234" in phone.transfers[0]
    assert "X-Reason=bill" in phone.transfers[0]
    assert not stands_in(json.dumps(record), "4321")
    assert "vier drei" not in json.dumps(record)
    reached = [line for line in record["timeline"] if line["event"] == "step_reached"]
    assert [line["step"] for line in reached][:2] == ["main.which", "main.pin"]
    assert (reached[1]["took"], reached[1]["value"]) == ("languages", "de-DE")
    assert [line["variables"] for line in reached if line["variables"]] == [{"pin": None}]
    versions = [line["dialogs"] for line in reached if line["dialogs"]]
    console = f"http://127.0.0.1:{service.ready['console_port']}/v1/dialogs"
    async with aiohttp.ClientSession() as http, http.get(f"{console}/{versions[0]}/flow.svg") as response:
        assert len(versions) == 1 and 'id="main.people"' in await response.text()
    async with aiohttp.ClientSession() as http, http.get(f"{console}/another/flow.svg") as response:
        assert response.status == 404 and f"{versions[0]} serves now" in await response.text()
    assert "xxxx" in "".join(turn["caller"]["keys"] for turn in record["turns"])
    assert not stands_in(service.log(), "4321")
    for told in ("listening in de-DE", "recording: pause", "recording: resume"):
        assert told in service.log()
