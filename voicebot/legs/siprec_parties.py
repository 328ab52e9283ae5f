"""Who takes part in a recorded call, in which role, and who speaks in which stream. Pure.

Recording clients tell who takes part, but hardly ever who is the agent: a label, an order or who has called are no
roles. In this order it is decided by

1. extension data that names the user for whom calls are recorded (BroadWorks): an agent, whoever has called;
2. the settings: agents are known by their numbers or domains, and the others are callers;
3. extension data that tells who has called: the caller, as agents are rather called;
4. what was decided before, so that nobody changes places when others come and go;
5. order: the first is the caller, the second the agent.

While the metadata says nothing of a stream, its voice is a party of its own; who turns out to speak there takes over
its key.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from voicebot.address import Address, AddressError
from voicebot.events.parties import Party, Role
from voicebot.legs.sip_info import printable
from voicebot.legs.siprec_metadata import Metadata, Participant, host_of, speakers, user_of
from voicebot.number_table import NumberTable

_MAX_NAME = 128


class Agents:
    """Who is an agent. ``patterns``: numbers or names, or their beginnings with a ``*`` (:mod:`voicebot.number_table`);
    domains with an ``@`` before them."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._domains = {pattern[1:].lower() for pattern in patterns if pattern.startswith("@")}
        self._numbers = NumberTable({pattern: pattern for pattern in patterns if not pattern.startswith("@")})

    def has(self, aors: Sequence[str]) -> bool:
        """Whether one of these addresses of record is an agent's."""
        return any(host_of(aor) in self._domains or bool(self._numbers.find(user_of(aor))) for aor in aors)


class Parties:
    """The parties of one call. ``known``: those that take part now. ``speaking``: by the number of a stream, the key of
    who speaks there; empty if several do."""

    def __init__(self, agents: Agents) -> None:
        self.known: tuple[Party, ...] = ()
        self.speaking: dict[int, str] = {}
        self._agents = agents
        self._keys: dict[str, str] = {}
        """By participant id."""
        self._addresses: dict[str, str] = {}
        """The keys of who took part before this update, by address of record."""
        self._voices: dict[int, str] = {}
        """The keys of parties of whom nothing is known but their stream."""
        self._last: dict[int, str] = {}
        """Who was heard last in each stream, by participant id."""
        self._roles: dict[str, Role] = {}
        """By key."""
        self._made = 0

    def update(self, metadata: Metadata | None, labels: Mapping[int, str]) -> None:
        """``labels``: of the streams that there are, by their numbers; empty where one has none."""
        metadata = metadata or Metadata()
        present = {one.id: one for one in metadata.participants.values() if not one.left}
        heard = self._heard(metadata, present, labels)
        self._keep_keys(metadata, present, heard)
        unknown = [number for number, who in heard.items() if who == ""]
        self._voices = {number: self._voices.get(number) or self._new_key() for number in unknown}
        people = [(self._keys[one.id], one) for one in present.values()]
        people += [(key, Participant("")) for key in self._voices.values()]
        self._roles = self._decided(people)
        self.known = tuple(_party(key, self._roles[key], one) for key, one in people)
        self.speaking = {
            number: self._keys[who] if who else self._voices.get(number, "") for number, who in heard.items()
        }

    def _heard(
        self, metadata: Metadata, present: Mapping[str, Participant], labels: Mapping[int, str]
    ) -> dict[int, str | None]:
        """As :func:`speakers`; who is silent now is still the one who speaks there, until somebody else does."""
        heard = speakers(metadata, labels)
        for number, last in self._last.items():
            if heard.get(number) == "" and last in present and last not in heard.values():
                heard[number] = last
        self._last = {number: who for number, who in heard.items() if who}
        return heard

    def _keep_keys(
        self, metadata: Metadata, present: Mapping[str, Participant], heard: Mapping[int, str | None]
    ) -> None:
        """Give each participant a key: the one that it has, or had under another id, or that of its voice; or a new
        one."""
        self._keys = {known: key for known, key in self._keys.items() if known in metadata.participants}
        used = set(self._keys.values())
        for one in present.values():
            if one.id in self._keys:
                continue
            before = (self._addresses.get(aor, "") for aor in one.aors)
            voices = (self._voices.get(number, "") for number, who in heard.items() if who == one.id)
            key = next((key for key in (*before, *voices) if key and key not in used), "") or self._new_key()
            self._keys[one.id] = key
            used.add(key)
        self._addresses = {aor: self._keys[one.id] for one in present.values() for aor in one.aors}

    def _new_key(self) -> str:
        self._made += 1
        return f"p{self._made}"

    def _decided(self, people: Sequence[tuple[str, Participant]]) -> dict[str, Role]:
        """The roles of ``people``, who are given with their keys, by key."""
        roles = {key: Role.AGENT for key, one in people if one.recorded}
        agents = [key for key, one in people if self._agents.has(one.aors)]
        if len(agents) < len(people) or len(people) == 1:  # where agents talk among themselves, that tells nothing
            roles |= dict.fromkeys(agents, Role.AGENT)
        if not roles:
            roles = {key: Role.CALLER if one.calling else Role.AGENT for key, one in people if one.calling is not None}
        for key, _one in people:
            before = self._roles.get(key, Role.OTHER)
            free = before not in roles.values() or key in agents
            if key not in roles and before is not Role.OTHER and free:
                roles[key] = before
        for key, _one in people:
            if key not in roles:
                wanted = (role for role in (Role.CALLER, Role.AGENT) if role not in roles.values())
                roles[key] = next(wanted, Role.OTHER)
        return roles


def _party(key: str, role: Role, one: Participant) -> Party:
    address = None
    with contextlib.suppress(AddressError):
        address = Address.parse(one.aors[0]) if one.aors else None
    return Party(key, role, printable(one.name[:_MAX_NAME]), address)
