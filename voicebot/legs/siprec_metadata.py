"""The metadata of recording sessions (RFC 7865, its drafts, and what vendors make of them) as one model. Pure.

:func:`parse` reads one document, :func:`from_headers` the headers that stand for one; :func:`merge` says what is true
after an update, and :func:`speakers` who is heard in which stream.

Recording clients differ in nearly everything: namespaces and prefixes, names of attributes, where it is said who sends
a stream. So elements are known by their local names, and everything may be missing. Document types and entities are
refused, and everything is bounded: this XML comes from the network.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar
from xml.parsers import expat

from voicebot.sip import NameAddr, SipSyntaxError

MAX_DOCUMENT: Final = 65_536
MAX_ELEMENTS: Final = 2_000
MAX_DEPTH: Final = 16
MAX_TEXT: Final = 4_096
"""Characters of one text or attribute; what is more is cut off."""
MAX_KNOWN: Final = 64
"""Participants, streams and extension values that are kept of a session, over all updates."""

_ROOTS: Final = ("recording", "recording_metadata")
_EXTENSIONS: Final = ("extensiondata", "calldata")
_CALLING: Final = ("fromhdr", "callingpartynumber")
_CALLED: Final = ("tohdr", "calledpartynumber")
_RECORDED_USER: Final = "userid"
"""BroadWorks: whose calls are recorded, whoever has called."""
_USER_TO_USER: Final = ("user-to-user", "avayaucid", "ucid", "useruserdata", "uui")
_ADDRESS_RE: Final = re.compile(r"(?:sips?:|tel:)?([^@;>\s]+)(?:@([^:;>\s]+))?", re.IGNORECASE)

V = TypeVar("V")


class MetadataError(ValueError):
    """No recording metadata. The text says why."""


@dataclass(frozen=True, slots=True)
class Participant:
    """``aors``: addresses of record, as they are written; ``name``: as displayed."""

    id: str
    aors: tuple[str, ...] = ()
    name: str = ""
    calling: bool | None = None
    """Whether this one has called; None: it is not said."""
    recorded: bool = False
    """Whether it is the user for whom calls are recorded."""
    left: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a recorded call, or one document about it. The order of the dicts is that of the document."""

    partial: bool = False
    session_id: str = ""
    participants: Mapping[str, Participant] = field(default_factory=dict)
    """By id."""
    streams: Mapping[str, str] = field(default_factory=dict)
    """The labels of streams by their ids; empty if one has none."""
    mixed: frozenset[str] = frozenset()
    """Streams in which all voices are."""
    sends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By participant id: the streams that carry its voice. Empty: it is known to be in none now."""
    gone: frozenset[str] = frozenset()
    """Who has left: an update need not repeat the participant."""
    extensions: Mapping[str, str] = field(default_factory=dict)
    """Values of extension data by their names in lower case, the first of each."""

    @property
    def user_to_user(self) -> tuple[str, ...]:
        """What applications have put beside the call (RFC 7433), as it is written."""
        return tuple(dict.fromkeys(self.extensions[name] for name in _USER_TO_USER if name in self.extensions))


# --- documents -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Element:
    """``name`` and the names of ``attributes``: local ones."""

    name: str
    attributes: dict[str, str]
    children: list[_Element] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> list[_Element]:
        return [child for child in self.children if child.name == name]

    def words(self, name: str) -> str:
        """The text of the first child ``name``, without superfluous space."""
        found = self.all(name)
        return " ".join(found[0].text.split()) if found else ""

    def id(self, name: str) -> str:
        """Its id: the attribute ``name``, or ``id`` as the drafts had it."""
        return self.attributes.get(name) or self.attributes.get("id") or ""

    def walk(self) -> Iterator[_Element]:
        yield self
        for child in self.children:
            yield from child.walk()


def parse(document: bytes) -> Metadata:
    """Raises :class:`MetadataError`."""
    root = _tree(document)
    if root.name not in _ROOTS:
        raise MetadataError(f"<{root.name[:40]}> is no recording")
    extensions = _extensions(root)
    sends = _sends(root)
    gone = frozenset(
        one.id("participant_id") for one in root.all("participantsessionassoc") if one.words("disassociate-time")
    )
    people = [_participant(one, number, gone) for number, one in enumerate(root.all("participant"), 1)]
    people = _told_apart(people, extensions)
    streams = {key: one for one in root.all("stream") if (key := one.id("stream_id"))}
    mode = root.words("datamode") or root.words("dataMode")
    sessions = root.all("session")
    return _bounded(
        Metadata(
            partial=mode.lower() == "partial",
            session_id=sessions[0].id("session_id") if sessions else "",
            participants={person.id: person for person in people},
            streams={key: one.words("label") for key, one in streams.items()},
            mixed=frozenset(key for key, one in streams.items() if one.words("mode").lower() == "mixed"),
            sends=sends,
            gone=gone,
            extensions=extensions,
        )
    )


def _tree(document: bytes) -> _Element:
    if len(document) > MAX_DOCUMENT:
        raise MetadataError(f"longer than {MAX_DOCUMENT} bytes")
    top = _Element("", {})
    stack, count = [top], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS or len(stack) > MAX_DEPTH:
            raise MetadataError("too many elements, or too deep")
        element = _Element(_local(name), {_local(key): value[:MAX_TEXT] for key, value in attributes.items()})
        stack[-1].children.append(element)
        stack.append(element)

    def end(_name: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        element = stack[-1]
        element.text += data[: MAX_TEXT - len(element.text)]

    def refuse(*_declaration: object) -> None:
        raise MetadataError("document types are not accepted")

    # The encoding is ours: what a document says of it would be looked up among all that Python knows.
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(_as_utf8(document.strip(b"\r\n\t \0")), True)
    except expat.ExpatError as error:
        raise MetadataError(f"not XML: {error}") from None
    return top.children[0]


def _as_utf8(document: bytes) -> bytes:
    try:
        document.decode()
    except UnicodeDecodeError:
        return document.decode("latin-1").encode()
    return document


def _local(name: str) -> str:
    """A name without its namespace; some write a prefix that they do not declare within another name."""
    return name.rpartition(" ")[2].rpartition(":")[2]


def _participant(element: _Element, number: int, gone: frozenset[str]) -> Participant:
    names = element.all("nameID")
    aors = [aor for one in names if (aor := one.attributes.get("aor", "").strip())]
    aors += [aor for one in element.all("aor") if (aor := one.text.strip())]
    key = element.id("participant_id") or (aors[0] if aors else f"participant {number}")
    said = (one.text.strip().lower() for one in element.walk() if one.name == "callingParty")
    calling = {"true": True, "false": False}.get(next(said, ""))
    name = next((name for one in names if (name := one.words("name"))), "")
    return Participant(key, tuple(dict.fromkeys(aors)), name, calling, left=key in gone)


def _sends(root: _Element) -> dict[str, tuple[str, ...]]:
    """By participant id, its streams: of the associations of RFC 7865; the drafts had them in the participant."""
    sends = {one.id("participant_id"): _references(one) for one in root.all("participant") if one.all("send")}
    for one in root.all("participantstreamassoc"):
        over = one.words("disassociate-time")
        sends[one.id("participant_id")] = () if over else _references(one)
    return sends


def _references(element: _Element) -> tuple[str, ...]:
    """Stream ids: the text of <send>, or of the <id> in it (BroadWorks); empty ones are none (AudioCodes)."""
    found = (one.words("id") or one.text.strip() for one in element.all("send"))
    return tuple(reference for reference in found if reference)


def _extensions(root: _Element) -> dict[str, str]:
    """The leaves of all extension data, by their names, or by the label that they or their parents have (Oracle:
    ``<header label="P-Asserted-Identity"><value>``)."""
    found: dict[str, str] = {}
    parents = (one for part in root.walk() if part.name.lower() in _EXTENSIONS for one in part.walk())
    for parent in parents:
        for leaf in parent.children:
            if not leaf.children and (text := leaf.text.strip()):
                name = leaf.attributes.get("label") or parent.attributes.get("label") or leaf.name
                found.setdefault(name.lower(), text)
    return found


def _told_apart(people: list[Participant], extensions: Mapping[str, str]) -> list[Participant]:
    """Add what extension data says of the participants by their numbers."""
    recorded = user_of(extensions.get(_RECORDED_USER, ""))
    for calling, names in ((True, _CALLING), (False, _CALLED)):
        users = {user_of(extensions[name]) for name in names if name in extensions} - {""}
        people = [
            replace(one, calling=calling) if one.calling is None and users & {user_of(aor) for aor in one.aors} else one
            for one in people
        ]
    return [replace(one, recorded=bool(recorded) and recorded in map(user_of, one.aors)) for one in people]


def user_of(address: str) -> str:
    """The user part of ``sip:7001@example.com``, ``"Ada" <sip:7001@host>;tag=x``, ``7001@host`` or ``7001``, in lower
    case."""
    return _parts_of(address)[0]


def host_of(address: str) -> str:
    """Its host, in lower case; empty if it has none."""
    return _parts_of(address)[1]


def _parts_of(address: str) -> tuple[str, str]:
    match = _ADDRESS_RE.match((address.partition("<")[2] or address).strip())
    return (match[1].lower(), (match[2] or "").lower()) if match is not None else ("", "")


# --- headers ---------------------------------------------------------------------------------------------------------


def from_headers(values: Sequence[str]) -> Metadata | None:
    """The metadata in the headers of Cisco's network-based recording, ``sip:7001@host;media-index="1"``; None if there
    is none."""
    by_line: dict[int, str] = {}
    for value in values[:MAX_KNOWN]:
        with contextlib.suppress(SipSyntaxError):
            participant = NameAddr.parse(value)
            index = (participant.params.get("media-index") or "").strip('"')
            if index.isascii() and index.isdigit() and len(index) < 3:
                by_line.setdefault(int(index), participant.uri)
    if not by_line:
        return None
    return _bounded(
        Metadata(
            participants={uri: Participant(uri, (uri,)) for _line, uri in sorted(by_line.items())},
            streams={str(line): "" for line in range(max(by_line) + 1)},
            sends={uri: (str(line),) for line, uri in by_line.items()},
        )
    )


# --- the whole of a session ------------------------------------------------------------------------------------------


def merge(known: Metadata | None, update: Metadata) -> Metadata:
    """What is true after ``update``: a partial one changes by id what is known, a complete one replaces it. One that
    names nobody takes nobody away: there are clients that begin with one, or end with one."""
    if known is None or (update.participants and not update.partial):
        return replace(update, partial=False)
    people = {**known.participants, **update.participants}
    return _bounded(
        replace(
            known,
            session_id=update.session_id or known.session_id,
            participants={key: replace(one, left=one.left or key in update.gone) for key, one in people.items()},
            streams={**known.streams, **update.streams},
            mixed=known.mixed | update.mixed,
            sends={**known.sends, **update.sends},
            extensions={**known.extensions, **update.extensions},
        )
    )


def _bounded(metadata: Metadata) -> Metadata:
    """``metadata`` with the latest :data:`MAX_KNOWN` of each; who has left makes room first."""
    people = sorted(metadata.participants.values(), key=lambda one: not one.left)
    kept = {one.id for one in people[-MAX_KNOWN:]}
    streams = _latest(metadata.streams)
    return replace(
        metadata,
        participants={key: one for key, one in metadata.participants.items() if key in kept},
        streams=streams,
        mixed=metadata.mixed & streams.keys(),
        sends={key: ids[:MAX_KNOWN] for key, ids in _latest(metadata.sends).items()},
        extensions=_latest(metadata.extensions),
    )


def _latest(values: Mapping[str, V]) -> dict[str, V]:
    return dict(list(values.items())[-MAX_KNOWN:])


def speakers(metadata: Metadata, labels: Mapping[int, str]) -> dict[int, str | None]:
    """The id of the participant who is heard in each stream, empty if that is not known; None if there are several.

    ``labels``: of the streams in the session description, by the number of their lines; empty where one has none. By
    association. Where the client gives none at all, by order: the first participant is in the first stream.
    """
    present = [one for one in metadata.participants.values() if not one.left]
    if not any(metadata.sends.get(one.id) for one in present):
        if len(labels) == 1 and len(present) > 1:
            return dict.fromkeys(labels)
        ids = [one.id for one in present]
        return {number: ids[place] if place < len(ids) else "" for place, number in enumerate(sorted(labels))}
    found: dict[int, str | None] = {}
    for number, label in labels.items():
        streams = _streams_at(metadata, number, label)
        who = [one.id for one in present if streams & set(metadata.sends.get(one.id, ()))]
        found[number] = None if len(who) > 1 or streams & metadata.mixed else who[0] if who else ""
    return found


def _streams_at(metadata: Metadata, number: int, label: str) -> set[str]:
    """The ids of the streams with this label; where one side gives no labels, of the one in this place."""
    if label and any(metadata.streams.values()):
        return {key for key, one in metadata.streams.items() if one == label}
    return set(list(metadata.streams)[number : number + 1])
