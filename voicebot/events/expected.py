"""What the bot expects the caller to answer, as far as it says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AnswerKind(StrEnum):
    """What kind of answer is expected."""

    OPEN = "open"
    """Anything: a sentence, a name."""
    CHOICE = "choice"
    """One of a few that are known: yes or no, an option of a menu."""
    DIGITS = "digits"
    """A string of digits."""
    SPELLED = "spelled"
    """Letters and digits, one by one."""
    VALUE = "value"
    """A date, a time, an amount: a value that may be said in many ways, and of which more may always come."""


class Pace(StrEnum):
    """How soon a caller's turn is over."""

    QUICK = "quick"
    """For short answers of callers who know what is asked."""
    USUAL = "usual"
    PATIENT = "patient"
    """For callers who have to think or to look something up."""


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """What the answer that the bot waits for looks like. All words and phrases are in small letters, without
    punctuation, phrases with one blank between words.

    * ``least``, ``most``: how many characters DIGITS and SPELLED have.
    * ``words``: of DIGITS and SPELLED those that stand for one character each ("four"); of VALUE those of which values
      are made ("forty", "may"), beside numerals.
    * ``others``: of DIGITS and SPELLED the other words of numbers ("forty"), with which the digits are not counted; of
      VALUE the words that want another one behind them ("half", "of").
    * ``answers``: phrases that are a whole answer ("yes", "the first one"), of CHOICE all that callers usually say; of
      VALUE also those that end one ("cents", "in the morning").
    * ``open_answers``: those of ``answers`` of which more may come ("account" where "account balance" is another).
    * ``beside``: words and phrases that change nothing in an answer ("please", "um", "i would like").
    * ``commands``: phrases that callers may say at any time, and that are no answer ("repeat that", "an agent").
    * ``likely``: where there are only a few different answers, a phrase for each of them.
    """

    kind: AnswerKind
    least: int = 0
    most: int = 0
    words: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()
    open_answers: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    likely: tuple[str, ...] = ()
