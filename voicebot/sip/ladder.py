"""What was exchanged in each call, message by message: for the records, where `calls.signalling` is on.

Nothing secret is kept. Of credentials only the scheme stays, of keys for media (RFC 4568, RFC 3830, ICE) nothing, of a
SIP URI no password. The only bodies are session descriptions: others carry keypresses, metadata and what we do not
know.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from voicebot.sip.hop import Hop, bracketed
from voicebot.sip.message import SDP_TYPE

MOST_CALLS: Final = 4_000
FIRST, LAST = 150, 50
"""Messages of a call that are kept: the first and the latest ones."""
MOST_LETTERS: Final = 8_000
"""Of a message."""
GONE: Final = "[not kept]"
_CALL_ID: Final = re.compile(rb"\n(?:call-id|i)[ \t]{0,8}:[ \t]*([^\r\n]+)", re.IGNORECASE)
_CREDENTIALS: Final = frozenset(
    {"authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info"}
)
_IN_A_URI: Final = re.compile(r"\b(authorization=)[^&>\s]*", re.IGNORECASE)
"""A header that somebody is to send who calls the URI (RFC 3261 19.1.1)."""
_TYPE: Final = re.compile(r"^(?:content-type|c)[ \t]*:[ \t]*([^\s;]+)", re.IGNORECASE)
_ENCODED: Final = re.compile(r"^(?:content-encoding|e)[ \t]*:", re.IGNORECASE)
_KEYS: Final = {"a=crypto:": 2, "a=key-mgmt:": 0, "a=ice-pwd:": 0, "k=": 0}
"""Lines of a session description with keys, and how many words of each are none."""


@dataclass(frozen=True, slots=True)
class LadderMessage:
    """``at``: on the loop's clock. ``peer``: the address of the other side. ``text``: :func:`shown`."""

    at: float
    sent: bool
    transport: str
    peer: str
    text: str


@dataclass(slots=True)
class Ladder:
    """Of one call. ``dropped``: messages between the first and the latest ones."""

    first: list[LadderMessage] = field(default_factory=list)
    latest: deque[LadderMessage] = field(default_factory=lambda: deque(maxlen=LAST))
    dropped: int = 0

    def __iter__(self) -> Iterator[LadderMessage]:
        yield from self.first
        yield from self.latest

    def add(self, message: LadderMessage) -> None:
        if len(self.first) < FIRST:
            self.first.append(message)
            return
        self.dropped += len(self.latest) == LAST
        self.latest.append(message)


class Ladders:
    """Of all calls; the oldest are forgotten beyond :data:`MOST_CALLS`. A call begins with an INVITE: what belongs to
    none, such as OPTIONS and REGISTER, is not kept."""

    def __init__(self) -> None:
        self._of: OrderedDict[bytes, Ladder] = OrderedDict()

    def note(self, data: bytes, hop: Hop, at: float, *, sent: bool) -> None:
        """A message that came from ``hop`` or is sent there. Never raises."""
        found = _CALL_ID.search(data)
        if found is None:
            return
        call = found.group(1).rstrip()
        ladder = self._of.get(call)
        if ladder is None:
            if not data.startswith(b"INVITE "):
                return
            ladder = self._of[call] = Ladder()
            if len(self._of) > MOST_CALLS:
                self._of.popitem(last=False)
        ladder.add(LadderMessage(at, sent, hop.transport, f"{bracketed(hop.host)}:{hop.port}", shown(data)))

    def of(self, call_id: str) -> Ladder:
        """Of the call with this Call-ID, until now."""
        return self._of.get(call_id.encode("utf-8", "surrogateescape"), Ladder())


def shown(data: bytes) -> str:
    """A message as it is kept. Lines end with ``\\n``; what is not UTF-8 is replaced."""
    head, _, body = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").partition("\n\n")
    lines = re.sub(r"\n[ \t]+", " ", head).split("\n")
    kept = [_without_secrets(line) for line in lines]
    types = [found.group(1).lower() for line in lines if (found := _TYPE.match(line))]
    if body.strip() and (types != [SDP_TYPE] or any(map(_ENCODED.match, lines))):
        described = f"{GONE}: {len(body)} letters"
    else:
        described = "\n".join(map(_without_keys, body.rstrip("\n").split("\n")))
    text = "\n".join([*kept, "", described]).rstrip("\n")
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _without_secrets(line: str) -> str:
    name, _, value = line.partition(":")
    if name.strip().lower() in _CREDENTIALS:
        first = value.split(maxsplit=1)[:1]
        return " ".join([f"{name.rstrip()}:", *(word for word in first if word.isalpha()), GONE])
    *users, rest = line.split("@")
    return _IN_A_URI.sub(rf"\1{GONE}", "@".join([*map(_without_password, users), rest]))


def _without_password(before: str) -> str:
    """``before``: what stands before an ``@``. It may end in a user with a password."""
    scheme = max(before.lower().rfind("sip:"), before.lower().rfind("sips:") + 1)
    user, colon, _ = before[scheme + 4 :].partition(":")
    return f"{before[: scheme + 4]}{user}:{GONE}" if scheme >= 0 and colon else before


def _without_keys(line: str) -> str:
    for begin, words in _KEYS.items():
        if line.lower().startswith(begin):
            return " ".join([*(line.split()[:words] or [begin]), GONE])
    return line
