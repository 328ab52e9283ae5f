"""The real service in its own processes, as a user starts it, and the speech service that follows a script."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from free_port import free_ports

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_DIALOGS = ROOT / "dialogs"
FAULTY_DIALOGS = ROOT / "tests" / "endtoend" / "dialogs_faulty"
READY_S = 60.0
END_S = 30.0


class Process:
    """A process of ours that says when it is ready, with its log in a file."""

    def __init__(self, argv: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self._log = log
        with log.open("wb") as file:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                env=environment,
                cwd=log.parent,
            )
        self.process = psutil.Process(self._popen.pid)
        try:
            self.ready = self._ready_line()
        except BaseException:
            self._popen.kill()
            self._popen.wait()
            raise

    def _ready_line(self) -> dict[str, Any]:
        assert self._popen.stdout is not None
        end = time.monotonic() + READY_S
        while time.monotonic() < end and (line := self._popen.stdout.readline()):
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if message.get("ready"):
                    return dict(message)
        raise AssertionError(f"not ready:\n{self.log()}")

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def terminate(self) -> None:
        self._popen.terminate()

    def status(self, within_s: float = END_S) -> int:
        """Wait for the end; the exit status."""
        return self._popen.wait(within_s)

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def end(self) -> int:
        if self.running:
            self.terminate()
        try:
            return self.status()
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
            raise
        finally:
            assert self._popen.stdout is not None
            self._popen.stdout.close()


class Service(Process):
    """``voicebot serve``. ``settings``: ``sip__max_calls=2`` is ``VOICEBOT_SIP__MAX_CALLS=2``."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        low, high = free_ports(200)
        given = {
            "sip__host": "127.0.0.1",
            "sip__port": 0,
            "rtp__port_low": low,
            "rtp__port_high": high,
            "speech__prompt_cache_dir": "",
            "bot__dialogs": SAMPLE_DIALOGS,
            "bot__http_port": 0,
            "console__port": 0,
            "calls__records": folder / "records",
            "calls__drain_s": 0.2,
            "log__words": True,  # tests wait for what the log tells
        } | settings
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VOICEBOT_")}
        environment = kept | {f"VOICEBOT_{name.upper()}": str(value) for name, value in given.items()}
        self.records = Path(given["calls__records"])
        super().__init__(["voicebot", "serve", "--json"], folder / "serve.log", environment)
        self.uri: str = self.ready["sip"]
        self.speech_url: str = self.ready["speech"]
        self.port = int(self.uri.rpartition(":")[2])
        self.host = self.child("voicebot.host")

    def end_well(self, allow: str = "") -> None:
        """End it: with status 0, and no child and no traceback in its log is left, but for those with ``allow``."""
        children = self.process.children(recursive=True) if self.running else []
        status = self.end()
        _, left = psutil.wait_procs(children, timeout=END_S)
        assert status == 0, self.log()
        assert not left
        tracebacks = self.log().split("Traceback (most recent call last)")[1:]
        assert not [text for text in tracebacks if not allow or allow not in text], self.log()

    def child(self, module: str) -> psutil.Process:
        """The supervised process that runs ``module``; raises LookupError while it is away."""
        for child in self.process.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if module in child.cmdline():
                    return child
        raise LookupError(module)

    def bot_says(self, call_id: str) -> str:
        """What the bot has begun to say last in a running call, as the console tells it."""
        url = f"http://127.0.0.1:{self.ready['console_port']}/v1/live/calls/events"
        with urllib.request.urlopen(url, timeout=END_S) as stream:
            rows = next(json.loads(line[5:])["calls"] for line in stream if line.startswith(b"data:"))
        return str(next((row["bot_said"] for row in rows if row["call_id"] == call_id), ""))

    def record(self, call_id: str, within_s: float = END_S) -> dict[str, Any]:
        """The record that the call left."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            for file in self.records.glob("*.json"):
                record = json.loads(file.read_text())
                if call_id in (record["id"], record["call_id"]):
                    return dict(record)
            time.sleep(0.05)
        raise AssertionError(f"no record of {call_id}")


class SpeechDouble(Process):
    """``voicebot localspeech`` that follows a script, which :meth:`follow` replaces."""

    def __init__(self, folder: Path, script: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "script.json"
        file.write_text(json.dumps(script))
        argv = ["voicebot.localspeech", "--scripted", str(file), "--max-sessions", "500", "--log-level", "warning"]
        super().__init__(argv, folder / "speech.log")
        self.url = f"ws://127.0.0.1:{self.ready['port']}"

    def follow(self, **script: Any) -> None:
        request = urllib.request.Request(
            self.url.replace("ws:", "http:") + "/control",
            json.dumps(script).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            assert response.status == 200


def texts(record: dict[str, Any]) -> list[str]:
    """What the bot said in a call, in order."""
    return [utterance["text"] for turn in record["turns"] for utterance in turn["bot"]["utterances"]]
