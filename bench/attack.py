"""What callers notice while strangers flood the service: 20 calls talk, first in peace, then under each attack.

    python -m bench.attack
    python -m bench.attack --floods invite tls --calls 20 --rate 2000

The calls come by a listed trunk (127.0.0.2), the attacks from 50 other addresses of 127.0.0.0/8, at a set rate, so that
the attacker, which shares the machine, takes the same little of it each time. ``invite``, ``register`` and ``options``
are datagrams. ``tcp``, ``tls``, ``http`` and ``console`` open connections that say nothing, or never finish their
request, and hold as many as they get; so do ``ws``, which opens websockets for SIP, and ``half-open``, which never
finishes to open them. ``tickets`` and ``phones`` come from somebody with a token of the console, who asks for tickets
for calls from the page without end, or opens websockets by them and says nothing. Each row gives the figures beside
those in peace, as a ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from bench.service import Service, serving, speaking
from bench.turns import HEARD, SCRIPT, render
from voicebot.address import Address
from voicebot.caller import CallOptions, LoadReport, parse_script, place_many
from voicebot.log import configure_logging

TRUNK = "127.0.0.2"
TRUNKS = f"""
[[trunks]]
name = "sbc"
addresses = ["{TRUNK}/32"]
"""
SOURCES = [f"127.0.9.{number}" for number in range(1, 51)]
DATAGRAMS = ("invite", "register", "options")
REQUEST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"
WEBSOCKET = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
)
CONNECTIONS = {
    "tcp": ("tcp", b""),
    "tls": ("tls", b""),
    "http": ("http", REQUEST),
    "console": ("console", REQUEST),
    "ws": ("ws", WEBSOCKET),
    "half-open": ("ws", WEBSOCKET[:-2]),
}
"""Of each flood: which port it is for, and what is said there."""
BY_TOKEN = ("tickets", "phones")
SIP_LISTENERS = ("udp", "tcp", "tls", "ws")
TOKEN = "of-the-attacker"
TICKETS_A_SECOND = 500
CONNECTIONS_A_SECOND = 200
HELD = 5000
"""Connections that the attacker wants to hold; it gets fewer where the service or its own descriptors end first."""
BODY = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


Ports = Mapping[str, int]
"""Where the service listens on 127.0.0.1, by kind."""


def port_for(flood: str, ports: Ports) -> int:
    return ports["udp" if flood in DATAGRAMS else "console" if flood in BY_TOKEN else CONNECTIONS[flood][0]]


# --- the attacker, a process of its own ------------------------------------------------------------------------------


def request(method: str, source: str, port: int) -> bytes:
    """A well-formed request of a stranger, its own transaction and dialog each time."""
    body = BODY.format(source) if method == "INVITE" else ""
    lines = [
        f"{method} sip:bot@127.0.0.1:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {source}:5060;branch=z9hG4bK{secrets.token_hex(6)};rport",
        "Max-Forwards: 70",
        f"From: <sip:eve@{source}>;tag={secrets.token_hex(4)}",
        "To: <sip:bot@127.0.0.1>",
        f"Call-ID: {secrets.token_hex(8)}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:eve@{source}:5060>",
        *(["Content-Type: application/sdp"] if body else []),
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


async def send_datagrams(method: str, port: int, rate: int) -> None:
    """``rate`` requests a second, in bursts of a hundredth of a second, until cancelled."""
    sockets = []
    for source in SOURCES:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        one.bind((source, 0))
        sockets.append((source, one))
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    while True:
        while sent < (loop.time() - began) * rate:
            source, one = sockets[sent % len(sockets)]
            with contextlib.suppress(BlockingIOError):
                one.sendto(request(method, source, port), ("127.0.0.1", port))
            sent += 1
        await asyncio.sleep(0.01)


async def open_connections(port: int, opening: bytes) -> None:
    """Open connections, say ``opening`` (an unfinished request, or nothing) and hold them; those that the service ends
    are replaced. Until cancelled."""

    async def hold(source: str) -> None:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            try:
                writer.write(opening)
                while await reader.read(4096):
                    pass
            finally:
                writer.close()

    held: set[asyncio.Task[None]] = set()
    number = 0
    while True:
        if len(held) < HELD:
            task = asyncio.create_task(hold(SOURCES[number % len(SOURCES)]))
            held.add(task)
            task.add_done_callback(held.discard)
            number += 1
        await asyncio.sleep(1 / CONNECTIONS_A_SECOND)


async def ask_for_tickets(port: int, *, phones: bool) -> None:
    """``phones``: and open a websocket by each that is given, and say nothing. Until cancelled."""
    url, silent = f"http://127.0.0.1:{port}/v1/phone/", set[asyncio.Task[None]]()
    headers, connector = {"Authorization": f"Bearer {TOKEN}"}, aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as http:

        async def open_phone(ticket: str) -> None:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.ws_connect(f"{url}sip?ticket={ticket}", protocols=["sip"]) as phone:
                    await phone.receive()

        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.post(f"{url}tickets") as response:
                    issued = await response.json()
                if phones and "Ticket" in issued:
                    silent.add(task := asyncio.create_task(open_phone(issued["Ticket"])))
                    task.add_done_callback(silent.discard)
            await asyncio.sleep(1 / (CONNECTIONS_A_SECOND if phones else TICKETS_A_SECOND))


async def attack(flood: str, port: int, rate: int) -> None:
    """The other process: floods until it is ended."""
    print("flooding", flush=True)
    if flood in BY_TOKEN:
        await ask_for_tickets(port, phones=flood == "phones")
    if flood in DATAGRAMS:
        await send_datagrams(flood.upper(), port, rate)
    await open_connections(port, CONNECTIONS[flood][1])


@asynccontextmanager
async def flooding(flood: str, ports: Ports, rate: int) -> AsyncIterator[None]:
    """The service is under attack."""
    if not flood:
        yield
        return
    argv = [sys.executable, "-m", "bench.attack", "--attacker", flood, "--port", str(port_for(flood, ports))]
    argv += ["--rate", str(rate)]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    await asyncio.sleep(5)  # rates and limits are reached: what follows is the flood's steady state
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


# --- the calls -------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def attacked_service() -> AsyncIterator[tuple[Service, Ports]]:
    """The service with one trunk and every kind of listener, and a scripted speech service."""
    async with AsyncExitStack() as stack:
        script = {"texts": HEARD, "hypothesis_after_ms": 200, "segmentation_ms": 100, "ms_per_word": 300}
        url = await stack.enter_async_context(speaking(script))
        ports = {name: free_port() for name in (*SIP_LISTENERS, "http", "console")}
        listen = [f"{name}:127.0.0.1:{ports[name]}" for name in SIP_LISTENERS]
        settings = {
            "VOICEBOT_SIP__LISTEN": json.dumps(listen),
            "VOICEBOT_BOT__HTTP_PORT": str(ports["http"]),
            "VOICEBOT_CONSOLE__PORT": str(ports["console"]),
            "VOICEBOT_CONSOLE__TOKEN": TOKEN,
            "VOICEBOT_SPEECH__SERVICE": "url",
            "VOICEBOT_SPEECH__URL": url,
            "VOICEBOT_SPEECH__PROMPT_CACHE_DIR": "",
            "VOICEBOT_LOG__LEVEL": "ERROR",
        }
        service = await stack.enter_async_context(serving(settings, TRUNKS))
        await asyncio.sleep(3)  # prompts are being warmed
        yield service, ports


async def measure(service: Service, ports: Ports, folder: Path, calls: int) -> tuple[LoadReport, float]:
    """The calls, and the per cent of a core that the call process took a second of them."""
    before = service.usage()
    report = await place_many(
        Address.parse(f"sip:bot@127.0.0.1:{ports['udp']}"),
        parse_script(SCRIPT, folder=folder),
        calls=calls,
        concurrency=calls,
        ramp_s=5.0,
        options=CallOptions(transcribe=False, host=TRUNK),
    )
    cpu_s = service.usage().since(before)["calls"]
    return report, 100 * cpu_s / report.duration_s


async def run(floods: list[str], calls: int, rate: int) -> list[dict[str, Any]]:
    """Peace, each flood, and peace again, each on a service of its own."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as name:
        folder = Path(name)
        await render(folder)
        for flood in ["", *floods, ""]:
            async with attacked_service() as (service, ports), flooding(flood, ports, rate):
                report, cpu = await measure(service, ports, folder, calls)
            result = report.as_dict()
            figures = result["figures"]
            rows.append(
                {
                    "flood": flood or "peace",
                    "gap_p50_ms": figures["gap_ms"]["p50"],
                    "gap_p95_ms": figures["gap_ms"]["p95"],
                    "rtp_p99_ms": figures["deviation_ms"]["p99"],
                    "cpu_percent": round(cpu, 1),
                    "completed": result["outcomes"].get("completed", 0),
                    "calls": result["calls"],
                    "reasons": result["reasons"],
                }
            )
            print(line(rows[-1], rows[0]), flush=True)
    return rows


def line(row: dict[str, Any], peace: dict[str, Any]) -> str:
    def beside(name: str) -> str:
        if row[name] is None or not peace[name]:
            return "-"
        return f"{row[name]:.1f} (x {row[name] / peace[name]:.2f})"

    return (
        f"{row['flood']:9} {row['completed']}/{row['calls']} calls | gap p50 {beside('gap_p50_ms')} ms,"
        f" p95 {beside('gap_p95_ms')} ms | RTP p99 {beside('rtp_p99_ms')} ms"
        f" | call process {row['cpu_percent']:.1f} % of a core {row['reasons'] or ''}"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.attack", description=__doc__.partition("\n")[0])
    floods = [*DATAGRAMS, *CONNECTIONS, *BY_TOKEN]
    parser.add_argument("--floods", nargs="+", choices=floods, default=floods)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--rate", type=int, default=2000, help="datagrams a second")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--attacker", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.attacker:
        uvloop.run(attack(options.attacker, options.port, options.rate))
        return 0
    configure_logging("WARNING")
    rows = uvloop.run(run(options.floods, options.calls, options.rate))
    if options.json:
        print(json.dumps(rows))
    return 0 if all(row["completed"] == row["calls"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
