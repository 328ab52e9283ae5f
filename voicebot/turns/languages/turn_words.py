"""What the turn machine knows of a language."""

from __future__ import annotations

from dataclasses import dataclass

Phrases = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnWords:
    """Words and phrases in small letters; apostrophes are the only marks that count.

    What callers say over a prompt (``back_channel.py``):

    * ``plain_yes``: a yes, and nothing else.
    * ``listening``: what only shows that the caller listens, beside the sounds that do so everywhere.
    * ``praise``: what those say who like what they hear, and ``praising``: what may be before each of that.
    * ``interrupting``: what interrupts, though it is a word or two.

    Where sentences end (``open_ends.py``):

    * ``open_ends``: last words that want another one. ``closed_ends``: whole answers, though they end so.
    * ``asked_verbs``: last words of a question within a sentence ("where my order is"), and ``asked_beginnings``: its
      first ones.
    * ``subjects``: pronouns with which statements begin ("I"), of which a few words are often but the beginning.
    * ``clauses``: the beginnings of clauses that a sentence begins with, and that want another one ("when I").

    What is said behind an answer (``given_answer.py``):

    * ``yes``, ``no``: words of which one makes a yes or a no of what answers a question for these; "isn't" is "isn" and
      "t".
    * ``unsure``: words of which one makes such an answer neither.
    * ``closing``: what says that this is all, also where a yes or a no in it would mean the opposite; ``regrets``: the
      same, behind a no.

    ``still_there``: what callers hear when their call went on in another process (``still_there.py``).
    """

    plain_yes: frozenset[str]
    listening: Phrases
    praise: Phrases
    praising: Phrases
    interrupting: Phrases
    open_ends: Phrases
    closed_ends: Phrases
    asked_verbs: frozenset[str] = frozenset()
    asked_beginnings: frozenset[str] = frozenset()
    subjects: frozenset[str]
    clauses: Phrases
    yes: frozenset[str]
    no: frozenset[str]
    unsure: frozenset[str]
    closing: Phrases
    regrets: Phrases
    still_there: str
