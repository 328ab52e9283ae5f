"""What the caller has said since the last request to the bot: collected from voice activity and recogniser.

Each word is used once. If a turn ended with a hypothesis, the final result for the same audio still comes; it is known
by the time that it covers, and ignored. If the caller went on speaking in that phrase, only the new words count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from voicebot.events import (
    Alternative,
    AnswerKind,
    ExpectedAnswer,
    Final,
    Hypothesis,
    NoMatch,
    SpeechMayStart,
    SpeechStarted,
    SpeechStopped,
    TurnScored,
)
from voicebot.turns.end_of_turn import TurnEnd, TurnSoFar, end_rule, quiet_to_commit, quiet_to_end
from voicebot.turns.expected_answer import (
    WHOLE,
    Judgement,
    almost_counted,
    ends_in_answer,
    ends_in_part,
    judge,
)
from voicebot.turns.open_ends import goes_on, is_beginning, is_question
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.words import ends_in_number, has_numbers, remainder, words

COVER_SLACK_S = 0.25
"""A final result covers the speech even if it ends this much earlier: recognisers end a phrase at its last sound, voice
activity detection a little later."""
HYPOTHESIS_SLACK_S = 0.1
"""The same for a hypothesis, which may lack the last syllable."""
CHOICE_SLACK_S = 0.16
"""The same for one that is an answer to choose from: noise behind it is taken for its end, and a syllable that was not
heard yet makes another answer of hardly any."""

MOST_OTHERS = 6
"""Other texts of a turn that are told."""


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """A finished turn. ``text``: empty if no words were recognised. ``voiced_s``: how long the caller spoke.
    ``others``: the whole of it, with one of its phrases as something else that may have been said."""

    text: str
    confidence: float | None
    voiced_s: float
    others: tuple[Alternative, ...] = ()


class CallerSpeech:
    """The caller's current turn. Gets the events in the order in which they were noticed."""

    def __init__(self) -> None:
        self.speaking = False
        self._onset: float | None = None
        self._offset: float | None = None
        self._finals: list[Final] = []
        self._hypothesis: Hypothesis | None = None
        self._guess_before = ""  # the text of the turn with the hypothesis before that
        self._no_match = False
        self._wordless_until = float("-inf")  # the end of the last sound in which the recogniser found no words
        self._agreed = False
        self._told: tuple[tuple[str, str, ExpectedAnswer | None, str], TurnSoFar] | None = None
        self.first_guess = ""
        """What the first hypothesis of the latest phrase said."""
        self._may_speak_until = float("-inf")
        self._used_until = float("-inf")
        self._used_text = ""
        self.committed_at: float | None = None
        """When the recogniser was told in this quiet to finish its phrase; None: it was not, or has heard on since."""
        self.score_asked = False
        """Whether it has been asked in this quiet how finished the voice sounds."""
        self._score: float | None = None
        self.doubtful = False
        """Whether the voice that was detected last may be somebody else's."""
        self.prepared = ""
        """The words to which the bot's reply was last made ready in this turn."""
        self.has_interrupted = False
        """Whether a prompt was dropped for the words of this turn."""

    # --- state -------------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The words of the current turn so far."""
        parts = [self._new_text(final) for final in self._finals]
        if self._hypothesis is not None:
            parts.append(self._new_text(self._hypothesis))
        return " ".join(part.strip() for part in parts if part.strip())

    @property
    def has_words(self) -> bool:
        """Whether any word of the current turn is known."""
        return bool(self.text)

    @property
    def may_be_reworded(self) -> bool:
        """Whether the latest result is a hypothesis."""
        return self._hypothesis is not None

    @property
    def keeps_first_guess(self) -> bool:
        """Whether the words begin with the first guess."""
        guessed = words(self.first_guess)
        return words(self.text)[: len(guessed)] == guessed

    def is_sure(self, confidence: float) -> bool:
        """Whether the words are none that the recogniser has made of a noise: a final result has ``confidence``, or two
        hypotheses of a voice that goes on begin with the same words."""
        known = [final.confidence for final in self._finals]
        return self._agreed or (bool(known) and all(each is None or each >= confidence for each in known))

    @property
    def begun(self) -> bool:
        """Whether a turn has begun: the caller speaks, or has stopped and may go on."""
        return self.speaking or self._offset is not None or self.has_words

    @property
    def began(self) -> float | None:
        """When the caller began to speak in this turn; None if nobody has."""
        first = self._finals[0] if self._finals else self._hypothesis
        return first.start if self._onset is None and first is not None else self._onset

    @property
    def words_until(self) -> float:
        """When the last of the words ended; minus infinity if there are none."""
        return float("-inf") if self._newest is None else self._newest.end

    @property
    def offset(self) -> float | None:
        """Since when voice activity detection finds it quiet; None: somebody speaks, or nobody has."""
        return self._offset

    @property
    def is_heard(self) -> bool:
        """Whether it is quiet, and the words reach the end of the speech."""
        return self._offset is not None and self._covers(HYPOTHESIS_SLACK_S)

    def is_heard_by(self, event: Final) -> bool:
        """Whether it is quiet, and the result reaches the end of the speech."""
        return self._offset is not None and event.end >= self._offset - COVER_SLACK_S

    def deadline(self, turn: TurnSoFar, policy: TurnPolicy) -> float | None:
        """When the turn is over if nothing more comes; None if there is no turn. ``turn``: :meth:`so_far`."""
        if self.speaking:
            return None if self._onset is None else self._onset + policy.max_turn_s
        quiet_since = self._quiet_since()
        if quiet_since is None:
            return None
        return max(quiet_since + quiet_to_end(turn, policy), self._may_speak_until)

    def why_over(self, turn: TurnSoFar) -> TurnEnd:
        """Why the turn is over at its deadline."""
        return TurnEnd.PATIENCE if self.speaking else end_rule(turn).why

    def commit_deadline(self, turn: TurnSoFar, policy: TurnPolicy, *, over_prompt: bool) -> float | None:
        """When the recogniser is to finish its phrase, if nothing more comes: once in each quiet, and again if it has
        taken noise for more of the phrase. None: not now. ``over_prompt``: a prompt waits for it."""
        if self._offset is None or self.committed_at is not None:
            return None
        quiet = quiet_to_commit(turn, policy, over_prompt=over_prompt)
        return None if quiet is None else self._offset + quiet

    def so_far(self, expected: ExpectedAnswer | None = None, language: str = "") -> TurnSoFar:
        """What is known of the turn. ``expected``: by the bot; ``language``: that of the call."""
        by = (self.text, self._guess_before, expected, language)
        if self._told is None or self._told[0] != by:  # it is asked for several times an event
            self._told = by, _told_by_words(*by)
        told = self._told[1]
        chosen = told.judgement is Judgement.COMPLETE and told.kind is AnswerKind.CHOICE
        return replace(
            told,
            final=self._newest is not None and not self.may_be_reworded,
            hypothesis=self.may_be_reworded,
            covered=self._covers(CHOICE_SLACK_S if chosen else HYPOTHESIS_SLACK_S),
            no_match=self._no_match,
            score=self._score,
        )

    # --- events ------------------------------------------------------------------------------------------------------

    def speech_started(self, event: SpeechStarted) -> None:
        """Voice activity has detected speech."""
        self.speaking = True
        self._offset = None
        self._no_match = self.doubtful = False
        self.prepared = ""
        self._begin_quiet()
        if self._onset is None:
            self._onset = event.onset

    def speech_may_start(self, event: SpeechMayStart) -> None:
        """A voice has begun that may be the caller's, who goes on, or it has broken off."""
        self._may_speak_until = event.until

    def speech_stopped(self, event: SpeechStopped) -> None:
        """Voice activity has detected quiet."""
        self.speaking = False
        self._begin_quiet()
        if self._onset is not None:
            self._offset = event.offset

    def scored(self, event: TurnScored) -> None:
        """It was found out how finished the voice sounds. It counts only for the quiet that was asked about."""
        if event.offset == self._offset:
            self._score = event.probability

    def hypothesis(self, event: Hypothesis) -> bool:
        """A hypothesis came. True: it has words that are not used yet."""
        if self._is_used(event) or not words(self._new_text(event)):
            return False
        before = words(self._hypothesis.text) if self._hypothesis is not None else []
        self._guess_before = self.text
        if self._hypothesis is None:
            self.first_guess = self._new_text(event)
        if self.speaking:  # in quiet it is the last one again, and a final result is about to come
            self._agreed = bool(before) and words(event.text)[: len(before)] == before
        self._hypothesis = event
        if self.committed_at is not None and event.end > self.committed_at:
            self.committed_at = None
        return True

    def final(self, event: Final) -> bool:
        """A final result came. True: it has words that are not used yet."""
        if self._is_used(event):
            return False
        if self._hypothesis is not None and self._hypothesis.start < event.end:  # else it is of the next phrase
            self._hypothesis = None
        if not words(self._new_text(event)):
            return False
        self._finals.append(event)
        return True

    def no_match(self, event: NoMatch) -> None:
        """The recogniser has found no words in the speech."""
        if event.end > self._used_until + COVER_SLACK_S:
            self._no_match = True
            self._wordless_until = event.end
            self._hypothesis = None

    def echo(self, event: Hypothesis | Final) -> None:
        """The result repeats what the bot has said: it has no words of the caller."""
        self._hypothesis = None
        if isinstance(event, Final):
            self._no_match = not self._finals
            self._used_until = max(self._used_until, event.end)

    def set_aside(self, now: float) -> None:
        """Forget what was said over a prompt, which goes on. A final result that is still to come counts."""
        if self._hypothesis is None:
            self.take(now)
        else:
            self._use(self._used_until, now)

    def take(self, now: float, adds_nothing: Callable[[str, str], bool] = lambda before, text: False) -> CallerTurn:
        """End the turn and return it. The audio that it covers is then used. ``adds_nothing``: whether the text of a
        phrase only goes on with what was said before; how sure it is does not count then."""
        newest = self._newest
        text = self.text
        known = [] if newest is None else [newest.end]
        if self._offset is not None:
            known.append(self._offset)
        confidences, before = list[float](), ""
        for final in self._finals:
            if final.confidence is not None and not (before and adds_nothing(before, final.text)):
                confidences.append(final.confidence)
            before = f"{before} {final.text}".strip()
        voiced_s = 0.0 if self._onset is None else (now if self._offset is None else self._offset) - self._onset
        turn = CallerTurn(
            text=text,
            confidence=min(confidences) if confidences and self._hypothesis is None else None,
            voiced_s=voiced_s,
            others=self._others(),
        )
        self._use(max(known, default=now) if text else self._used_until, now)
        return turn

    def discard(self, now: float) -> None:
        """Forget what was said until ``now``, because the prompt ignores speech, or the bot does not listen."""
        self._use(now, now)

    # --- inside ------------------------------------------------------------------------------------------------------

    @property
    def _newest(self) -> Hypothesis | Final | None:
        if self._hypothesis is not None:
            return self._hypothesis
        return self._finals[-1] if self._finals else None

    def _covers(self, slack_s: float) -> bool:
        """Whether the latest result covers all of the speech; ``slack_s``: what a hypothesis may lack."""
        newest = self._newest
        if newest is None or self._offset is None:
            return newest is not None
        if self.may_be_reworded:
            return newest.end >= self._offset - slack_s
        return max(newest.end, self._wordless_until) >= self._offset - COVER_SLACK_S

    def _others(self) -> tuple[Alternative, ...]:
        """Known only where all of the turn is in final results, of which none was used in part."""
        finals = self._finals
        if self._hypothesis is not None or any(self._new_text(final) != final.text for final in finals):
            return ()
        found: list[Alternative] = []
        for at, final in enumerate(finals):
            for other in final.others:
                said: list[Final | Alternative] = [*finals[:at], other, *finals[at + 1 :]]
                known = [one.confidence for one in said if one.confidence is not None]
                text = " ".join(one.text.strip() for one in said)
                found.append(Alternative(text, min(known) if other.confidence is not None else None))
        found.sort(key=lambda one: one.confidence or 0.0, reverse=True)
        return tuple(found[:MOST_OTHERS])

    def _use(self, until: float, now: float) -> None:
        # the phrase of a hypothesis is not finished: its final result will repeat these words
        self._used_text = self._hypothesis.text if self._hypothesis is not None else ""
        self._used_until = max(self._used_until, until)
        self._finals.clear()
        self._hypothesis = None
        self._no_match = self._agreed = self.has_interrupted = False
        self.prepared = self.first_guess = self._guess_before = ""
        self._begin_quiet()
        self._onset = now if self.speaking else None  # a caller who is still speaking has begun the next turn
        self._offset = None

    def _is_used(self, event: Hypothesis | Final) -> bool:
        """Whether the result only repeats used words: it covers no new audio, or no new speech was detected."""
        if event.end <= self._used_until + COVER_SLACK_S:
            return True
        return event.start < self._used_until and self._onset is None

    def _new_text(self, event: Hypothesis | Final) -> str:
        if event.start < self._used_until:
            return remainder(event.text, self._used_text)
        return event.text

    def _begin_quiet(self) -> None:
        self.committed_at, self.score_asked = None, False
        self._score = None

    def _quiet_since(self) -> float | None:
        if self._offset is not None:
            return self._offset
        # words without detected voice (a quiet caller, below the gate): use the recogniser's times
        if self._hypothesis is not None:
            return self._hypothesis.at
        if self._finals:
            return self._finals[-1].end
        return None


