"""Figures of the offline Speech service: word errors, end of speech to final, first audio and speed of synthesis.

    python bench/localspeech.py [wer] [latency] [speech] [--audio DIR] [--files N] [--calls N] [--codec NAME]

``wer`` sends the recordings through the recognition core as fast as it goes, with ``--codec`` as a call by that codec
would hear them; ``latency`` plays them in real time
through the official SDK against the service in a process of its own; ``speech`` synthesises through the SDK. The
recordings (``manifest.jsonl``: id, wav, set, ref or slots, onset, offset) are not part of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from voicebot.audio import convert  # noqa: E402
from voicebot.audio.codecs import Codec, named  # noqa: E402
from voicebot.audio.riff import stream_header  # noqa: E402
from voicebot.localspeech import prepare_models  # noqa: E402
from voicebot.localspeech.engines import Decode  # noqa: E402
from voicebot.localspeech.expected import lexical  # noqa: E402
from voicebot.localspeech.formats import parse_header  # noqa: E402
from voicebot.localspeech.normalise import normalise  # noqa: E402
from voicebot.localspeech.offline import load  # noqa: E402
from voicebot.localspeech.options import Options  # noqa: E402
from voicebot.localspeech.pool import InferencePool  # noqa: E402
from voicebot.localspeech.recognition import RecognitionTurn, ServiceMessage  # noqa: E402

SENTENCES = (
    "Hello, how can I help you?",
    "Your balance is $45.32, due on March 3rd. Is there anything else?",
    "Thank you for calling, goodbye.",
    "There is no outage in your area at the moment. We expect all lines to be up again by 5:30 pm.",
    "Please say or key in your account number, followed by the pound key.",
)


def words(text: str, digits: bool) -> list[str]:
    if digits:
        text = re.sub(r"(?<=\d)(?=\d)", " ", text)
    return lexical(normalise(text.replace("-", " "))).split()


def errors(reference: list[str], given: list[str]) -> int:
    row = list(range(len(given) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, word in enumerate(given, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != word))
    return row[-1]


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def transcribe(wav: bytes, model: Any, recognition: Any, hypotheses: bool = False) -> tuple[str, float]:
    """The finals of a recording, and the seconds that decoding them took."""
    found = parse_header(wav)
    assert found is not None
    audio, start = found
    turn = RecognitionTurn(audio.rate, Options(), recognition.session(audio.rate, "", "").detector)
    said: list[str] = []
    took = 0.0
    data = wav[start:]
    steps = [lambda at=at: turn.audio(audio.floats(data[at : at + 800])) for at in range(0, len(data), 800)]
    for step in [*steps, turn.end_of_audio]:
        pending = step()
        while pending:
            output = pending.pop(0)
            if isinstance(output, Decode):
                if output.kind.value == "hypothesis" and not hypotheses:
                    pending += turn.decoded(output.number, None)
                    continue
                before = time.perf_counter()
                result = model.transcribe(output.samples, output.rate, output.expected)
                took += time.perf_counter() - before
                pending += turn.decoded(output.number, result)
            elif isinstance(output, ServiceMessage) and output.path == "speech.phrase":
                said.append(output.body.get("DisplayText", ""))
    return " ".join(said), took


def by_codec(wav: bytes, codec: Codec) -> bytes:
    """A G.711 recording as it is after a call's encoder and decoder, in the format of such a call."""
    found = parse_header(wav)
    assert found is not None
    audio = convert(wav[found[1] :], found[0], codec.audio)
    encode, decode = codec.encoder(codec.audio), codec.decoder(codec.audio)
    if encode is None or decode is None:
        return wav
    size = codec.audio.frame_bytes
    heard = b"".join(decode.decode(encode(audio[at : at + size])) for at in range(0, len(audio) - size + 1, size))
    return stream_header(codec.audio) + heard


