"""Transactions: the four state machines of RFC 3261 section 17, with the Accepted state of RFC 6026.

Each machine is a table from (state, input) to (actions, next state), and a second table that says which timers run in
which state. An input is a message (from the network, or our response from the transaction user) or a timer:

* entering a state stops the timers that it does not list, starts those that it does, and leaves running ones alone
  (timer F runs through Trying and Proceeding);
* ``SEND`` sends the message and remembers it, ``RESEND`` sends the remembered one again, ``PASS`` hands the message to
  the transaction user, ``ACK`` acknowledges a failure response (17.1.1.3), ``REARM`` restarts the timer that fired,
  ``FAIL`` tells the transaction user that nobody answered;
* an input without an entry is ignored, as the RFC requires for stray retransmissions.

Over a reliable transport the retransmission timers do not run, and the waiting states take no time (17.1.1.2, 17.2.1).
The transaction user retransmits 2xx responses and waits for their ACK (13.3.1.4): see `acceptance.py`. There are no
sockets and no clock here: ``now`` is in seconds on any monotonic clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest, SipResponse


class TransactionState(Enum):
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()


CALLING, TRYING, PROCEEDING, ACCEPTED, COMPLETED, CONFIRMED, TERMINATED = TransactionState


class Input(Enum):
    REQUEST = auto()
    ACK = auto()
    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    ERROR = auto()
    """The transport could not deliver the request."""


class _Action(Enum):
    SEND = auto()
    RESEND = auto()
    PASS = auto()
    ACK = auto()
    REARM = auto()
    FAIL = auto()


SEND, RESEND, PASS, ACK, REARM, FAIL = _Action

_Step = tuple[tuple[_Action, ...], TransactionState]
_Table = Mapping[tuple[TransactionState, Input | str], _Step]


@dataclass(frozen=True, slots=True)
class SipTimers:
    """RFC 3261 section 17.1.1.1, in seconds."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0

    @property
    def give_up(self) -> float:
        """64*T1: timers B, F, H, J, L and M."""
        return 64 * self.t1

    @property
    def next_hop(self) -> float:
        """8*T1: how long to wait for a hop if there is another one to try; the request has then been sent four
        times."""
        return 8 * self.t1


@dataclass(frozen=True, slots=True)
class ToWire:
    """Send ``data``. ``again``: it is a retransmission."""

    data: bytes
    again: bool = False


@dataclass(frozen=True, slots=True)
class ToUser:
    """Hand a response to the transaction user; None: nobody answered."""

    response: SipResponse | None


Effect = ToWire | ToUser

_RETRANSMIT = "AEG"
_FINAL_WAIT = "DIJK"


