"""baresip as somebody's phone: started with an account, told what to do over its control socket."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from free_port import free_port, free_ports

BARESIP = shutil.which("baresip")
MODULES = Path("/usr/lib/baresip/modules")
NO_BARESIP = "baresip is not installed: apt-get install baresip-core"
LOOPBACK = "127.0.0.1"
DEADLINE_S = 20.0

_CONFIG = """\
poll_method epoll
sip_listen {listen}
sip_cafile {ca}
sip_verify_server {verify}
audio_player {player}
audio_source {source}
audio_alert aubridge,alert
rtp_ports {rtp_ports}
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aubridge.so
module aufile.so
module srtp.so
module sndfile.so
snd_path {folder}
ctrl_tcp_listen {control}
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
"""


def has_baresip() -> bool:
    return BARESIP is not None and MODULES.is_dir()


class BaresipPhone:
    """A running baresip. ``events`` are its own, as they came; audio is recorded below ``folder``."""

    def __init__(
        self, folder: Path, process: asyncio.subprocess.Process, port: int, media_ports: tuple[int, int]
    ) -> None:
        self.folder = folder
        self.port = port
        self.media_ports = media_ports
        """The lowest and the highest."""
        self.events: list[dict[str, Any]] = []
        self._process = process
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter
        self._changed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def connect(self, port: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    self._reader, self._writer = await asyncio.open_connection(LOOPBACK, port)
                    break
                except OSError:
                    assert self._process.returncode is None, (self.folder / "log").read_text()[-2000:]
                    await asyncio.sleep(0.05)
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Netstrings of JSON: responses and events."""
        try:
            while True:
                size = int((await self._reader.readuntil(b":"))[:-1])
                message = json.loads(await self._reader.readexactly(size))
                await self._reader.readexactly(1)
                self.events.append(message)
                self._changed.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    def tell(self, command: str, parameters: str = "") -> None:
        """A command of its menu: ``dial``, ``hangup``, ``hold``, ``resume``, ``sndcode``, ``transfer`` ..."""
        text = json.dumps({"command": command, "params": parameters})
        self._writer.write(f"{len(text)}:{text},".encode())

    async def hears_of(self, kind: str, after: int = 0) -> int:
        """Wait for an event of this type, the ``after``-th or later; its number."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for number, event in enumerate(self.events[after:], after):
                    if event.get("type") == kind:
                        return number
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._writer.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()

    def recording(self, direction: str = "dec") -> Path:
        """What it heard (``dec``) or said (``enc``) in its last call, as WAV; whole once it was closed."""
        return sorted(self.folder.glob(f"dump-*-{direction}.wav"))[-1]


@asynccontextmanager
async def baresip(
    folder: Path,
    account: str,
    *,
    source: str = "aubridge,loop",
    player: str = "aubridge,loop",
    certificate: Path | None = None,
) -> AsyncIterator[BaresipPhone]:
    """A baresip with one ``account`` line. By default it says what it hears; ``source``: ``aufile,/path.wav``."""
    assert BARESIP is not None
    await asyncio.to_thread(folder.mkdir)
    port, control, (low, high) = free_port(), free_port(), free_ports()
    (folder / "config").write_text(
        _CONFIG.format(
            listen=f"{LOOPBACK}:{port}",
            ca=certificate or "",
            verify="yes" if certificate else "no",
            player=player,
            source=source,
            rtp_ports=f"{low}-{high}",
            modules=MODULES,
            folder=folder,
            control=f"{LOOPBACK}:{control}",
        )
    )
    (folder / "accounts").write_text(account + "\n")
    (folder / "contacts").write_text("")
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            BARESIP, "-f", str(folder), "-s", stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    phone = BaresipPhone(folder, process, port, (low, high))
    try:
        await phone.connect(control)
        yield phone
    finally:
        await phone.close()
