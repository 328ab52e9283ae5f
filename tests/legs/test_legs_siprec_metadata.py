"""Recording metadata: what is read from the dialects, how updates change it, and what is refused."""

from __future__ import annotations

import random
import re
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lines_run import lines_run

from voicebot.legs.siprec_metadata import (
    MAX_DEPTH,
    MAX_DOCUMENT,
    MAX_ELEMENTS,
    MAX_KNOWN,
    MAX_TEXT,
    Metadata,
    MetadataError,
    from_headers,
    host_of,
    merge,
    parse,
    speakers,
    user_of,
)

SAMPLES = Path(__file__).parent / "siprec"
DOCUMENTS = {
    path.stem: found[0].encode()
    for path in sorted(SAMPLES.glob("*.sip"))
    if (found := re.search(r"<\?xml.*</[\w:]+>(?=\s*(?:--|\Z))", path.read_text(), re.DOTALL))
}
PLACES = {0: "1", 1: "2"}


def recording(*inside: str, mode: str = "complete") -> bytes:
    return f"<recording><datamode>{mode}</datamode>{''.join(inside)}</recording>".encode()


def person(key: str, aor: str = "", *, inside: str = "") -> str:
    return f'<participant participant_id="{key}"><nameID aor="{aor or key}"/>{inside}</participant>'


def stream(key: str, label: str, mode: str = "separate") -> str:
    return f'<stream stream_id="{key}"><label>{label}</label><mode>{mode}</mode></stream>'


def sends(key: str, *streams: str) -> str:
    inside = "".join(f"<send>{one}</send>" for one in streams)
    return f'<participantstreamassoc participant_id="{key}">{inside}</participantstreamassoc>'


TWO = recording(person("a"), person("b"), stream("s", "1"), stream("t", "2"), sends("a", "s"), sends("b", "t"))


def test_all_samples_with_metadata_are_here() -> None:
    assert len(DOCUMENTS) == len(list(SAMPLES.glob("*.sip"))) - 3


@pytest.mark.parametrize("sample", [name for name in DOCUMENTS if name != "then_metadata_only"])
def test_in_each_dialect_there_is_a_session_with_people_who_speak_in_streams(sample: str) -> None:
    metadata = parse(DOCUMENTS[sample])
    assert metadata.session_id and not metadata.partial
    assert len(metadata.participants) == 2 and all(one.aors for one in metadata.participants.values())
    assert all(label for label in metadata.streams.values())
    if sample not in ("begins_inactive", "one_mixed_stream"):
        assert [len(metadata.sends[key]) for key in metadata.participants] == [1, 1]


def test_who_has_called_is_read_from_the_extensions_of_vendors() -> None:
    assert [one.calling for one in parse(DOCUMENTS["oracle"]).participants.values()] == [True, False]
    assert [one.calling for one in parse(DOCUMENTS["ribbon"]).participants.values()] == [True, None]
    broadworks = list(parse(DOCUMENTS["broadworks"]).participants.values())
    assert [(one.calling, one.recorded) for one in broadworks] == [(False, True), (True, False)]
    assert parse(DOCUMENTS["oracle"]).extensions["p-asserted-identity"] == '"Caller" <sip:+15550101@192.0.2.10>'


def test_what_applications_put_beside_the_call_is_found_in_extensions() -> None:
    header = '<apkt:header label="User-to-User" xmlns:apkt="urn:x"><value>0a1b;encoding=hex</value></apkt:header>'
    ucid = "<ac:AvayaUCID xmlns:ac='urn:y'> FA080001 </ac:AvayaUCID>"
    metadata = parse(recording(f"<extensiondata>{header}{ucid}</extensiondata>"))
    assert metadata.user_to_user == ("0a1b;encoding=hex", "FA080001")


# --- updates


def test_a_complete_update_replaces_and_a_partial_one_changes_by_id() -> None:
    known = merge(None, parse(TWO))
    replaced = merge(known, parse(recording(person("c"), stream("u", "1"), sends("c", "u"))))
    assert list(replaced.participants) == ["c"] and list(replaced.streams) == ["u"]
    changed = merge(known, parse(recording(person("c"), sends("b"), sends("c", "t"), mode="partial")))
    assert list(changed.participants) == ["a", "b", "c"] and not changed.partial
    assert speakers(changed, PLACES) == {0: "a", 1: "c"}


