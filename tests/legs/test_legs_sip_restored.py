"""A call that one front end has, and another one goes on with, on the wire: the caller hears the other one then."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from leg_ends import LOOPBACK, Answerer, Line, Sink, tone
from waiting import until

from voicebot.address import Address
from voicebot.certificate import self_signed_pem
from voicebot.events import TAKEN, Event, HoldEnded, HoldStarted
from voicebot.legs import LegClosed, sip_restored
from voicebot.legs.sip_info import leg_info
from voicebot.legs.sip_keys import LegKeys
from voicebot.legs.sip_media import MediaPreferences
from voicebot.legs.sip_outgoing import OutgoingOptions, OutgoingSipLeg, dial
from voicebot.legs.sip_restored import RestoredSipLeg
from voicebot.legs.sip_session import LegSession
from voicebot.rtp import MediaClock
from voicebot.rtp.dtls import own_identity
from voicebot.sip import ListenAt, SessionDescription, SipEndpoint, TlsOptions
from voicebot.sip.hop import Transport
from voicebot.tasks import BackgroundTasks


class Places:
    """In the fleet."""

    id = "third"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.released = 0

    def of(self, _trunk: str, name: str) -> Places:
        self.taken.append(name)
        return self

    async def claim(self, _trunk: str) -> Places:
        return self

    def release(self) -> None:
        self.released += 1


@pytest.fixture
async def other(clock: MediaClock) -> Any:
    """Another process."""
    other = Answerer(clock)
    await other.front.start()
    yield other
    await other.front.close()
    assert other.ports.in_use == 0


def kept_of(answerer: Answerer) -> dict[str, Any]:
    """What is kept of the call, as it comes out of a store."""
    kept: dict[str, Any] = json.loads(json.dumps(answerer.legs[0].kept()))
    return kept


async def call(line: Line, answerer: Answerer, **options: Any) -> tuple[OutgoingSipLeg, Sink]:
    sink = Sink()
    leg = await dial(line.endpoint, options.get("media", line.media), answerer.address, sink=sink)
    await until(lambda: answerer.legs[0].kept() is not None)
    return leg, sink


async def test_the_caller_hears_the_other_process_and_both_may_hang_up(
    line: Line, answerer: Answerer, other: Answerer
) -> None:
    leg, heard = await call(line, answerer)
    kept = kept_of(answerer)
    answerer.legs[0].give_up()
    assert await answerer.sinks[0].reason() == TAKEN
    taken = other.front.restore(kept)
    taken.connect(sink := Sink())
    await taken.answer()
    tone(taken)
    await heard.heard.wait()
    tone(leg)
    await sink.heard.wait()
    assert taken.info.caller == answerer.legs[0].info.caller and taken.info.call_id == leg.info.call_id
    assert not heard.over.done(), "the first process has ended nothing"
    await leg.hang_up()
    assert await sink.reason() == "caller"


async def test_a_call_is_taken_twice_and_its_descriptions_have_one_origin(
    line: Line, answerer: Answerer, other: Answerer
) -> None:
    leg, heard = await call(line, answerer)
    origins = [kept_of(answerer)["media"]["origin"]]
    taken = other.front.restore(kept_of(answerer))
    answerer.legs[0].give_up()
    taken.connect(Sink())
    await taken.answer()
    origins.append(taken.kept()["media"]["origin"])  # type: ignore[index]
    assert [origin[0] for origin in origins] == [origins[0][0]] * 2 and origins[1][1] > origins[0][1] + 1
    await taken.hang_up()
    assert await heard.reason() == "caller" and leg is not None


async def test_an_encrypted_call_stays_encrypted_with_new_keys(line: Line, clock: MediaClock, other: Answerer) -> None:
    answerer = Answerer(clock, MediaPreferences(srtp="allowed"))
    await answerer.front.start()
    leg, heard = await call(line, answerer, media=line.srtp("required"))
    kept = kept_of(answerer)
    assert kept["media"]["encrypted"] and "inline:" not in json.dumps(kept["media"])
    taken = other.front.restore(kept)
    answerer.legs[0].give_up()
    taken.connect(Sink())
    await taken.answer()
    assert taken._session.rtp.protection.plain is False
    tone(taken)
    await heard.heard.wait()
    await leg.hang_up()
    await answerer.front.close()


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
async def test_a_call_over_a_connection_goes_on_over_a_new_one(
    clock: MediaClock, tmp_path: Path, transport: Transport
) -> None:
    (pem := tmp_path / "certificate.pem").write_bytes(self_signed_pem(LOOPBACK))

    def endpoint() -> SipEndpoint:
        return SipEndpoint(ListenAt(transport, LOOPBACK, 0), tls=TlsOptions(certificate=pem, ca_file=pem))

    line, first = Line(clock, endpoint()), Answerer(clock, endpoint=endpoint())
    await line.endpoint.start()
    await first.front.start()
    sink = Sink()
    to = Address.parse(f"{first.uri};transport={transport.lower()}")
    leg = await dial(line.endpoint, line.media, to, sink=sink)
    await until(lambda: first.legs[0].kept() is not None)
    kept = kept_of(first)
    first.legs[0].give_up()
    await first.front.close()  # with its connections
    second = Answerer(clock, endpoint=endpoint())
    await second.front.start()
    taken = second.front.restore(kept)
    taken.connect(theirs := Sink())
    await taken.answer()
    tone(taken)
    await sink.heard.wait()
    await leg.hang_up()
    assert await theirs.reason() == "caller"
    await second.front.close()
    await line.endpoint.close()


async def test_a_side_that_is_reached_only_over_the_connection_that_it_has_made_is_lost(
    clock: MediaClock, other: Answerer
) -> None:
    line = Line(clock)  # it listens by UDP only
    first = Answerer(clock, endpoint=SipEndpoint(ListenAt("TCP", LOOPBACK, 0)))
    await line.endpoint.start()
    await first.front.start()
    await dial(line.endpoint, line.media, Address.parse(f"{first.uri};transport=tcp"), sink=Sink())
    await until(lambda: first.legs[0].kept() is not None)
    kept = kept_of(first)
    first.legs[0].give_up()
    await first.front.close()
    taken = other.front.restore(kept)
    taken.connect(Sink())
    with pytest.raises(LegClosed):
        await taken.answer()
    await until(lambda: not other.front.active)
    await line.endpoint.close()


async def test_a_side_that_takes_no_offer_is_told_that_the_call_is_over(
    line: Line, answerer: Answerer, other: Answerer
) -> None:
    leg, heard = await call(line, answerer)
    leg._call.on_session = lambda _offer: None  # it refuses with 488
    taken = other.front.restore(kept_of(answerer))
    answerer.legs[0].give_up()
    taken.connect(Sink())
    with pytest.raises(LegClosed, match="takes no media"):
        await taken.answer()
    assert await heard.reason() == "caller"


def holds(sink: Sink) -> list[type[Event]]:
    return [type(fact) for fact in sink.facts if isinstance(fact, HoldStarted | HoldEnded)]


async def call_with_handshake(line: Line, answerer: Answerer) -> tuple[OutgoingSipLeg, Sink]:
    """A caller whose first offer is DTLS-SRTP, as a gateway's is."""
    session = LegSession.open(line.srtp("allowed"))
    session.stream.keys = LegKeys.made_anew({"ice": False, "mux": True, "mid": "a", "bundle": ["a"]})
    call = line.endpoint.invite(answerer.address, session.offer())
    info = leg_info(call, session.stream.codec, line.endpoint.lines)
    leg = OutgoingSipLeg(call, session, info, BackgroundTasks(), OutgoingOptions())
    leg.connect(sink := Sink())
    await leg.answer()
    await until(lambda: answerer.legs[0].kept() is not None and answerer.legs[0].quality().encrypted)
    return leg, sink


