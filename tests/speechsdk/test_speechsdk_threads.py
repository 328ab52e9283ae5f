from __future__ import annotations

import asyncio
import sys

from speech_double import SpeechDouble

from voicebot.speechsdk.threads import first_line

FORGETFUL = """
import asyncio, sys, time
from voicebot.audio import PCMU
from voicebot.speech import Recognizer, Speech, SpeechEndpoint, SynthesizerPool
from voicebot.speechsdk.in_process import InProcessSdk

class Lingering:
    # Keeps the interpreter in its last phase for a while, in which a callback would be fatal.
    def __del__(self, sleep=time.sleep):
        sleep(0.3)

lingering = Lingering()

async def main():
    global recognizer
    endpoint = SpeechEndpoint(host=sys.argv[1])
    heard = asyncio.Event()
    recognizer = Recognizer(InProcessSdk(), endpoint, audio=PCMU, on_event=lambda _: heard.set())
    await recognizer.start()
    recognizer.write(bytes(160), 1.0)
    pool = SynthesizerPool(InProcessSdk(), endpoint, size=2)
    await pool.start()
    pieces = pool.stream(Speech("Hi", "v", "en-US", PCMU))
    await anext(pieces)
    recognizer.write(bytes(16000), 2.0)
    await heard.wait()
    print("left", flush=True)

asyncio.run(main())
"""


async def test_a_program_that_ends_in_the_middle_of_everything_ends_cleanly(service: SpeechDouble) -> None:
    service.chunks, service.chunk_gap_s, service.chatter = 1000, 0.01, True
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORGETFUL, service.host, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    assert out.strip() == b"left", err
    assert process.returncode == 0, err


def test_only_the_first_line_of_a_native_error_is_for_people() -> None:
    assert first_line(RuntimeError("Exception with error code: 0x5\n[CALL STACK BEGIN]\n...")) == (
        "Exception with error code: 0x5"
    )
    assert first_line(ValueError()) == "ValueError"
