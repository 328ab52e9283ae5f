"""The SIP messages of a call as a ladder, in text: each address has a column, we have the last one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

MOST_PEERS: Final = 6
"""Addresses with a column; messages of further ones are in the last of these."""
WIDTH: Final = 44
"""Letters between two columns."""
_AUDIO: Final = re.compile(r"^m=audio (\d+) \S+ (\d+)", re.MULTILINE)
_ADDRESS: Final = re.compile(r"^c=IN IP[46] (\S+)", re.MULTILINE)
_RTPMAP: Final = re.compile(r"^a=rtpmap:(\d+) ([\w-]+)", re.MULTILINE)
_STATUS: Final = re.compile(r"SIP/2\.0 (\d{3} ?.*)")
_METHOD: Final = re.compile(r"^CSeq[ \t]*:[ \t]*\d+[ \t]+(\w+)", re.IGNORECASE | re.MULTILINE)
_STATIC: Final = {"0": "PCMU", "8": "PCMA", "9": "G722"}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def ladder(record: Mapping[str, Any], *, whole: bool = False) -> Iterator[str]:
    """The lines of it. ``whole``: each message follows its arrow. Raises ValueError if no messages were kept."""
    kept = record.get("signalling")
    if not isinstance(kept, Mapping) or not kept["messages"]:
        raise ValueError("no SIP messages were kept of this call: set calls.signalling = true for calls to come")
    messages = kept["messages"]
    began = datetime.fromisoformat(record["started"])
    peers = list(dict.fromkeys(message["peer"] for message in messages))[:MOST_PEERS]
    names = [f"{peer} {_transports(messages, peer)}" for peer in peers]
    yield f"{_plain(record['caller'])} to {_plain(record['callee'])}, call {record['id']}, {record['started']}"
    yield ""
    yield " " * 13 + "".join(_plain(name)[: WIDTH - 1].ljust(WIDTH) for name in names) + "here"
    for message in messages:
        column = peers.index(message["peer"]) if message["peer"] in peers else len(peers) - 1
        at = (began + timedelta(milliseconds=message["at_ms"])).strftime("%H:%M:%S.%f")[:-3]
        before = "".join("│".ljust(WIDTH) for _ in range(column))
        room = WIDTH * (len(peers) - column) - 1
        yield f"{at} {before}│{_arrow(label(message['text']), room, sent=message['sent'])}│"
        if whole:
            yield from (f"{'':13}{_plain(line)}" for line in ["", *message["text"].split("\n"), ""])
    if kept["dropped"]:
        yield f"{kept['dropped']} messages between the first and the latest were not kept"


def label(text: str) -> str:
    """What a message is in short: ``INVITE (PCMU 192.0.2.1:4000)``, ``200 OK (INVITE)``."""
    first, _, rest = text.partition("\n")
    status, method = _STATUS.match(first), _METHOD.search(rest)
    name = f"{status.group(1)} ({method.group(1)})" if status and method else first.split(" ")[0]
    audio = _AUDIO.search(text)
    if audio is None:
        return _plain(name)
    port, payload = audio.groups()
    codecs = _STATIC | dict(_RTPMAP.findall(text))
    where = _ADDRESS.search(text)
    said = codecs.get(payload, payload)
    return _plain(f"{name} {said} {where.group(1) if where else ''}:{port}")


def _arrow(name: str, room: int, *, sent: bool) -> str:
    line = f" {name[: room - 6]} ".center(room - 1, "─")
    return f"◀{line}" if sent else f"{line}▶"


def _transports(messages: list[Mapping[str, Any]], peer: str) -> str:
    return "/".join(dict.fromkeys(message["transport"] for message in messages if message["peer"] == peer))


def _plain(text: str) -> str:
    """Without what a terminal would obey."""
    return _CONTROL.sub(" ", text)