def measure_words(folder: Path, files: list[dict[str, Any]], verbose: bool, codec: Codec) -> None:
    pool = InferencePool(1)
    recognition, _ = load(prepare_models(), pool)
    model = recognition.model
    totals: dict[str, list[float]] = defaultdict(lambda: [0, 0, 0.0, 0.0, 0])
    for entry in files:
        text, took = transcribe(by_codec((folder / entry["wav"]).read_bytes(), codec), model, recognition)
        total = totals[f"{entry['set']} {entry['cond']}"]
        if entry.get("slots"):
            spoken = f" {' '.join(words(text, False))} "
            wrong = sum(f" {' '.join(words(slot, False))} " not in spoken for slot in entry["slots"])
            count = len(entry["slots"])
        else:
            digits = entry["kind"] == "digits"
            wrong, count = errors(words(entry["ref"], digits), words(text, digits)), len(entry["ref"].split())
        for index, value in enumerate((wrong, count, took, entry["dur"], 1)):
            total[index] += value
        if verbose and wrong:
            print(f"  {entry['id']}: {wrong} of {count}: {text!r} for {entry.get('ref') or entry.get('slots')!r}")
    print(f"{'set':28} {'files':>5} {'errors':>8} {'of':>5} {'%':>6}  {'decoding / audio':>16}")
    for name, (errors_in_all, of_all, took, audio, number) in sorted(totals.items()):
        percent = 100 * errors_in_all / of_all
        print(f"{name:28} {number:5.0f} {errors_in_all:8.0f} {of_all:5.0f} {percent:6.1f}  {took / audio:16.3f}")
    pool.close()


class SpeechProcess:
    """The service in a process of its own."""

    def __enter__(self) -> SpeechProcess:
        before = time.perf_counter()
        command = [sys.executable, "-m", "voicebot.localspeech", "--exit-with-parent", "--log-level", "warning"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())["port"]
        print(f"service ready after {time.perf_counter() - before:.2f} s, {self.memory():.0f} MB")
        return self

    def memory(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)


def play(port: int, wav: bytes, offset: float, onset: float) -> dict[str, Any]:
    """One recording in real time through the SDK: seconds from its onset and end to what came."""
    import azure.cognitiveservices.speech as sdk

    found = parse_header(wav)
    assert found is not None
    config = sdk.SpeechConfig(host=f"ws://127.0.0.1:{port}")
    config.set_property(sdk.PropertyId.Speech_SegmentationSilenceTimeoutMs, "350")
    law = sdk.audio.AudioStreamWaveFormat.MULAW
    stream_format = sdk.audio.AudioStreamFormat(8000, 8, 1, wave_stream_format=law)
    stream = sdk.audio.PushAudioInputStream(stream_format)
    recogniser = sdk.SpeechRecognizer(config, audio_config=sdk.audio.AudioConfig(stream=stream))
    seen: list[tuple[str, float, str]] = []
    recogniser.recognizing.connect(lambda e: seen.append(("hypothesis", time.perf_counter(), e.result.text)))
    recogniser.recognized.connect(lambda e: seen.append(("final", time.perf_counter(), e.result.text)))
    recogniser.start_continuous_recognition_async().get()
    data = wav[found[1] :] + b"\xff" * 8000
    start = time.perf_counter()
    for at in range(0, len(data), 160):
        stream.write(data[at : at + 160])
        wait = start + (at + 160) / 8000 - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
    stream.close()
    recogniser.stop_continuous_recognition_async().get()
    hypotheses = [at - start for kind, at, _ in seen if kind == "hypothesis"]
    finals = [(at - start, text) for kind, at, text in seen if kind == "final" and text]
    after = [at for at in hypotheses if at > offset]
    return {
        "first": hypotheses[0] - onset if hypotheses else None,
        "last hypothesis": after[0] - offset if after else None,
        "final": finals[-1][0] - offset if finals else None,
        "text": " ".join(text for _, text in finals),
    }


