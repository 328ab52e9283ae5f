"""What may be said where certain phrases are expected, over the tokens of the recogniser's model.

The grammar is any number of the phrases, one after the other, each beginning with a small or a capital letter, with
punctuation between them; where a string of digits is asked for, numerals too. It is a graph: an edge for each token
that may come next. Since a phrase may be the beginning of another, a text leads to several nodes: its *places*. The
model's search walks them (:meth:`~voicebot.localspeech.moonshine.Moonshine.transcribe`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from voicebot.localspeech.vocabulary import SPACE, Vocabulary

PUNCTUATION = (b",", b".", b"-", b"?", b"!")
LONGEST_WORD = 40
"""Letters. A phrase with a longer one is left out: nobody says it, and to make tokens of it takes its time."""
NUMERALS = tuple(str(digit).encode() for digit in range(10))


@dataclass(eq=False, slots=True)
class Node:
    """``after``: the tokens that continue the phrase; ``ends``: the phrase may end here, and all that is said."""

    after: dict[int, Node] = field(default_factory=dict)
    ends: bool = False


Places = frozenset[Node]


class PhraseGrammar:
    """See the module's text. ``start``: the places before the first token."""

    def __init__(self, phrases: Iterable[str], vocabulary: Vocabulary, numerals: bool) -> None:
        root, ids = Node(), vocabulary.ids
        for phrase in phrases:
            bare = phrase.strip(" .,?!")
            if max(map(len, bare.split()), default=0) > LONGEST_WORD:
                continue
            for written in {bare, bare[:1].upper() + bare[1:]} - {""}:
                node = root
                for token in vocabulary.tokenize(written):
                    node = node.after.setdefault(token, Node())
                node.ends = True
        mark = Node(ends=True)
        if numerals:
            numeral = Node(ends=True)
            numeral.after = mark.after = {ids[digit]: numeral for digit in NUMERALS}
            root.after.setdefault(ids[SPACE.encode()], Node()).after.update(numeral.after)
        self.start: Places = frozenset((root,))
        self._next_phrase = Node(root.after | {ids[character]: mark for character in PUNCTUATION if character in ids})
        self._known: dict[Places, dict[int, Places]] = {}

    def after(self, places: Places) -> dict[int, Places]:
        """The tokens that may come next, with where they lead to."""
        if places not in self._known:
            edges: dict[int, set[Node]] = {}
            for node in (*places, *([self._next_phrase] if ends(places) else [])):
                for token, following in node.after.items():
                    edges.setdefault(token, set()).add(following)
            self._known[places] = {token: frozenset(nodes) for token, nodes in edges.items()}
        return self._known[places]


def ends(places: Places) -> bool:
    """Whether all may end here."""
    return any(node.ends for node in places)
