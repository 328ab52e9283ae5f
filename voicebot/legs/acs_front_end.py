"""Azure Communication Services as a front end: incoming calls become legs, and legs of ours are placed.

The service delivers an incoming call at least once, and rings for 30 s. Each is taken once; one for a number that is
not ours is left alone, as another application may answer it. At the limit, or while the service is being stopped, it is
rejected as busy.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Final, Protocol
from urllib.parse import urlsplit

from voicebot.address import Address, Domain
from voicebot.audio import LINEAR_16K
from voicebot.bearer_tokens import BearerTokens
from voicebot.legs import Claim, Leg, LegInfo, NoRoom
from voicebot.legs.acs import AcsLeg, Surroundings
from voicebot.legs.acs_events import IncomingCall
from voicebot.legs.acs_incoming import IncomingAcsLeg
from voicebot.legs.acs_listener import AcsListener
from voicebot.legs.acs_options import ACS, AcsOptions
from voicebot.legs.acs_outgoing import OutgoingAcsLeg
from voicebot.legs.acs_platform import CallbackUrls, Platform, PlatformRefused
from voicebot.listening import Bounds
from voicebot.listening.http_origin import own_names
from voicebot.number_table import NumberTable
from voicebot.rtp import MediaClock
from voicebot.signing_keys import KeysUnavailable
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

REJECTIONS = ("draining", "limit", "busy", "number", "error", "elsewhere", "fleet")
"""Why a call is rejected or left alone here."""

MAX_KNOWN: Final = 4096
"""Incoming calls that are remembered, so that another delivery is known as such."""
LINGER_S: Final = 60.0
"""For how long the events of a call that has ended are still taken."""


class Share(Protocol):
    """What several call processes share."""

    async def first(self, call: str) -> bool:
        """Whether ``call`` is this process's to take: it may have been delivered to others, too."""

    async def claim(self, trunk: str) -> Claim | None:
        """A place for one more call; None if there is none."""