def _told_by_words(text: str, before: str, expected: ExpectedAnswer | None, language: str) -> TurnSoFar:
    """What the words of a turn tell by themselves. ``before``: what they were with the hypothesis before."""
    judgement = judge(text, expected)
    return TurnSoFar(
        final=False,
        hypothesis=False,
        covered=False,
        no_match=False,
        words=bool(text),
        in_number=ends_in_number(text) or ends_in_part(text, expected),
        numbers=has_numbers(text),
        judgement=judgement,
        kind=AnswerKind.OPEN if expected is None else expected.kind,
        goes_on=goes_on(text, language) and not (_is_whole(text, judgement, expected) or _is_letter(text, expected)),
        beginning=is_beginning(text, language),
        one_word=len(words(text)) == 1,
        closed=ends_in_answer(text, expected),
        almost=almost_counted(text, expected, before),
        question=is_question(text),
    )


def _is_letter(text: str, expected: ExpectedAnswer | None) -> bool:
    """Whether all that was heard is a letter, where digits are ``expected``: "A." is no article then, but an eight."""
    return expected is not None and expected.kind is AnswerKind.DIGITS and list(map(len, words(text))) == [1]


def _is_whole(text: str, judgement: Judgement, expected: ExpectedAnswer | None) -> bool:
    """Whether ``text`` is all of an answer, up to its last word: after "yes, um" more is to come."""
    return judgement in WHOLE and expected is not None and words(text)[-1] not in expected.beside