def measure_latency(folder: Path, files: list[dict[str, Any]], calls: int) -> None:
    results: list[dict[str, Any]] = []
    queue = list(files)
    with SpeechProcess() as service:
        before, began = service.cpu(), time.perf_counter()

        def worker() -> None:
            while queue:
                entry = queue.pop()
                wav = (folder / entry["wav"]).read_bytes()
                results.append(play(service.port, wav, entry["offset"], entry["onset"]))

        threads = [threading.Thread(target=worker) for _ in range(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cpu = (service.cpu() - before) / (time.perf_counter() - began) / calls
        print(f"{len(results)} recordings in real time, {calls} at a time, {cpu * 100:.0f} % of a core each,", end=" ")
        print(f"{service.memory():.0f} MB after")
    for key, label in (
        ("first", "onset to first hypothesis"),
        ("last hypothesis", "end of speech to next hypothesis"),
        ("final", "end of speech to final"),
    ):
        values = [1000 * result[key] for result in results if result[key] is not None]
        p50, p90 = percentile(values, 0.5), percentile(values, 0.9)
        print(f"{label:34} p50 {p50:5.0f}  p90 {p90:5.0f} ms  ({len(values)} of {len(results)})")


def measure_speech() -> None:
    import azure.cognitiveservices.speech as sdk

    with SpeechProcess() as service:
        config = sdk.SpeechConfig(host=f"ws://127.0.0.1:{service.port}")
        config.set_speech_synthesis_output_format(sdk.SpeechSynthesisOutputFormat.Raw8Khz8BitMonoMULaw)
        synthesiser = sdk.SpeechSynthesizer(config, audio_config=None)
        connection = sdk.Connection.from_speech_synthesizer(synthesiser)
        connection.open(True)
        chunks: list[float] = []
        sizes: list[int] = []

        def chunk(event: Any) -> None:
            chunks.append(time.perf_counter())
            sizes.append(len(event.result.audio_data))

        synthesiser.synthesizing.connect(chunk)
        first, speed, gaps = [], [], []
        for _ in range(3):
            for sentence in SENTENCES:
                chunks.clear()
                sizes.clear()
                before = time.perf_counter()
                result = synthesiser.speak_text_async(sentence).get()
                ended = time.perf_counter()
                while sum(sizes) < len(result.audio_data):  # events arrive on another thread
                    time.sleep(0.001)
                first.append(1000 * (chunks[0] - before))
                audio = sum(sizes) / 8000
                speed.append((ended - before) / audio)
                # How far playing ever runs ahead of what has come: positive is a gap that the caller hears.
                played = [chunks[0] + sum(sizes[:index]) / 8000 for index in range(len(sizes))]
                gaps.append(1000 * max(at - due for at, due in zip(chunks, played, strict=True)))
        print(f"first audio p50 {statistics.median(first):.0f}, p90 {percentile(first, 0.9):.0f} ms; ", end="")
        print(f"time / audio {statistics.median(speed):.3f}; worst gap {max(gaps):.0f} ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="wer, latency, speech (default: all)")
    parser.add_argument("--audio", type=Path, default=ROOT.parent / "shared" / "audio")
    parser.add_argument("--files", type=int, default=30, help="recordings to play for latency")
    parser.add_argument("--calls", type=int, default=1, help="recordings that are played at a time")
    parser.add_argument("--codec", type=named, default=named("PCMU"), help="of the calls for wer (default PCMU)")
    parser.add_argument("--verbose", action="store_true", help="print each wrong result")
    arguments = parser.parse_args()
    what = arguments.what or ["wer", "latency", "speech"]
    files: list[dict[str, Any]] = []
    manifest = arguments.audio / "manifest.jsonl"
    if manifest.is_file():
        files = [json.loads(line) for line in manifest.read_text().splitlines() if line.strip()]
    elif "wer" in what or "latency" in what:
        print(f"no recordings in {arguments.audio}: wer and latency are left out")
    if "wer" in what and files:
        measure_words(arguments.audio, files, arguments.verbose, arguments.codec)
    if "latency" in what and files:
        step = max(1, len(files) // arguments.files)
        measure_latency(arguments.audio, files[::step][: arguments.files], arguments.calls)
    if "speech" in what:
        measure_speech()
    return 0


if __name__ == "__main__":
    sys.exit(main())
