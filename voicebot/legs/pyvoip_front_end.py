"""Registers as an extension at a PBX through pyVoIP, and turns incoming calls into legs.

For those who want pyVoIP; `sip_front_end` registers at a PBX as well, and can do more. docs/pyvoip.md has the
limitations. Importing this module needs the extra ``pyvoip``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from voicebot.audio.codecs import CODECS
from voicebot.legs.pyvoip import PyVoipLeg
from voicebot.legs.pyvoip_invite import audio_of
from voicebot.legs.pyvoip_phone import PyVoipAccount, PyVoipPhone, tame
from voicebot.legs.sip_info import request_info
from voicebot.rtp import MediaClock, PortRange, PortsExhausted
from voicebot.rtp.session import SILENCE_TIMEOUT_S
from voicebot.sip import SipRequest
from voicebot.sip.message import response_to

logger = logging.getLogger(__name__)

ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS"
TRUNK: Final = "pyvoip"
START_S: Final = 20.0
STOP_S: Final = 8.0
_REMEMBERED: Final = 256


class RegistrationRefused(Exception):
    """Registering at the PBX failed. The text says at which address, and why."""


class PyVoipFrontEnd:
    """Registers ``account``, and passes each call as a leg to ``on_leg`` (on the event loop).

    ``limit``: the most calls at once; further ones get 486. ``clock`` and ``ports`` are not closed here.
    """

    def __init__(
        self,
        account: PyVoipAccount,
        on_leg: Callable[[PyVoipLeg], object],
        *,
        clock: MediaClock,
        ports: PortRange,
        limit: int = 50,
        silence_timeout_s: float = SILENCE_TIMEOUT_S,
    ) -> None:
        self._on_leg = on_leg
        self._clock = clock
        self._ports = ports
        self._where = f"{account.server}:{account.port}"
        self._limit = limit
        self._silence_timeout_s = silence_timeout_s
        self._loop = asyncio.get_running_loop()
        self._draining = False
        self._legs: dict[str, PyVoipLeg] = {}
        self._over: deque[str] = deque(maxlen=_REMEMBERED)
        self._dialogs: dict[PyVoipLeg, tuple[str, str]] = {}
        """Their Call-IDs and the callers' tags: another tag is another caller's, who has chosen the same Call-ID."""
        self._pairs: dict[PyVoipLeg, Any] = {}
        self._refusal: str | None = None
        self._told = asyncio.Event()
        tame()
        self._phone = PyVoipPhone(account, account.sip_port or _free_port(account.host), self)

    @property
    def registered(self) -> bool:
        return self._refusal == ""

    @property
    def active(self) -> int:
        """The number of calls that have not ended, and of those whose BYE is still unanswered."""
        return len(self._legs)

    async def start(self) -> None:
        """Register. Raises :class:`RegistrationRefused`, and then leaves nothing running."""
        try:
            async with asyncio.timeout(START_S):
                await asyncio.to_thread(self._phone.connect)
                await self._told.wait()
        except (TimeoutError, OSError) as error:
            self._refusal = f"cannot be reached: {str(error) or 'no answer'}"
        if self._refusal:
            await self.close()
            raise RegistrationRefused(f"{self._where} {self._refusal}")
        logger.info("registered at %s through pyVoIP", self._where)

    async def close(self) -> None:
        """End all calls, unregister, and end the threads."""
        self._draining = True
        for leg in list(self._legs.values()):
            leg.end("bot")
        if self._phone.sip.NSD:
            with contextlib.suppress(TimeoutError, OSError):
                await asyncio.wait_for(asyncio.to_thread(self._phone.disconnect), STOP_S)
        for leg in list(self._legs.values()):
            leg.goodbye_received()

    def drain(self) -> None:
        """Refuse every new call with 486 from now on; calls in progress continue."""
        self._draining = True

    # --- on pyVoIP's threads

    def request(self, request: SipRequest) -> None:
        self._hand_over(self._requested, request)

    def response(self, call_id: str, method: str, status: int) -> None:
        self._hand_over(self._responded, call_id, method, status)

    def registration(self, refusal: str) -> None:
        self._hand_over(self._registered, refusal)

    def _hand_over(self, callback: Callable[..., None], *facts: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(callback, *facts)

    # --- on the loop

    def _registered(self, refusal: str) -> None:
        if self._told.is_set() and refusal != self._refusal and not self._draining:
            if refusal:
                logger.error("%s %s: no calls can come from there until registering succeeds", self._where, refusal)
            else:
                logger.info("registered at %s again", self._where)
        self._refusal = refusal
        self._told.set()

    def _responded(self, call_id: str, method: str, status: int) -> None:
        leg = self._legs.get(call_id)
        if leg is not None and method == "BYE" and status >= 200:
            leg.goodbye_received()

    def _requested(self, request: SipRequest) -> None:
        leg, method = self._legs.get(request.call_id), request.method
        if leg is not None and self._dialogs[leg] != (request.call_id, request.sender.tag):
            # pyVoIP distinguishes calls only by Call-ID, so a second one with the same Call-ID must be refused.
            if method != "ACK":
                self._answer(request, 486 if method == "INVITE" else 481)
            return
        if method == "INVITE":
            if leg is not None:
                leg.invited_again(request)
            elif request.call_id not in self._over:
                self._invited(request)
        elif method == "ACK":
            if leg is not None:
                leg.acknowledged()
        elif method == "BYE":
            self._answer(request, 200 if leg is not None else 481)
            if leg is not None:
                leg.hung_up()
        elif method == "CANCEL":
            self._answer(request, 200 if leg is not None else 481)
            if leg is not None:
                leg.cancelled()
        else:
            self._answer(request, 200 if method == "OPTIONS" else 501)

    def _answer(self, request: SipRequest, status: int, **headers: str) -> None:
        response = response_to(request, status, to_tag=self._phone.sip.tagLibrary["register"])
        for name, value in headers.items():
            response.headers.set(name, value)
        response.headers.set("Allow", ALLOW)
        response.headers.set("Content-Length", "0")
        self._phone.sip.send(bytes(response).decode("utf-8", "surrogateescape"))

    def _invited(self, request: SipRequest) -> None:
        if required := request.tokens("Require"):
            self._answer(request, 420, Unsupported=", ".join(required))
            return
        if self._draining or len(self._legs) >= self._limit:
            self._answer(request, 486)
            return
        audio = audio_of(request)
        if audio is None:
            self._answer(request, 488)
            return
        try:
            pair = self._ports.acquire()
        except PortsExhausted:
            self._answer(request, 486)
            return
        client = self._phone.sip
        info = request_info(request, CODECS["PCMU"], remote_address=client.address, trunk=TRUNK)
        info = replace(info, front_end="pyvoip")
        leg = PyVoipLeg(client, request, info, self._clock, self._silence_timeout_s, self._released)
        self._pairs[leg], self._dialogs[leg] = pair, (request.call_id, request.sender.tag)
        self._legs[request.call_id] = leg
        client.note_routes(request)
        try:
            call = self._phone.call_for(
                request, audio, lambda formats, to: leg.audio.make_stream(formats, to, pair.rtp)
            )
            client.send(client.gen_ringing(call.request))
            leg.begin(call, audio)
            self._on_leg(leg)
        except Exception:
            logger.exception("call %s: pyVoIP cannot handle its INVITE", info.call_id)
            self._answer(request, 500)
            self._released(leg)

    def _released(self, leg: PyVoipLeg) -> None:
        pair = self._pairs.pop(leg, None)
        if pair is None:
            return
        pair.rtp.close()
        pair.rtcp.close()
        self._ports.release(pair.port)
        call_id, _ = self._dialogs.pop(leg)
        self._legs.pop(call_id, None)
        self._over.append(call_id)
        self._phone.sip.forget(call_id)


def _free_port(host: str) -> int:
    """A port that is free at the moment: pyVoIP must know its port before it binds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