class Transaction:
    """One state machine, for ``request`` and its responses. ``destination``: where its messages are sent.

    ``give_up``: seconds of timers B and F, by default 64*T1. ``deadline``: when to call :meth:`timeout`, None: never.
    """

    table: ClassVar[_Table]
    timers: ClassVar[Mapping[TransactionState, str]]
    first: ClassVar[TransactionState]

    def __init__(
        self, request: SipRequest, destination: Hop, timers: SipTimers, *, give_up: float | None = None
    ) -> None:
        self.destination = destination
        self.state = self.first
        self._request: SipRequest | None = request
        self._last = b""
        self.armed: float | None = None
        """For the timer queue: the deadline that it has noted."""
        self._times = timers
        self._reliable = destination.reliable
        self._give_up = timers.give_up if give_up is None else give_up
        self._running: dict[str, float] = {}
        self._intervals: dict[str, float] = {}

    @property
    def request(self) -> SipRequest:
        """The transaction's request. A server transaction no longer has it after its final response."""
        assert self._request is not None
        return self._request

    @property
    def deadline(self) -> float | None:
        return min(self._running.values()) if self._running else None

    @property
    def terminated(self) -> bool:
        return self.state is TERMINATED

    def timeout(self, now: float) -> list[Effect]:
        """Run the timers that are due."""
        effects: list[Effect] = []
        for name, when in sorted(self._running.items(), key=lambda item: item[1]):
            if when <= now and name in self._running:
                del self._running[name]
                effects += self._step(name, None, now)
        return effects

    def _enter(self, state: TransactionState, now: float) -> None:
        self.state = state
        wanted = self.timers.get(state, "")
        for name in list(self._running):
            if name not in wanted:
                del self._running[name]
        for name in wanted:
            if name not in self._running and not (self._reliable and name in _RETRANSMIT):
                self._intervals[name] = self._first_interval(name)
                self._running[name] = now + self._intervals[name]

    def _first_interval(self, name: str) -> float:
        if name in _FINAL_WAIT and self._reliable:
            return 0.0
        if name in _RETRANSMIT:
            return self._times.t1
        if name in "BF":
            return self._give_up
        return self._times.t4 if name in "IK" else self._times.give_up

    def _rearm(self, name: str, now: float) -> None:
        doubled = 2 * self._intervals[name]
        if name != "A":
            doubled = self._times.t2 if self.state is PROCEEDING else min(doubled, self._times.t2)
        self._intervals[name] = doubled
        self._running[name] = now + doubled

    def _step(self, given: Input | str, message: SipRequest | SipResponse | None, now: float) -> list[Effect]:
        step = self.table.get((self.state, given))
        if step is None:
            return []
        actions, state = step
        effects: list[Effect] = []
        for action in actions:
            if action is SEND and message is not None:
                self._last = bytes(message)
                effects.append(ToWire(self._last))
            elif action is RESEND and self._last:
                effects.append(ToWire(self._last, again=True))
            elif action is PASS and isinstance(message, SipResponse):
                effects.append(ToUser(message))
            elif action is ACK and isinstance(message, SipResponse):
                effects.append(ToWire(bytes(self._ack(message))))
            elif action is REARM and isinstance(given, str):
                self._rearm(given, now)
            elif action is FAIL:
                effects.append(ToUser(None))
        if state is not self.state:
            self._enter(state, now)
        return effects

    def _ack(self, response: SipResponse) -> SipRequest:
        """RFC 3261 17.1.1.3: the Request-URI, the top Via and the Route of the INVITE, the To of the response."""
        ack = SipRequest("ACK", self.request.uri)
        ack.headers.set("Via", self.request.headers.getlist("Via")[0])
        if routes := self.request.headers.getlist("Route"):
            ack.headers.setlist("Route", list(routes))
        ack.headers.set("Max-Forwards", "70")
        ack.headers.set("From", self.request.headers["From"])
        ack.headers.set("To", response.headers["To"])
        ack.headers.set("Call-ID", self.request.call_id)
        ack.headers.set("CSeq", f"{self.request.cseq[0]} ACK")
        return ack


def _class_of(status: int) -> Input:
    if status < 200:
        return Input.PROVISIONAL
    return Input.SUCCESS if status < 300 else Input.FAILURE


class ServerTransaction(Transaction):
    """``receive`` takes requests from the network, ``respond`` our own responses.

    After the final response only its bytes are kept, because thousands of transactions wait for 32 s after it.
    """

    def receive(self, request: SipRequest, now: float) -> list[Effect]:
        return self._step(Input.ACK if request.method == "ACK" else Input.REQUEST, request, now)

    def respond(self, response: SipResponse, now: float) -> list[Effect]:
        effects = self._step(_class_of(response.status), response, now)
        if self.state in (ACCEPTED, COMPLETED, TERMINATED):
            self._request = None
        return effects


class ClientTransaction(Transaction):
    """``start`` sends the request, ``receive`` takes the responses to it."""

    def start(self, now: float) -> list[Effect]:
        self._last = bytes(self.request)
        self._enter(self.first, now)
        return [ToWire(self._last)]

    def receive(self, response: SipResponse, now: float) -> list[Effect]:
        return self._step(_class_of(response.status), response, now)

    def fail(self, now: float) -> list[Effect]:
        """The transport reports that the request cannot be delivered (8.1.3.1, 17.1.4)."""
        return self._step(Input.ERROR, None, now)

    def abandon(self) -> None:
        """Stop retransmitting: nobody waits for the response any more."""
        self._running.clear()


