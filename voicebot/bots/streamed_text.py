"""Text that a bot streams while it generates it, cut into sentences that are spoken while the rest is still coming.

Each part is an activity with an entity ``{"type": "streaminfo", "streamType", "streamId", "streamSequence"}`` (or the
same in ``channelData``). ``informative`` ("Thinking…") is only shown; ``streaming`` has the text so far, or only what
is new when ``chunkType`` is ``delta``; ``final`` has the whole text. No sentence is spoken twice: of the final text,
only the rest is spoken. If the final text was rewritten, its sentences that have not been spoken word for word are.
https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from voicebot.bots.citations import heads_references
from voicebot.bots.sentences import ends
from voicebot.bots.spoken import MAX_TEXT

MAX_STREAMS = 16
MAX_STREAM = 10_000
"""Characters of one stream; the rest is not said."""
MAX_PART = MAX_TEXT
"""Characters that are looked at in one part, and that are said of what streams leave; the others of a part come with
the next one."""
MAX_SENTENCES = 128
"""Sentences of a rewritten text that are looked for among what was said; what follows them is said as it is."""
MAX_ENDS = 64
"""Ends of sentences that are looked at in one part; the others come with the next one."""
MAX_APART = 8
"""Sentences that came together and are said one by one; the others are said as one."""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """The stream that an activity belongs to. ``kind``: informative, streaming or final; ``sequence``: None if not
    given; ``delta``: whether the text is only what is new."""

    identity: str
    kind: str
    sequence: int | None
    delta: bool


def stream_info(activity: dict[str, Any]) -> StreamInfo | None:
    """The stream of ``activity``; None when it is not part of one."""
    entities = activity.get("entities")
    data = activity.get("channelData")
    found: dict[str, Any] = {}
    if isinstance(data, dict) and isinstance(data.get("streamType"), str):
        found = data
    for entity in entities[:50] if isinstance(entities, list) else []:
        if isinstance(entity, dict) and entity.get("type") == "streaminfo":
            found = {**found, **entity}
    kind = found.get("streamType")
    if not isinstance(kind, str):
        return None
    if activity.get("type") == "message":
        kind = "final"
    sequence = found.get("streamSequence")
    identity = found.get("streamId") or activity.get("id") or ""
    return StreamInfo(
        str(identity)[:256],
        kind,
        sequence if isinstance(sequence, int) and not isinstance(sequence, bool) else None,
        found.get("chunkType") == "delta",
    )


@dataclass(slots=True)
class _Stream:
    request: int
    text: str = ""
    said: int = 0
    sequence: int = -1
    sentences: set[str] = field(default_factory=set)


class StreamedText:
    """The streams of one conversation."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, _Stream] = OrderedDict()

    def part(self, info: StreamInfo, text: str, request: int) -> list[str]:
        """Take a part; the sentences that it completes."""
        if info.kind != "streaming" or not text:
            return []
        stream = self._streams.get(info.identity)
        if stream is None:
            stream = self._streams[info.identity] = _Stream(request)
            if len(self._streams) > MAX_STREAMS:
                self._streams.popitem(last=False)
        if info.sequence is not None:
            if info.sequence <= stream.sequence:
                return []
            stream.sequence = info.sequence
        grown = (stream.text + text if info.delta else text)[:MAX_STREAM]
        if not grown.startswith(stream.text[: stream.said]):
            return []  # rewritten: the final text will tell
        stream.text = grown
        return _complete(stream)

    def final(self, info: StreamInfo, text: str) -> str | None:
        """All of the text came: what of it is still to be said; None when nothing of it was said before."""
        text = text[:MAX_STREAM]
        stream = self._streams.pop(info.identity, None)
        if stream is None or not stream.said:
            return None
        if info.delta or not text:
            return (stream.text + text)[stream.said :].strip()
        if text.startswith(stream.text[: stream.said]):
            return text[stream.said :].strip()
        return _joined(sentence for sentence in _sentences(text) if _key(sentence) not in stream.sentences)

    def left(self, request: int) -> list[str]:
        """The bot has finished with ``request``: the unspoken rest of its streams that got no final text."""
        left: list[str] = []
        room = MAX_PART
        for identity in [identity for identity, stream in self._streams.items() if stream.request == request]:
            stream = self._streams.pop(identity)
            if rest := stream.text[stream.said :].strip()[:room]:
                left.append(rest)
                room -= len(rest)
        return left


def _complete(stream: _Stream) -> list[str]:
    found = []
    for end in ends(stream.text[: stream.said + MAX_PART], stream.said, MAX_ENDS):
        sentence = stream.text[stream.said : end].strip()
        if heads_references(sentence):
            break  # what follows is judged as a whole, at the end
        stream.said = end
        if sentence:
            stream.sentences.add(_key(sentence))
            found.append(sentence)
    together = " ".join(found[MAX_APART:])
    return [*found[:MAX_APART], together] if together else found


def _sentences(text: str) -> list[str]:
    edges = [0, *ends(text, 0, MAX_SENTENCES), len(text)]
    return [part for a, b in pairwise(edges) if (part := text[a:b].strip())]


def _joined(sentences: Iterable[str]) -> str:
    """``sentences`` in one line, but for what means something at the beginning of a line only."""
    return "".join(("\n" if one[0] in "[-*#" or heads_references(one) else " ") + one for one in sentences).strip()


def _key(sentence: str) -> str:
    return " ".join(sentence.split()).casefold()