async def test_keys_of_a_handshake_are_made_anew_with_the_other_process(
    line: Line, answerer: Answerer, other: Answerer
) -> None:
    leg, heard = await call_with_handshake(line, answerer)
    kept, before = kept_of(answerer), own_identity().fingerprint
    own_identity.cache_clear()  # another process has another certificate
    taken = other.front.restore(kept)
    answerer.legs[0].give_up()
    taken.connect(sink := Sink())
    await taken.answer()
    assert own_identity().fingerprint != before and taken.quality().encrypted
    tone(taken)
    await heard.heard.wait()
    tone(leg)
    await sink.heard.wait()
    assert not taken._session.rtp.protection.plain and taken.kept()["media"]["handshake"] == kept["media"]["handshake"]  # type: ignore[index]
    await leg.hang_up()
    assert await sink.reason() == "caller"


async def test_a_side_that_makes_no_keys_again_is_told_that_the_call_is_over(
    line: Line, answerer: Answerer, other: Answerer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sip_restored, "KEYS_S", 0.2)
    leg, heard = await call_with_handshake(line, answerer)
    session = leg._session

    def answers_only(offer: SessionDescription | None) -> SessionDescription | None:
        agreed = session.agreed_by_offer(offer) if offer is not None else None
        return session.answer(offer, agreed) if offer is not None and agreed is not None else None

    leg._call.on_session = answers_only
    own_identity.cache_clear()
    taken = other.front.restore(kept_of(answerer))
    answerer.legs[0].give_up()
    taken.connect(Sink())
    with pytest.raises(LegClosed, match="makes no keys"):
        await taken.answer()
    assert await heard.reason() == "caller"