class InviteServer(ServerTransaction):
    """17.2.1, Figure 7 of RFC 6026. A repeated INVITE gets the last response again, also in Accepted."""

    first = PROCEEDING
    timers: ClassVar = {ACCEPTED: "L", COMPLETED: "GH", CONFIRMED: "I"}
    table: ClassVar = {
        (PROCEEDING, Input.REQUEST): ((RESEND,), PROCEEDING),
        (PROCEEDING, Input.PROVISIONAL): ((SEND,), PROCEEDING),
        (PROCEEDING, Input.SUCCESS): ((SEND,), ACCEPTED),
        (PROCEEDING, Input.FAILURE): ((SEND,), COMPLETED),
        (ACCEPTED, Input.REQUEST): ((RESEND,), ACCEPTED),
        (ACCEPTED, Input.SUCCESS): ((SEND,), ACCEPTED),
        (ACCEPTED, "L"): ((), TERMINATED),
        (COMPLETED, Input.REQUEST): ((RESEND,), COMPLETED),
        (COMPLETED, Input.ACK): ((), CONFIRMED),
        (COMPLETED, "G"): ((RESEND, REARM), COMPLETED),
        (COMPLETED, "H"): ((), TERMINATED),
        (CONFIRMED, "I"): ((), TERMINATED),
    }


class NonInviteServer(ServerTransaction):
    """17.2.2."""

    first = TRYING
    timers: ClassVar = {COMPLETED: "J"}
    table: ClassVar = {
        (TRYING, Input.PROVISIONAL): ((SEND,), PROCEEDING),
        (TRYING, Input.SUCCESS): ((SEND,), COMPLETED),
        (TRYING, Input.FAILURE): ((SEND,), COMPLETED),
        (PROCEEDING, Input.REQUEST): ((RESEND,), PROCEEDING),
        (PROCEEDING, Input.PROVISIONAL): ((SEND,), PROCEEDING),
        (PROCEEDING, Input.SUCCESS): ((SEND,), COMPLETED),
        (PROCEEDING, Input.FAILURE): ((SEND,), COMPLETED),
        (COMPLETED, Input.REQUEST): ((RESEND,), COMPLETED),
        (COMPLETED, "J"): ((), TERMINATED),
    }


class InviteClient(ClientTransaction):
    """17.1.1, Figure 5 of RFC 6026. Every 2xx is passed up: each wants an ACK, and forks bring several."""

    first = CALLING
    timers: ClassVar = {CALLING: "AB", ACCEPTED: "M", COMPLETED: "D"}
    table: ClassVar = {
        (CALLING, "A"): ((RESEND, REARM), CALLING),
        (CALLING, "B"): ((FAIL,), TERMINATED),
        (CALLING, Input.ERROR): ((FAIL,), TERMINATED),
        (CALLING, Input.PROVISIONAL): ((PASS,), PROCEEDING),
        (CALLING, Input.SUCCESS): ((PASS,), ACCEPTED),
        (CALLING, Input.FAILURE): ((ACK, PASS), COMPLETED),
        (PROCEEDING, Input.PROVISIONAL): ((PASS,), PROCEEDING),
        (PROCEEDING, Input.SUCCESS): ((PASS,), ACCEPTED),
        (PROCEEDING, Input.FAILURE): ((ACK, PASS), COMPLETED),
        (ACCEPTED, Input.SUCCESS): ((PASS,), ACCEPTED),
        (ACCEPTED, "M"): ((), TERMINATED),
        (COMPLETED, Input.FAILURE): ((ACK,), COMPLETED),
        (COMPLETED, "D"): ((), TERMINATED),
    }


class NonInviteClient(ClientTransaction):
    """17.1.2."""

    first = TRYING
    timers: ClassVar = {TRYING: "EF", PROCEEDING: "EF", COMPLETED: "K"}
    table: ClassVar = {
        (TRYING, "E"): ((RESEND, REARM), TRYING),
        (TRYING, "F"): ((FAIL,), TERMINATED),
        (TRYING, Input.ERROR): ((FAIL,), TERMINATED),
        (TRYING, Input.PROVISIONAL): ((PASS,), PROCEEDING),
        (TRYING, Input.SUCCESS): ((PASS,), COMPLETED),
        (TRYING, Input.FAILURE): ((PASS,), COMPLETED),
        (PROCEEDING, "E"): ((RESEND, REARM), PROCEEDING),
        (PROCEEDING, "F"): ((FAIL,), TERMINATED),
        (PROCEEDING, Input.ERROR): ((FAIL,), TERMINATED),
        (PROCEEDING, Input.PROVISIONAL): ((PASS,), PROCEEDING),
        (PROCEEDING, Input.SUCCESS): ((PASS,), COMPLETED),
        (PROCEEDING, Input.FAILURE): ((PASS,), COMPLETED),
        (COMPLETED, "K"): ((), TERMINATED),
    }
