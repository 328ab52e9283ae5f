"""What the bot has said, and whether something that was heard is its echo, by the words. Pure.

The sound of an echo is taken out before it is recognised (``speech/echo.py``); this is for what gets through. A
recogniser mishears echoes, so letters are compared, with up to a fifth of them wrong, and without regard to where
words begin. That takes about 0.1 ms.

Callers repeat what was offered to them, too. But an echo stops when the prompt stops: who still speaks some time after
that is no echo, whatever is said.
"""

from __future__ import annotations

import re

from voicebot.turns.words import contains, words

CHARACTERS_PER_SECOND = 15.0
"""An average speaking rate, used to estimate the words heard: a prompt's full length is not known if it is cut off."""

LEAST_WORDS = 3
LEAST_LETTERS = 12
"""Shorter texts are alike by chance."""
MOST_LETTERS = 80
"""Of what was heard."""
WRONG_SHARE = 0.2
AROUND = 100
"""How many letters are looked at before and after the one that is being said: the rate is only estimated."""

ECHO_S = 1.0
"""How long after a prompt the text of its echo may still come."""
ECHO_LASTS_S = 0.6
"""How long its sound may go on when the prompt was paused or has ended: half a second of delay is the most that is
known, and what is heard of a voice ends a little late."""

_MARKUP = re.compile(r"<[^<>]*>")


def plain(text: str) -> str:
    """``text``, which may be SSML, without markup, and with one blank between words."""
    return " ".join(_MARKUP.sub(" ", text).split())


class Spoken:
    """A prompt that the caller hears, or has heard. ``text``: may be SSML; ``since``: when it began."""

    def __init__(self, text: str, since: float) -> None:
        self.since = since
        self.ended: float | None = None
        """When it ended, or was dropped."""
        self._text = plain(text)
        self._letters = "".join(words(self._text))

    def is_repeated(self, heard: str, start: float, *, noticed: bool) -> bool:
        """Whether ``heard``, from ``start`` on, is a part of the prompt. ``noticed``: voice activity took it for the
        caller's voice; then a few words may be the caller's own, who repeats them."""
        found = words(heard)
        if not found:
            return False
        if len(found) < LEAST_WORDS or sum(map(len, found)) < LEAST_LETTERS:
            return not noticed and contains(self._text, found)
        at = round((start - self.since) * CHARACTERS_PER_SECOND * len(self._letters) / max(1, len(self._text)))
        return is_near("".join(found)[:MOST_LETTERS], self._letters[max(0, at - AROUND) : max(0, at) + 2 * AROUND])


class RecentSpeech:
    """What the caller hears of the bot, and heard last."""

    def __init__(self) -> None:
        self.since: float | None = None
        """Since when the bot has been speaking without a break; None: it is silent."""
        self._playing: tuple[int, Spoken] | None = None
        self._before: Spoken | None = None
        self._paused_at: float | None = None
        self._silent_since: float | None = None

    def started(self, number: int, text: str, at: float) -> None:
        """The utterance ``number`` is heard from ``at`` on."""
        before = self._before
        if self.since is None or before is None or before.ended is None or at - before.ended > ECHO_S:
            self.since = at
        self._playing = number, Spoken(text, at)
        self._silent_since = None

    def ended(self, number: int, at: float, *, more: bool) -> None:
        """Of the utterance ``number``, nothing is heard after ``at``. ``more``: another one follows."""
        if self._playing is not None and self._playing[0] == number:
            self._before, self._playing = self._playing[1], None
            self._before.ended = at
            self.since = self.since if more else None
            if not more and self._silent_since is None:
                self._silent_since = at

    def paused(self, at: float) -> None:
        """Nothing is heard from ``at`` on."""
        self._paused_at = self._silent_since = at

    def resumed(self, at: float) -> None:
        """It goes on."""
        if self._paused_at is not None and self._playing is not None:
            self._playing[1].since += at - self._paused_at
        self._paused_at = self._silent_since = None

    def played_s(self, at: float) -> float:
        """For how long the utterance that plays had been heard at ``at``."""
        return 0.0 if self._playing is None else at - self._playing[1].since

    def is_repeated(self, heard: str, start: float, end: float, *, noticed: bool) -> bool:
        """Whether ``heard``, from ``start`` to ``end``, is an echo: see :meth:`Spoken.is_repeated`."""
        if noticed and self._silent_since is not None and end - self._silent_since > ECHO_LASTS_S:
            return False
        playing, before = self._playing, self._before
        if playing is not None and playing[1].is_repeated(heard, start, noticed=noticed):
            return True
        if before is None or before.ended is None:
            return False
        until = before.ended if playing is None else before.ended + ECHO_S
        return start < until and before.is_repeated(heard, start, noticed=noticed)


def is_near(wanted: str, text: str) -> bool:
    """Whether ``text`` contains ``wanted``, up to ``WRONG_SHARE`` of its letters being wrong, missing or too many."""
    most_wrong = int(len(wanted) * WRONG_SHARE)
    piece = len(wanted) // (most_wrong + 1)
    if not any(wanted[i : i + piece] in text for i in range(0, len(wanted) - piece + 1, piece)):
        return False  # with so few wrong letters, one of the pieces would be right
    return _least_wrong(wanted, text) <= most_wrong


def _least_wrong(wanted: str, text: str) -> int:
    """The least edit distance between ``wanted`` and a part of ``text``: Myers, "A fast bit-vector algorithm for
    approximate string matching" (1999). Each integer has one bit for each letter of ``wanted``."""
    places: dict[str, int] = {}
    for i, letter in enumerate(wanted):
        places[letter] = places.get(letter, 0) | 1 << i
    ones, last = (1 << len(wanted)) - 1, 1 << (len(wanted) - 1)
    more, fewer = ones, 0
    wrong = least = len(wanted)
    for letter in text:
        same = places.get(letter, 0)
        across = (((same & more) + more) ^ more) | same
        up, down = fewer | ~(across | more) & ones, more & across
        if up & last:
            wrong += 1
        elif down & last:
            wrong -= 1
            least = min(least, wrong)
        up, down = up << 1 & ones, down << 1 & ones
        vertical = same | fewer
        more, fewer = down | ~(vertical | up) & ones, up & vertical
    return least
