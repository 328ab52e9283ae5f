"""What the service serves over HTTP, and who is kept from it: every listener of the real service, on the wire."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from free_port import free_port
from open_socket import is_open
from served import Service, SpeechDouble

from voicebot.listening.http import HEAD_S, HTTP_BOUNDS

LOOPBACK = "127.0.0.1"
JSON = "Content-Type: application/json"
SECRETS = {"console__token": "the-console-token", "speech__key": "the-speech-key"}
BOT = """
[connector]
port = {port}
[[bots]]
name = "desk"
kind = "bot-framework"
url = "http://127.0.0.1:9/api/messages"
secret_env = "DESK_SECRET"
"""
PATHS = {"console": "/v1/calls", "connector": "/v3/conversations", "messages": "/api/messages", "speech": "/control"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One with a bot of others, so that its connector listens."""
    folder = tmp_path_factory.mktemp("service")
    speech = SpeechDouble(folder / "speech", {})
    (folder / "voicebot.toml").write_text(BOT.format(port=free_port()))
    try:
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setenv("DESK_SECRET", "the-bots-secret")
            service = Service(folder, {"speech__service": "url", "speech__url": speech.url, **SECRETS})
        yield service
        service.end_well()
    finally:
        speech.end()


def ports(service: Service) -> dict[str, int]:
    log, connector = service.process.environ()["VOICEBOT_SPEECH__URL"], (service._log.parent / "voicebot.toml")
    return {
        "console": service.ready["console_port"],
        "connector": int(connector.read_text().partition("port = ")[2].split()[0]),
        "messages": service.ready["http_port"],
        "speech": int(log.rpartition(":")[2]),
    }


def post(port: int, path: str, *headers: str, host: str = LOOPBACK) -> int:
    """The status of the answer to a POST."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close", "Content-Length: 2", *headers, "", "{}"]
    with socket.create_connection((LOOPBACK, port), timeout=10) as client:
        client.sendall("\r\n".join(lines).encode())
        return int(client.makefile("rb").readline().split()[1])


@contextlib.contextmanager
def many(port: int, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection((LOOPBACK, port), timeout=10)) for _ in range(count)]


def still_open(clients: list[socket.socket], most: int, within_s: float = 10.0) -> int:
    """How many are, when no more than ``most`` are any longer."""
    end = time.monotonic() + within_s
    while (count := sum(map(is_open, clients))) > most and time.monotonic() < end:
        time.sleep(0.05)
    return count


@pytest.mark.slow
def test_each_http_listener_is_bounded_and_refuses_pages(service: Service) -> None:
    for name, port in ports(service).items():
        path = PATHS[name]
        assert post(port, path, JSON, host="evil.example.com") == 421, name
        assert post(port, path, JSON, "Origin: http://evil.example.com") == 403, name
        assert post(port, path, "Content-Type: text/plain") == 415, name
        assert post(port, path, JSON) not in (403, 415, 421), name
    with contextlib.ExitStack() as stack:
        opened = {
            name: stack.enter_context(many(port, HTTP_BOUNDS.of_source + 50))
            for name, port in ports(service).items()
            if name != "speech"  # it is for one client, who has many
        }
        for name, clients in opened.items():
            for client in clients[::2]:
                with contextlib.suppress(OSError):
                    client.send(b"POST /")
            assert still_open(clients, HTTP_BOUNDS.of_source) == HTTP_BOUNDS.of_source, name
            assert post(ports(service)[name], PATHS[name], JSON) != 421, "whoever asks is answered"
        for name, clients in opened.items():
            assert still_open(clients, 0, HEAD_S + 5) == 0, name


@pytest.mark.slow
def test_the_dialog_host_has_no_token_and_no_key_in_its_environment(service: Service) -> None:
    environment = service.host.environ()
    assert not [name for name in environment if name.startswith("VOICEBOT_")]
    assert "DESK_SECRET" not in environment and environment["PATH"] == os.environ["PATH"]


@pytest.mark.slow
def test_the_local_service_wants_a_key_that_only_it_is_given(serve: Callable[..., Service]) -> None:
    service = serve()
    speech = service.child("voicebot.localspeech")
    port = int(service.speech_url.rpartition(":")[2])

    def voices(*headers: str) -> int:
        with socket.create_connection((LOOPBACK, port), timeout=10) as client:
            lines = ["GET /cognitiveservices/voices/list HTTP/1.1", f"Host: {LOOPBACK}", *headers, "", ""]
            client.sendall("\r\n".join(lines).encode())
            return int(client.makefile("rb").readline().split()[1])

    key = speech.environ()["LOCALSPEECH_KEY"]
    assert len(key) > 30 and key not in " ".join(speech.cmdline())
    assert (voices(), voices(f"Ocp-Apim-Subscription-Key: {key}x")) == (401, 401)
    assert voices(f"Ocp-Apim-Subscription-Key: {key}") == 200
    for process in (service.process, service.host):
        assert key not in process.environ().values()


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["tcp", pytest.param("tls", marks=pytest.mark.long)])
def test_a_taken_port_of_a_stream_is_named_as_such(transport: str, tmp_path: Path) -> None:
    before = psutil.Process().children()
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        listen = f'["udp:{LOOPBACK}:{free_port()}", "{transport}:{LOOPBACK}:{port}"]'
        why = rf"sip\.listen: {transport.upper()} {LOOPBACK}:{port} cannot be opened: Address already in use"
        with pytest.raises(AssertionError, match=why):
            Service(tmp_path, {"sip__listen": listen, "speech__service": "url", "speech__url": "ws://127.0.0.1:9"})
    left = [child for child in psutil.Process().children() if child not in before]
    assert not [child for child in left if "serve" in child.cmdline()]


def readiness(service: Service, wanted: str, within_s: float = 20.0, *, told: str = "why") -> list[str]:
    """Why the service is not ready, as soon as that says ``wanted`` (empty: nothing is wrong), or as it is at last.
    ``told``: "notes" for what is wrong although it is ready."""
    url = f"http://{LOOPBACK}:{service.ready['console_port']}/readyz"
    end = time.monotonic() + within_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                why: list[str] = json.load(answer)[told]
        except urllib.error.HTTPError as error:
            why = json.load(error)[told]
        if (any(wanted in one for one in why) if wanted else not why) or time.monotonic() > end:
            return why
        time.sleep(0.1)


@pytest.mark.slow
def test_readiness_knows_of_servers_elsewhere_that_are_away(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble]
) -> None:
    """Stopped, they still take connections: only an answer tells. Calls go on without Redis."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server on this machine")
    port, speech = free_port(), speak()
    redis = subprocess.Popen(
        [program, "--port", str(port), "--save", "", "--bind", LOOPBACK], stdout=subprocess.DEVNULL
    )
    try:
        service = serve(bot__state_url=f"redis://{LOOPBACK}:{port}/0", speech__service="url", speech__url=speech.url)
        assert readiness(service, "") == []
        os.kill(redis.pid, signal.SIGSTOP)
        assert readiness(service, "redis", told="notes")[0].startswith(f"state: redis://{LOOPBACK}:{port}/0")
        assert readiness(service, "") == []
        os.kill(redis.pid, signal.SIGCONT)
        assert readiness(service, "", told="notes") == []
        speech.process.suspend()
        assert readiness(service, "speech")[0].startswith("the speech service is away")
        speech.process.resume()
        assert readiness(service, "") == []
    finally:
        redis.kill()
        redis.wait()
