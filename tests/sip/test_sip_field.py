"""Cases of the field (tests/field/README.md) that need the time to pass quickly: in the core, on virtual time."""

from __future__ import annotations

import pytest
from sip_peer import Peer, reply, statuses, up


@pytest.mark.parametrize("status", [405, 501])
def test_a_session_is_refreshed_by_invite_where_update_is_allowed_but_not_implemented(status: int) -> None:
    """A B2BUA wrote the other side's Allow."""
    peer = Peer(session_expires_s=1800)
    up(peer, Supported="timer", Session_Expires="90;refresher=uas", Allow="INVITE, ACK, BYE, UPDATE")
    update, *_ = peer.wait(50)
    assert statuses([update]) == ["UPDATE"]
    again = peer.send(reply(peer, update, status)) + peer.wait(10)
    assert statuses(again)[:1] == ["INVITE"]
