"""linphonec as somebody's phone, in a network namespace of its own: it listens on every address that it finds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

LINPHONE = shutil.which("linphonec")
IP = shutil.which("ip")
NO_LINPHONE = "linphonec is not installed: apt-get install linphone-cli iproute2"
HERE, THERE = "198.18.77.1", "198.18.77.2"
"""Our end of the cable and linphone's: addresses for tests of networks (RFC 2544)."""
PORT = 5070
DEADLINE_S = 30.0

_SETTINGS = """\
[sip]
sip_port={port}
sip_tcp_port={port}
sip_tls_port={tls_port}
use_ipv6=0
contact=sip:linphone@{there}
verify_server_certs=1
verify_server_cn=0
root_ca={ca}
media_encryption={encryption}
[net]
firewall_policy=0
"""


class NotPermitted(Exception):
    """This process may not make a network namespace; the text says what the kernel said."""


@contextmanager
def namespace() -> Iterator[str]:
    """A network namespace with a cable to ours; its name. Raises :class:`NotPermitted`."""
    name, ours, theirs = f"voicebot-{os.getpid()}", f"vb{os.getpid()}a", f"vb{os.getpid()}b"

    def ip(*arguments: str) -> None:
        assert IP is not None
        done = subprocess.run([IP, *arguments], capture_output=True, text=True, timeout=10, check=False)
        if done.returncode:
            raise NotPermitted(f"ip {' '.join(arguments)}: {done.stderr.strip()}")

    try:
        ip("netns", "add", name)
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
        ip("addr", "add", f"{HERE}/30", "dev", ours)
        ip("link", "set", ours, "up")
        ip("-n", name, "addr", "add", f"{THERE}/30", "dev", theirs)
        ip("-n", name, "link", "set", theirs, "up")
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "route", "add", "default", "via", HERE)
        ip("netns", "exec", name, "true")
        yield name
    finally:
        with contextlib.suppress(NotPermitted):
            ip("netns", "del", name)


class LinphonePhone:
    """A running linphonec; ``said`` is all that it printed."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.said = ""
        self.recording = folder / "heard.wav"
        self._process = process
        self._changed = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        while text := await self._process.stdout.read(4096):
            self.said += text.decode("utf-8", "replace")
            self._changed.set()

    def tell(self, command: str) -> None:
        """One line of its command language: ``call``, ``pause``, ``resume``, ``terminate``, a key ..."""
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")

    async def says(self, text: str, after: int = 0) -> int:
        """Wait until it has printed ``text``, beyond ``after`` characters; where that ends."""
        async with asyncio.timeout(DEADLINE_S):
            while (found := self.said.find(text, after)) < 0:
                assert self._process.returncode is None, self.said[-3000:]
                self._changed.clear()
                await self._changed.wait()
        return found + len(text)

    async def close(self) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ConnectionError):
                self.tell("quit")
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()
        await self._process.wait()
        await self._listening


@asynccontextmanager
async def linphone(
    name: str, folder: Path, audio: Path, *, ca: Path | None = None, answers: bool = False, encryption: str = "none"
) -> AsyncIterator[LinphonePhone]:
    """A linphonec in the namespace ``name`` that plays ``audio`` to others and records them."""
    assert LINPHONE is not None and IP is not None
    await asyncio.to_thread((folder / ".local" / "share" / "linphone").mkdir, parents=True)
    settings = folder / "linphonerc"
    settings.write_text(_SETTINGS.format(port=PORT, tls_port=PORT + 1, there=THERE, ca=ca or "", encryption=encryption))
    process = await asyncio.create_subprocess_exec(
        *(IP, "netns", "exec", name, LINPHONE, "-c", str(settings), *(["-a"] if answers else [])),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C"},
    )
    phone = LinphonePhone(process, folder)
    try:
        phone.tell("soundcard use files")
        await phone.says("Using wav files")
        phone.tell(f"play {audio}")
        phone.tell(f"record {phone.recording}")
        yield phone
    finally:
        await phone.close()
