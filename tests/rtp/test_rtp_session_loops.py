"""Sessions on the loops that there are, and on real time."""

from __future__ import annotations

from free_port import free_ports
from waiting import until

from voicebot.audio.codecs import CODECS
from voicebot.rtp import MediaClock, PortRange, RtpSession


class Listener:
    def __init__(self) -> None:
        self.keys = ""
        self.heard = 0

    def frame(self, payload: bytes, at: float) -> None:
        self.heard += 1

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None:
        self.keys += key

    def media_timeout(self, at: float) -> None: ...


async def test_two_sessions_hear_each_other() -> None:
    clock, ports = MediaClock(), PortRange(*free_ports(4), "127.0.0.1", rest_s=0)
    clock.start()
    near, far = Listener(), Listener()
    one, two = [RtpSession.open(clock=clock, ports=ports, codec=CODECS["PCMU"], sink=sink) for sink in (near, far)]
    one.set_remote("127.0.0.1", two.local_port)
    two.set_remote("127.0.0.1", one.local_port)
    two.send_keys("4")
    await until(lambda: near.keys == "4" and min(near.heard, far.heard) >= 5)
    quality = two.quality()
    assert (quality.malformed, quality.foreign_packets, quality.socket_errors) == (0, 0, 0)
    assert quality.packets_received >= 5 and quality.send_deviation_p99_ms is not None
    await one.close()
    await two.close()
    await clock.close()
    assert ports.in_use == len(clock) == 0
