"""Our INFO within a call, on virtual time: what is told to the other side, and what it says to that."""

from __future__ import annotations

import pytest
from sip_calls import offered, up
from sip_peer import Peer

from voicebot.sip.message import SipRequest
from voicebot.sip.outputs import CallEnded
from voicebot.sip.siprec import on_demand

START = on_demand("start", "Assist")


def informing(peer: Peer, told: list[int]) -> SipRequest:
    call, _ = up(peer)
    assert call.inform(START, told.append, peer.now)
    (info,) = peer.command()
    assert isinstance(info, SipRequest) and info.method == "INFO"
    return info


@pytest.mark.parametrize("status", [200, 405, 481])
def test_the_other_side_is_told_and_its_answer_comes_back(status: int) -> None:
    peer, told = Peer(), list[int]()
    info = informing(peer, told)
    assert info.headers["X-AC-Action"] == "start-siprec;recording-ip-group=Assist;recorded-side=peer"
    assert (info.body, info.headers.get("Content-Type")) == (b"", None)
    peer.send(peer.reply(info, 100))
    assert told == []
    peer.send(peer.reply(info, status))
    assert told == [status]


def test_where_nobody_answers_it_is_sent_again_and_given_up_in_time() -> None:
    peer, told = Peer(), list[int]()
    info = informing(peer, told)
    again = peer.wait(3.0)
    assert again and {one.method for one in again if isinstance(one, SipRequest)} == {info.method}
    peer.wait(32.0)
    assert told == [408] and not peer.has(CallEnded)


def test_before_a_call_is_up_and_after_it_nothing_is_told() -> None:
    peer, told = Peer(), list[int]()
    assert not offered(peer).inform(START, told.append, peer.now)
    peer = Peer()
    call, tag = up(peer)
    peer.send(peer.request("BYE", cseq=2, to_tag=tag))
    assert not call.inform(START, told.append, peer.now)
    assert peer.command() == [] and told == []


@pytest.mark.parametrize("headers", [{"X-A": "1\r\nX-B: 2"}, {"X A": "1"}])
def test_what_is_no_header_is_refused_and_not_sent(headers: dict[str, str]) -> None:
    peer = Peer()
    call, _ = up(peer)
    with pytest.raises(ValueError, match="malformed header"):
        call.inform(headers, lambda _: None, peer.now)
    assert peer.command() == []
