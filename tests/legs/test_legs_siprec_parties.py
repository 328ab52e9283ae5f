"""Who is caller and who is agent, and that nobody changes places or names without a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.events.parties import Role
from voicebot.legs.siprec_metadata import Metadata, Participant
from voicebot.legs.siprec_parties import Agents, Parties

CALLER, AGENT, OTHER = Role.CALLER, Role.AGENT, Role.OTHER
ADA, BO, CY = "sip:+15550101@phones.example", "sip:7001@desk.example", "sip:7002@desk.example"
LINES = {0: "1", 1: "2"}


def metadata(*people: Participant, **sends: str) -> Metadata:
    """``sends``: by participant id, the label of the stream."""
    return Metadata(
        participants={one.id: one for one in people},
        streams={label: label for label in sends.values()},
        sends={key: (label,) for key, label in sends.items()},
    )


def roles(parties: Parties) -> list[Role]:
    return [one.role for one in parties.known]


@pytest.mark.parametrize(
    ("people", "agents", "expected"),
    [
        ([Participant("a", (ADA,)), Participant("b", (BO,))], (), [CALLER, AGENT]),
        ([Participant("b", (BO,)), Participant("a", (ADA,))], (), [CALLER, AGENT]),
        ([Participant("b", (BO,)), Participant("a", (ADA,))], ("7001",), [AGENT, CALLER]),
        ([Participant("b", (BO,)), Participant("a", (ADA,))], ("70*",), [AGENT, CALLER]),
        ([Participant("b", (BO,)), Participant("a", (ADA,))], ("@desk.example",), [AGENT, CALLER]),
        ([Participant("a", ("tel:+1-555-0101",)), Participant("b", (BO,))], ("15550101",), [AGENT, CALLER]),
        ([Participant("a", (ADA,), calling=False), Participant("b", (BO,), calling=True)], (), [AGENT, CALLER]),
        ([Participant("a", (ADA,)), Participant("b", (BO,), calling=True)], (), [AGENT, CALLER]),
        ([Participant("b", (BO,), calling=True), Participant("a", (ADA,), calling=False)], ("7*",), [AGENT, CALLER]),
        ([Participant("a", (ADA,), recorded=True), Participant("b", (BO,))], ("7001",), [AGENT, AGENT]),
        ([Participant("b", (BO,), calling=True, recorded=True), Participant("a", (ADA,))], (), [AGENT, CALLER]),
        ([Participant("b", (BO,), calling=False), Participant("c", (CY,), calling=True)], ("7*",), [AGENT, CALLER]),
        ([Participant("b", (BO,)), Participant("c", (CY,)), Participant("a", (ADA,))], ("7*",), [AGENT, AGENT, CALLER]),
        ([Participant("a", (ADA,)), Participant("b", (BO,)), Participant("c", (CY,))], (), [CALLER, AGENT, OTHER]),
        ([Participant("b", (BO,))], ("7001",), [AGENT]),
        ([Participant("b", (BO,))], (), [CALLER]),
    ],
    ids=["order", "order the other way", "a number", "a prefix", "a domain", "a number as a URI", "who was called",
         "who called", "an agent who called", "a recorded user beside an agent", "a recorded user who called",
         "agents among themselves", "two agents", "a third", "an agent alone", "somebody alone"],
)  # fmt: skip
def test_roles_are_decided_by_what_tells_most(
    people: list[Participant], agents: tuple[str, ...], expected: list[Role]
) -> None:
    parties = Parties(Agents(agents))
    parties.update(metadata(*people), {number: "" for number in range(len(people))})
    assert roles(parties) == expected


def test_nobody_changes_places_when_others_come_and_go() -> None:
    ada, bo, cy = Participant("a", (ADA,)), Participant("b", (BO,)), Participant("c", (CY,))
    parties = Parties(Agents())
    parties.update(metadata(ada, bo), LINES)
    parties.update(metadata(bo, ada, cy), LINES)
    assert {one.key: one.role for one in parties.known} == {"p1": CALLER, "p2": AGENT, "p3": OTHER}
    parties.update(metadata(cy, ada), LINES)
    assert {one.key: one.role for one in parties.known} == {"p1": CALLER, "p3": AGENT}, "who stays takes the free place"


def test_agents_who_remain_are_agents() -> None:
    ada, bo, cy = Participant("a", (ADA,)), Participant("b", (BO,)), Participant("c", (CY,))
    parties = Parties(Agents(("70*",)))
    parties.update(metadata(ada, bo, cy, a="1", b="2", c="3"), {0: "1", 1: "2", 2: "3"})
    parties.update(metadata(bo, cy, b="2", c="3"), {1: "2", 2: "3"})
    assert roles(parties) == [AGENT, AGENT]


def test_what_becomes_known_later_changes_the_role_and_not_the_key() -> None:
    parties = Parties(Agents(("@desk.example",)))
    parties.update(None, LINES)
    assert roles(parties) == [CALLER, AGENT] and parties.speaking == {0: "p1", 1: "p2"}
    parties.update(metadata(Participant("x", (ADA,)), Participant("y", (BO,)), x="2", y="1"), LINES)
    assert parties.speaking == {0: "p1", 1: "p2"}
    assert {one.key: (str(one.address), one.role) for one in parties.known} == {"p1": (BO, AGENT), "p2": (ADA, CALLER)}


def test_a_client_that_names_everybody_anew_in_each_update_is_understood() -> None:
    parties = Parties(Agents())
    parties.update(metadata(Participant("1", (ADA,)), Participant("2", (BO,))), LINES)
    parties.update(metadata(Participant("4", (BO,)), Participant("3", (ADA,))), LINES)
    assert {one.key: str(one.address) for one in parties.known} == {"p1": ADA, "p2": BO}
    parties.update(metadata(Participant("5", (ADA,)), Participant("6", (ADA,))), LINES)
    assert len({one.key for one in parties.known}) == 2, "two with one address are two"


def test_who_is_silent_is_still_the_one_who_speaks_there() -> None:
    ada, bo = Participant("a", (ADA,)), Participant("b", (BO,))
    parties = Parties(Agents())
    parties.update(metadata(ada, bo, a="2", b="1"), LINES)
    silent = Metadata(participants={"a": ada}, streams={"1": "1", "2": "2"}, sends={"a": ("2",), "b": ()})
    parties.update(silent, LINES)
    assert parties.speaking == {0: "p3", 1: "p1"}, "but not when it has left"
    both = Metadata(participants={"a": ada, "b": bo}, streams={"1": "1", "2": "2"}, sends={"a": ("2",)})
    parties.update(metadata(ada, bo, a="2", b="1"), LINES)
    parties.update(both, LINES)
    assert parties.speaking[0] == {str(one.address): one.key for one in parties.known}[BO]


def test_in_a_mixed_stream_nobody_is_named() -> None:
    parties = Parties(Agents())
    parties.update(metadata(Participant("a", (ADA,)), Participant("b", (BO,)), a="1", b="1"), {0: "1"})
    assert parties.speaking == {0: ""} and roles(parties) == [CALLER, AGENT]


def test_names_and_addresses_are_what_can_be_shown() -> None:
    odd = Participant("a", ('sip:x"y@z',), name="A\nda\x1b" + "a" * 999)
    parties = Parties(Agents())
    parties.update(metadata(odd), {})
    (one,) = parties.known
    assert one.address is None and one.name.startswith("A\ufffdda\ufffd") and len(one.name) == 128


PEOPLE = st.lists(
    st.builds(
        Participant,
        st.sampled_from("abcde"),
        st.lists(st.sampled_from([ADA, BO, CY, "", "?"]), max_size=2).map(tuple),
        calling=st.sampled_from([None, True, False]),
        recorded=st.booleans(),
        left=st.booleans(),
    ),
    max_size=5,
)
UPDATES = st.lists(
    st.tuples(
        PEOPLE,
        st.dictionaries(st.sampled_from("abcde"), st.sampled_from("123")),
        st.dictionaries(st.integers(0, 3), st.sampled_from(["", "1", "2", "3"])),
    ),
    max_size=6,
)


@given(UPDATES, st.sampled_from([(), ("70*",), ("@phones.example", "7001")]))
def test_keys_are_one_to_one_whatever_comes(
    updates: list[tuple[list[Participant], dict[str, str], dict[int, str]]], agents: tuple[str, ...]
) -> None:
    parties = Parties(Agents(agents))
    for people, who, labels in updates:
        said = metadata(*people, **who)
        parties.update(said, labels)
        keys = [one.key for one in parties.known]
        assert len(set(keys)) == len(keys)
        assert parties.speaking.keys() == labels.keys()
        assert set(parties.speaking.values()) <= {*keys, ""}
        assert len(keys) <= len(said.participants) + len(labels)
        assert [one.role for one in parties.known].count(CALLER) <= max(1, sum(one.calling is True for one in people))