@pytest.mark.parametrize("held", ["sendonly", "inactive"])
async def test_a_call_on_hold_stays_on_hold_until_who_holds_it_is_back(
    line: Line, answerer: Answerer, other: Answerer, held: Literal["sendonly", "inactive"]
) -> None:
    leg, heard = await call(line, answerer)
    leg._session.direction = held
    leg._reoffer()
    await until(lambda: holds(answerer.sinks[0]) == [HoldStarted])
    taken = other.front.restore(kept_of(answerer))
    answerer.legs[0].give_up()
    taken.connect(sink := Sink())
    await taken.answer()
    assert holds(sink) == [HoldStarted]
    tone(taken)
    await asyncio.sleep(0.2)
    assert not heard.heard.is_set(), "who holds us is not talked to"
    leg.hold(False)
    await heard.heard.wait()
    assert holds(sink) == [HoldStarted, HoldEnded]
    await leg.hang_up()


async def test_a_caller_who_was_put_on_hold_for_a_transfer_is_talked_to_again(
    line: Line, answerer: Answerer, other: Answerer
) -> None:
    leg, heard = await call(line, answerer)
    answerer.legs[0].hold(True)
    await until(lambda: holds(heard) == [HoldStarted] and answerer.legs[0]._call.can_reoffer)
    taken = other.front.restore(kept_of(answerer))
    answerer.legs[0].give_up()
    taken.connect(sink := Sink())
    await taken.answer()
    await until(lambda: holds(heard) == [HoldStarted, HoldEnded])
    tone(leg)
    await sink.heard.wait()
    await leg.hang_up()


@pytest.mark.parametrize("noted", [True, False])
async def test_a_process_that_was_killed_between_its_offer_and_the_ack_leaves_a_call_that_goes_on(
    line: Line, answerer: Answerer, other: Answerer, noted: bool
) -> None:
    leg, heard = await call(line, answerer)
    before = kept_of(answerer)
    answerer.legs[0].hold(True)
    kept = kept_of(answerer) if noted else before
    answerer.legs[0].give_up()  # it does not hear the 200
    await until(lambda: HoldStarted in holds(heard))
    taken = other.front.restore(kept)
    taken.connect(sink := Sink())
    await taken.answer()
    await until(lambda: holds(heard) == [HoldStarted, HoldEnded])
    tone(taken)
    await heard.heard.wait()
    tone(leg)
    await sink.heard.wait()
    await leg.hang_up()
    assert await sink.reason() == "caller"


async def test_who_was_consulted_is_hung_up_on(line: Line, answerer: Answerer, other: Answerer) -> None:
    _, heard = await call(line, answerer)
    kept = kept_of(answerer)
    answerer.legs[0].give_up()
    other.front.hang_up_on(kept)
    assert await heard.reason() == "caller"
    await until(lambda: not other.front.active)
    other.front.hang_up_on({"sip": {}})


@pytest.mark.parametrize("status", [486, 200])
async def test_a_call_in_a_blind_transfer_goes_on_until_the_other_side_has_carried_it_out(
    line: Line, answerer: Answerer, other: Answerer, status: int
) -> None:
    leg, heard = await call(line, answerer)
    asked: list[str] = []
    leg.on_transfer_asked = lambda target: not asked.append(target)  # type: ignore[func-returns-value]
    transfer = asyncio.create_task(answerer.legs[0].transfer(Address.parse(f"sip:desk@{LOOPBACK}")))
    await until(lambda: asked)
    taken = other.front.restore(kept_of(answerer))
    answerer.legs[0].give_up()
    taken.connect(sink := Sink())
    await taken.answer()
    leg.transfer_result(status)  # to whom nobody has asked for it here
    tone(taken)
    await heard.heard.wait()
    assert not sink.over.done()
    if status == 200:
        await leg.hang_up()  # it has the target now
        assert await sink.reason() == "caller"
    else:
        await taken.hang_up()
    assert not (await transfer).accepted


@pytest.mark.parametrize("media", [{"handshake": True}, {"codec": "opus/1"}, {"origin": None}, {"named": [3]}])
async def test_a_call_that_cannot_go_on_is_ended_with_the_other_side(
    line: Line, answerer: Answerer, other: Answerer, media: dict[str, Any]
) -> None:
    _, heard = await call(line, answerer)
    kept = kept_of(answerer)
    answerer.legs[0].give_up()
    with pytest.raises(ValueError, match="media"):
        other.front.restore(kept | {"media": kept["media"] | media}, (places := Places()).of)
    assert await heard.reason() == "caller"
    await until(lambda: not other.front.active)
    assert (len(places.taken), places.released) == (1, 1)


async def test_a_call_keeps_its_place_in_the_fleet_until_it_is_over(
    line: Line, clock: MediaClock, other: Answerer
) -> None:
    answerer, places = Answerer(clock, share=Places().claim), Places()
    await answerer.front.start()
    leg, _ = await call(line, answerer)
    taken: RestoredSipLeg = other.front.restore(kept_of(answerer), places.of)
    answerer.legs[0].give_up()
    taken.connect(Sink())
    await taken.answer()
    assert (places.taken, places.released) == (["third"], 0)
    assert taken.kept()["place"] == "third"  # type: ignore[index]
    await leg.hang_up()
    await until(lambda: places.released == 1)
    await answerer.front.close()
