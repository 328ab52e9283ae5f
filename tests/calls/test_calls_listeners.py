"""Listening in: who hears what of a call, and what it costs the others."""

from __future__ import annotations

import pytest

from voicebot.calls.listeners import FRAMES, MOST_WAITING, Listeners, Piece, Side

pytestmark = pytest.mark.virtual_time

FRAME = b"\x7f" * 160


class Secret:
    said = False

    def __call__(self) -> bool:
        return self.said


async def test_both_sides_are_heard_in_pieces_by_everybody_who_listens() -> None:
    listeners = Listeners(Secret())
    one, other = listeners.join(), listeners.join()
    for _ in range(FRAMES):
        listeners.hear(Side.CALLER, b"c")
        listeners.hear(Side.BOT, b"b")
    expected = [Piece(Side.CALLER, b"c" * FRAMES), Piece(Side.BOT, b"b" * FRAMES)]
    assert await one.pieces(1.0) == await other.pieces(1.0) == expected
    assert await one.pieces(1.0) == []


async def test_while_the_recording_is_paused_nothing_is_heard() -> None:
    listeners = Listeners(secret := Secret())
    one = listeners.join()
    secret.said = True
    for _ in range(3 * FRAMES):
        listeners.hear(Side.CALLER, b"4")
    assert await one.pieces(1.0) == []
    secret.said = False
    for _ in range(FRAMES):
        listeners.hear(Side.CALLER, b"c")
    assert await one.pieces(1.0) == [Piece(Side.CALLER, b"c" * FRAMES)]


async def test_who_does_not_take_it_loses_the_oldest_and_no_memory() -> None:
    listeners = Listeners(Secret())
    one = listeners.join()
    for number in range(2 * MOST_WAITING):
        for _ in range(FRAMES):
            listeners.hear(Side.BOT, bytes([number]))
    pieces = await one.pieces(1.0)
    assert pieces is not None
    assert [piece.audio[0] for piece in pieces] == list(range(MOST_WAITING, 2 * MOST_WAITING))


async def test_who_leaves_hears_no_more_and_the_end_of_the_call_is_told() -> None:
    listeners = Listeners(Secret())
    one, other = listeners.join(), listeners.join()
    listeners.leave(other)
    for _ in range(FRAMES):
        listeners.hear(Side.CALLER, b"c")
    listeners.end()
    assert await other.pieces(1.0) == []
    assert await one.pieces(1.0) == [Piece(Side.CALLER, b"c" * FRAMES)]
    assert await one.pieces(1.0) is None
    late = listeners.join()
    assert await late.pieces(1.0) is None
    listeners.leave(one)
    listeners.leave(late)
    assert not listeners