class AcsFrontEnd:
    """Passes each incoming call as a leg to ``on_leg`` (on the event loop). ``admits``: whether there may
    be another one. ``share``: None if this process is alone. ``clock`` is not closed here, ``platform`` is."""

    def __init__(
        self,
        options: AcsOptions,
        platform: Platform,
        on_leg: Callable[[Leg], object],
        *,
        clock: MediaClock,
        admits: Callable[[], bool] = lambda: True,
        share: Share | None = None,
    ) -> None:
        self.rejected: Counter[str] = Counter()
        """Calls that were rejected or left alone here, by reason (:data:`REJECTIONS`)."""
        self._options = options
        self._platform = platform
        self._on_leg = on_leg
        self._admits = admits
        self._share = share
        self._claims: dict[str, Claim] = {}
        """Those that calls have, by the ids of their legs."""
        self._draining = False
        self._numbers = NumberTable(dict.fromkeys(options.numbers, ACS))
        self._tasks = BackgroundTasks(logger)
        self._legs: dict[str, AcsLeg] = {}
        """By their ids; those that ended a while ago are taken out."""
        self._over: deque[tuple[float, str]] = deque()
        """When legs ended, and their ids."""
        self._known: OrderedDict[str, None] = OrderedDict()
        self._tokens = BearerTokens(options.metadata_url, [options.issuer], options.resource_id)
        self._around = Surroundings(
            platform,
            clock,
            options.lead_ms,
            self._tasks,
            self._urls,
            self._ended,
            by_platform=options.mode == "platform",
            records=options.records,
        )
        self._listener = AcsListener(
            self,
            self._tokens,
            options.events_key,
            own_names(options.host, urlsplit(options.public_url).hostname or ""),
            Bounds(options.connections, options.connections),  # all may come from one source, which is a proxy
        )

    @property
    def domain(self) -> Domain:
        """The resource, as the domain of the numbers that are called through it."""
        return Domain.parse(urlsplit(self._options.endpoint).netloc)

    @property
    def number(self) -> str:
        """In whose name we call; empty: we cannot."""
        return self._options.number

    @property
    def active(self) -> int:
        """The number of calls that have not ended."""
        return sum(not leg.over for leg in self._legs.values())

    @property
    def port(self) -> int:
        """Where it listens; 0 while it does not."""
        return self._listener.port

    @property
    def refused(self) -> Counter[str]:
        """Requests that were refused or could not be read (:attr:`AcsListener.refused`)."""
        return self._listener.refused

    async def start(self) -> None:
        """Take calls from now on. Raises OSError.

        The keys are fetched before: the first event of a call and its media come at once, and must not wait for them.
        """
        try:
            await self._tokens.prepare()
        except KeysUnavailable as error:
            logger.error("acs: no call can be taken before the keys of its tokens can be fetched: %s", error)
        await self._listener.listen(self._options.host, self._options.port)

    def drain(self) -> None:
        """Reject every new call as busy from now on; calls in progress continue."""
        self._draining = True

    async def close(self) -> None:
        """End all calls, and stop listening."""
        self._draining = True
        await asyncio.gather(*(leg.hang_up() for leg in self._legs.values()))
        await self._tasks.join()
        await self._listener.close()
        await self._tasks.close()
        await self._tokens.close()
        await self._platform.close()

    async def place(
        self,
        to: Address,
        *,
        sender: Address | None = None,
        headers: Mapping[str, str] | None = None,
        ring_timeout_s: float = 60.0,
        within_call: bool = False,
    ) -> OutgoingAcsLeg:
        """Call the number ``to``. The leg is not answered yet. ``within_call``: as for
        :meth:`voicebot.legs.sip_front_end.SipFrontEnd.place`.

        Raises :class:`NoRoom` while draining or at the limit; ValueError if ``to`` or ``sender`` cannot be.
        """
        number, ours = to.number, sender.number if sender is not None else self._options.number
        if not number.startswith("+"):
            raise ValueError(f"{to}: only numbers that begin with + and a country code can be called")
        if not ours:
            raise ValueError("in whose name? Set acs.number to a number of the resource")
        if headers and not within_call:
            raise ValueError("a call by Azure Communication Services cannot bring headers")
        if headers:  # what is only to be told to the target must not fail the transfer
            logger.warning("acs: headers cannot be sent with a call: %s", ", ".join(headers))
        if refusal := self._refusal(draining=self._draining and not within_call):
            raise NoRoom({"draining": "the service is being stopped"}.get(refusal, "there are too many calls"))
        claim = await self._share.claim(ACS) if self._share is not None else None
        if self._share is not None and claim is None:
            raise NoRoom("all nodes together have as many calls as they may have")
        info = LegInfo(
            call_id=secrets.token_hex(16),
            caller=ours,
            callee=number,
            audio=LINEAR_16K,
            callee_uri=f"tel:{number}",
            domain=self.domain,
            trunk=ACS,
            direction="outbound",
            front_end=ACS,
        )
        leg = OutgoingAcsLeg(self._around, info, ring_timeout_s)
        self._keep(leg)
        if claim is not None:
            self._claims[leg.id] = claim
        return leg

    # --- the listener's desk

    def incoming(self, call: IncomingCall) -> None:
        """Somebody calls, or the same call is delivered again."""
        if call.event in self._known or call.correlation in self._known:
            return
        for known in (call.event, call.correlation):
            self._known[known] = None
        while len(self._known) > 2 * MAX_KNOWN:
            self._known.popitem(last=False)
        if self._options.numbers and not self._numbers.find(call.callee.name):
            self.rejected["number"] += 1
            logger.info("acs: a call for %s is left alone: it is not in acs.numbers", call.callee.name)
            return
        if self._share is None:
            self._take(call, None)
        else:
            self._tasks.spawn(self._settle(call, self._share), "settling whose a call is")

    async def _settle(self, call: IncomingCall, share: Share) -> None:
        """Take a call, unless another process has it, or all have no place for it."""
        if not await share.first(call.correlation):
            self.rejected["elsewhere"] += 1
            logger.info("acs: a call was delivered to another node, too, which has it")
            return
        claim = await share.claim(ACS)
        if claim is None:
            self._refuse(call, "fleet")
        else:
            self._take(call, claim)

    def _take(self, call: IncomingCall, claim: Claim | None) -> None:
        if refusal := self._refusal(draining=self._draining):
            self._refuse(call, refusal)
            if claim is not None:
                claim.release()
            return
        leg = IncomingAcsLeg(self._around, self._info(call), call)
        self._keep(leg)
        if claim is not None:
            self._claims[leg.id] = claim
        try:
            self._on_leg(leg)
        except Exception:  # a delivery that fails would be repeated in minutes, and the caller hears it ring
            logger.exception("acs: a call cannot be taken")
            self.rejected["error"] += 1
            leg.reject(503, "")

    def _refuse(self, call: IncomingCall, why: str) -> None:
        self.rejected[why] += 1
        self._tasks.spawn(self._reject(call), "rejecting a call")

    def find(self, call: str, secret: str) -> AcsLeg | None:
        """The call with this id, if the secret is its own."""
        leg = self._legs.get(call)
        known = leg is not None and compare_digest(leg.secret.encode(), secret.encode("utf-8", "replace"))
        return leg if known else None

    def _info(self, call: IncomingCall) -> LegInfo:
        return LegInfo(
            call_id=call.correlation,
            caller=call.caller.name,
            callee=call.callee.name,
            audio=LINEAR_16K,
            caller_uri=f"tel:{call.caller.number}" if call.caller.number else "",
            callee_uri=f"tel:{call.callee.number}" if call.callee.number else "",
            domain=self.domain,
            display_name=call.display_name,
            trunk=ACS,
            front_end=ACS,
            headers=call.headers,
        )

    def _refusal(self, *, draining: bool) -> str:
        """Why there may not be another call; empty if there may."""
        if draining:
            return "draining"
        if self.active >= self._options.limit:
            return "limit"
        return "" if self._admits() else "busy"

    async def _reject(self, call: IncomingCall) -> None:
        try:
            await self._platform.reject(call.context, "busy")
        except PlatformRefused as refused:
            logger.warning("acs: a call cannot be rejected: %s", refused)

    def _urls(self, call: str, secret: str) -> CallbackUrls:
        at = f"{self._options.public_url.rstrip('/')}/acs/calls/{call}/{secret}"
        return CallbackUrls(at, f"{at.replace('http', 'ws', 1)}/media" if self._options.mode == "stream" else "")

    def _keep(self, leg: AcsLeg) -> None:
        """Know it from now on, and forget those whose events are not to be expected any more."""
        self._legs[leg.id] = leg
        now = self._around.clock.now()
        while self._over and now - self._over[0][0] >= LINGER_S:
            del self._legs[self._over.popleft()[1]]

    def _ended(self, call: str) -> None:
        if (claim := self._claims.pop(call, None)) is not None:
            claim.release()
        self._over.append((self._around.clock.now(), call))
