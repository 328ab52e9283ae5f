"""What our bot and the caller have said before the bot handed the caller over to an agent, from that call's record.

A transfer carries the id of the bot's call (:func:`voicebot.call_headers.carrying`). Where the call between people
brings it back, in its metadata or headers, its transcript begins with the bot's. Times before the call are negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from voicebot.address import Address, AddressError
from voicebot.assist.entries import Utterance
from voicebot.assist.redaction import RedactionPolicy
from voicebot.assist.redaction.redactor import Redactor
from voicebot.call_headers import carried
from voicebot.events.parties import Party, Role
from voicebot.legs.recorded import RecordedInfo

BOT: Final = Party("bot", Role.BOT)
CALLER_KEY: Final = "earlier caller"
MOST_TURNS: Final = 500
_SPOKEN: Final = ("speech", "interrupted")
"""Turns in which the caller has said something: keys may be a secret."""


class EarlierHalf(NamedTuple):
    """``parties``: the caller, as the bot's call knew them, and the bot."""

    parties: tuple[Party, Party]
    utterances: list[Utterance]


class _Said(NamedTuple):
    party: str
    text: str
    begin_ms: float
    end_ms: float


def earlier_call(info: RecordedInfo) -> str:
    """The id of the bot's call that ``info`` brings back; empty: it brings back none."""
    return carried((*info.user_to_user, *info.headers.values()))


def earlier_half(record: Mapping[str, Any], began_at: datetime, policy: RedactionPolicy) -> EarlierHalf:
    """What was said in the call of ``record``, redacted. ``began_at``: when the call between people began. Raises
    ValueError for what is no record of a call of a bot."""
    try:
        before_ms = (began_at - datetime.fromisoformat(str(record["started"]))).total_seconds() * 1000
        language = str(record["language"])
        said = sorted(_said(record["turns"][:MOST_TURNS]), key=lambda one: one.begin_ms)
        caller = Party(CALLER_KEY, Role.CALLER, str(record["display_name"]), _address(record))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no record of a call of a bot: {error!r}") from error
    redactor, shown = Redactor(policy), {}
    for number, one in enumerate(said):
        for redacted in redactor.final(one.party, f"before{number}", one.text, one.begin_ms / 1000, language):
            shown[redacted.utterance_id] = redacted
        for redacted in redactor.settle(one.party, one.end_ms / 1000):
            shown[redacted.utterance_id] = redacted
    utterances = [
        Utterance(
            redacted.utterance_id,
            one.party,
            redacted.text,
            round(one.begin_ms - before_ms),
            round(one.end_ms - before_ms),
            False,
            redacted.withheld,
            language,
        )
        for one, redacted in zip(said, shown.values(), strict=True)
    ]
    return EarlierHalf((caller, BOT), utterances)


def _said(turns: Sequence[Any]) -> Iterator[_Said]:
    for turn in turns:
        caller, bot = turn["caller"], turn["bot"]
        text = caller["text"] or caller["final_text"]
        begin = _first(caller["speech_start_ms"], caller["first_hypothesis_ms"], bot["asked_ms"])
        if text and turn["kind"] in _SPOKEN and begin is not None:
            yield _Said(CALLER_KEY, text, begin, _first(caller["speech_end_ms"], caller["final_ms"], begin) or begin)
        begin = _first(bot["first_packet_ms"], bot["first_message_ms"], bot["asked_ms"])
        if bot["text"] and begin is not None:
            yield _Said(BOT.key, bot["text"], begin, _first(bot["playback_end_ms"], begin) or begin)


def _first(*times: float | None) -> float | None:
    return next((time for time in times if time is not None), None)


def _address(record: Mapping[str, Any]) -> Address | None:
    try:
        return Address.parse(str(record["caller_uri"] or record["caller"]))
    except AddressError:
        return None