def test_who_has_left_is_in_no_stream_and_may_come_back() -> None:
    gone = (
        '<participantsessionassoc participant_id="b"><disassociate-time>x</disassociate-time></participantsessionassoc>'
    )
    known = merge(merge(None, parse(TWO)), parse(recording(gone, mode="partial")))
    assert known.participants["b"].left and speakers(known, PLACES) == {0: "a", 1: ""}
    back = merge(known, parse(recording(person("b"), mode="partial")))
    assert not back.participants["b"].left and speakers(back, PLACES) == {0: "a", 1: "b"}


@pytest.mark.parametrize("mode", ["complete", "partial"])
def test_an_update_that_names_nobody_takes_nobody_away(mode: str) -> None:
    known = merge(None, parse(TWO))
    assert merge(known, parse(recording(mode=mode))).participants == known.participants


def test_what_is_known_is_bounded_over_all_updates_and_who_has_left_makes_room() -> None:
    known = merge(None, parse(TWO))
    for number in range(3 * MAX_KNOWN):
        one = f"p{number}"
        gone = f'<participantsessionassoc participant_id="{one}"><disassociate-time>x</disassociate-time>'
        update = (person(one), stream(f"s{number}", one), sends(one, f"s{number}"), f"{gone}</participantsessionassoc>")
        extra = f"<extensiondata><e{number}>x</e{number}></extensiondata>"
        known = merge(known, parse(recording(*update, extra, mode="partial")))
    sizes = {len(known.participants), len(known.streams), len(known.sends), len(known.extensions)}
    assert sizes == {MAX_KNOWN}
    assert {"a", "b"} <= known.participants.keys()


# --- who speaks where


@pytest.mark.parametrize(
    ("document", "labels", "heard"),
    [
        (TWO, {0: "2", 1: "1"}, {0: "b", 1: "a"}),
        (TWO, {0: "", 1: ""}, {0: "a", 1: "b"}),
        (TWO, {0: "1", 2: "3"}, {0: "a", 2: ""}),
        (TWO.replace(b"<label>1</label>", b"").replace(b"<label>2</label>", b""), {0: "7", 1: "8"}, {0: "a", 1: "b"}),
        (recording(person("a"), person("b")), PLACES, {0: "a", 1: "b"}),
        (recording(person("a"), person("b")), {0: ""}, {0: None}),
        (recording(person("a")), PLACES, {0: "a", 1: ""}),
        (recording(), PLACES, {0: "", 1: ""}),
        (TWO.replace(b"<send>t", b"<send>s"), PLACES, {0: None, 1: ""}),
        (TWO.replace(b"separate", b"mixed"), PLACES, {0: None, 1: None}),
        (TWO.replace(b"<send>t</send>", b"<send></send>"), PLACES, {0: "a", 1: ""}),
    ],
    ids=["labels", "no labels in SDP", "unknown label", "no labels in metadata", "no associations", "one for two",
         "one person", "nobody", "two in one", "mixed", "empty reference"],
)  # fmt: skip
def test_who_is_heard_is_said_by_associations_and_else_by_order(
    document: bytes, labels: dict[int, str], heard: dict[int, str | None]
) -> None:
    assert speakers(parse(document), labels) == heard


def test_headers_of_network_based_recording_stand_for_metadata() -> None:
    headers = ['sip:7001@example.com;media-index="1"', "<sip:+15550101@example.com;user=phone>;media-index=0", "x", ""]
    metadata = from_headers(headers)
    assert metadata is not None
    assert speakers(metadata, {0: "", 1: ""}) == {0: "sip:+15550101@example.com;user=phone", 1: "sip:7001@example.com"}
    only_second = from_headers(headers[:1])
    assert only_second is not None and speakers(only_second, {0: "", 1: ""}) == {0: "", 1: "sip:7001@example.com"}
    assert from_headers([]) is None and from_headers(["sip:a@b"]) is None


@pytest.mark.parametrize(
    ("address", "user", "host"),
    [
        ("sip:7001@example.com", "7001", "example.com"),
        ('"Ada" <sips:Ada@Example.com:5061;x=y>;tag=1', "ada", "example.com"),
        ("+15550101@example.com", "+15550101", "example.com"),
        ("tel:+15550101;phone-context=x", "+15550101", ""),
        ("7001", "7001", ""),
        ("", "", ""),
    ],
)
def test_addresses_of_record_are_written_in_many_ways(address: str, user: str, host: str) -> None:
    assert (user_of(address), host_of(address)) == (user, host)


# --- bounds


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<",
        b"<a/>",
        b"\xff\xfe<\x00r\x00",
        TWO[:-3],
        b"<!DOCTYPE recording>" + TWO,
        b"<!DOCTYPE r [<!ENTITY a 'b'>]><recording>&a;</recording>",
        b"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><recording/>",
        b"<recording>&unknown;</recording>",
        recording("x" * MAX_DOCUMENT),
        recording("<a/>" * MAX_ELEMENTS),
        recording("<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH),
        b"<?xml version='1.0' encoding='no-such'?><recording/>" * 2,
    ],
)
def test_what_is_no_metadata_is_refused(document: bytes) -> None:
    with pytest.raises(MetadataError):
        parse(document)


@pytest.mark.parametrize("encoding", ["UTF-16", "no-such", "punycode", "iso-8859-1"])
def test_the_encoding_is_not_taken_from_the_document(encoding: str) -> None:
    declared = f"<?xml version='1.0' encoding='{encoding}'?>".encode()
    (one,) = parse(
        declared + recording(person("a", inside="<nameID><name>Zo\u00eb</name></nameID>"))
    ).participants.values()
    assert one.name == "Zo\u00eb"
    latin = recording(person("a", inside="<nameID><name>Zo\u00eb</name></nameID>")).decode().encode("latin-1")
    (one,) = parse(latin).participants.values()
    assert one.name == "Zo\u00eb"


def test_texts_are_cut_off() -> None:
    (one,) = parse(recording(person("a" * 9_000, inside=f"<nameID><name>{'b' * 9_000}</name></nameID>"))).participants
    assert len(one) == MAX_TEXT


@pytest.mark.parametrize(
    "piece",
    [
        "<participant participant_id='{n}'><nameID aor='sip:{n}@x'/></participant>",
        "<participantstreamassoc participant_id='{n}'><send>{n}</send></participantstreamassoc>",
        "<extensiondata><a><callingPartyNumber>{n}</callingPartyNumber></a></extensiondata>",
        "<stream stream_id='{n}'><label>{n}</label></stream>",
        "<session>{n}</session>&lt;{n}",
        "<participant><send>{n}</send><send>{n}</send><send>{n}</send></participant>",
    ],
)
def test_reading_takes_work_in_proportion_to_the_document(piece: str) -> None:
    """Work is counted, in lines of Python executed: eight times the document may cost some eight times as much."""

    def read(count: int) -> None:
        known = merge(None, parse(recording(*(piece.replace("{n}", str(number)) for number in range(count)))))
        speakers(merge(known, known), PLACES)

    assert lines_run(partial(read, 400)) < 10 * lines_run(partial(read, 50))


TROUBLE = [b"<", b">", b"&", b"&lt;", b'"', b"=", b"</recording>", b"<send>", b"partial", b"\0", b"\xff", b"<!--"]
TROUBLE += [b"<participant/>", b"<![CDATA[", b"]]>", b"\xc3"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(sorted(DOCUMENTS.values()))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 0, 1, 2, 8, 200]))
        data[at : at + length] = draw(st.sampled_from(TROUBLE) | st.binary(max_size=4))
    return bytes(data)


@given(
    st.lists(mutated() | st.binary(max_size=100), max_size=4), st.dictionaries(st.integers(0, 7), st.text(max_size=2))
)
def test_whatever_comes_is_read_or_refused(documents: list[bytes], labels: dict[int, str]) -> None:
    known: Metadata | None = None
    for document in documents:
        try:
            known = merge(known, parse(document))
        except MetadataError:
            continue
        heard = speakers(known, labels)
        assert heard.keys() == labels.keys()
        assert all(not who or who in known.participants for who in heard.values())
        assert parse(document) == parse(document)


@given(st.integers())
def test_updates_of_all_samples_in_any_order_are_merged(seed: int) -> None:
    documents = [parse(one) for one in DOCUMENTS.values()]
    random.Random(seed).shuffle(documents)
    known: Metadata | None = None
    for one in documents:
        known = merge(known, one)
        speakers(known, PLACES)
