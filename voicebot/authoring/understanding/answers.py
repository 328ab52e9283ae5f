"""Yes and no, one of several options, and what is asked for at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from itertools import pairwise

from voicebot.authoring.understanding.numbers import NumberReader, NumberWords
from voicebot.authoring.understanding.tokens import Token
from voicebot.authoring.understanding.vocabulary import Vocabulary

SHORT = 5
"""Words of an answer in which words such as "right" and "fine" are a yes."""

MAX_OPTIONS = 500


class _Sense(Enum):
    YES = "yes"
    NO = "no"
    NEITHER = "neither"


class YesNoReader:
    """Yes, no, or neither.

    The longer phrase decides ("yes, that's not right" is no); with phrases as long as each other it stays open, unless
    the caller took the first back ("no wait, yes").
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        strong = [(phrase, _Sense.NEITHER) for phrase in vocabulary.listed("neither")]
        strong += [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes")]
        strong += [(phrase, _Sense.NO) for phrase in vocabulary.listed("no")]
        weak = [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes_if_short")]
        self._strong = vocabulary.phrases(strong)
        at_end = [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes_at_end")]
        self._at_end = vocabulary.phrases(at_end + [(phrase, _Sense.NO) for phrase in vocabulary.listed("no_at_end")])
        self._all = vocabulary.phrases(strong + weak)
        alone = [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes_alone")]
        self._alone = vocabulary.phrases(alone + [(phrase, _Sense.NO) for phrase in vocabulary.listed("no_alone")])
        self._negations = vocabulary.words("negations")
        self._retractions = vocabulary.listed_phrases("correction", "retractions")

    def read(self, text: str) -> bool | None:
        tokens = self._vocabulary.content(text)
        if (hit := self._alone.at(tokens, 0)) is not None and len({token.word for token in tokens}) == hit[0]:
            return hit[1] is _Sense.YES
        decided = self._weigh(tokens)
        if decided is None:
            for start, stop, _ in reversed(self._retractions.find(tokens)):
                if 0 < stop < len(tokens) and stop - start > 1:
                    return self._weigh(tokens[stop:])
        return decided

    def says_no_first(self, tokens: Sequence[Token]) -> int:
        """How many tokens at the beginning say no and nothing else."""
        index = 0
        while (hit := self._strong.at(tokens, index)) is not None and hit[1] is _Sense.NO:
            index += hit[0]
            # "that's not" goes on with what it is not: "right".
            negated = tokens[index - 1].word in self._negations
            if negated and (yes := self._all.at(tokens, index)) is not None and yes[1] is _Sense.YES:
                index += yes[0]
        return index

    def is_answer_only(self, tokens: Sequence[Token]) -> bool:
        """Whether ``tokens`` hold nothing but yes, no and the like."""
        covered = sum(stop - start for start, stop, _ in self._all.find(tokens))
        return covered + sum(token.word in self._negations for token in tokens) >= len(tokens)

    def is_no_name(self, tokens: Sequence[Token]) -> bool:
        """Whether ``tokens`` are yes, no, "I don't know" and nothing else."""
        return sum(stop - start for start, stop, _ in self._strong.find(tokens)) == len(tokens)

    def _weigh(self, tokens: Sequence[Token]) -> bool | None:
        phrases = self._all if len(tokens) <= SHORT else self._strong
        weights = {_Sense.YES: 0, _Sense.NO: 0, _Sense.NEITHER: 0}
        for start, stop, sense in phrases.find(tokens):
            negated = sense is _Sense.YES and self._negated(tokens[max(0, start - 2) : start])
            meant = _Sense.NO if negated else sense
            weights[meant] = max(weights[meant], stop - start + negated)
        for start, stop, sense in self._at_end.find(tokens):
            if stop == len(tokens):
                weights[sense] = max(weights[sense], stop - start)
        yes, no, neither = weights[_Sense.YES], weights[_Sense.NO], weights[_Sense.NEITHER]
        first = self._strong.at(tokens, 0)
        if yes == no or neither > max(yes, no) or (yes > no and first is not None and first[1] is _Sense.NO):
            return None  # "no, that's right" may be either
        return yes > no

    def _negated(self, before: Sequence[Token]) -> bool:
        return any(token.word in self._negations for token in before)


class Choices:
    """One of several options, each with the words that callers have for it."""

    def __init__(self, vocabulary: Vocabulary, numbers: NumberWords) -> None:
        self._vocabulary = vocabulary
        self._numbers = numbers
        self._ignored = vocabulary.words("choice", "ignored")
        self._position_words = vocabulary.words("choice", "position_words")
        self._last = vocabulary.listed_phrases("choice", "last")
        self._excluded_by = vocabulary.words("choice", "excluded_by")
        self._wanted = lru_cache(maxsize=4096)(self._wanted_words)

    def read(self, text: str, options: Mapping[str, Iterable[str]]) -> str | None:
        """The option meant, by the phrase with most words; None where there is none or it is not clear which.

        An option that follows "not" is out. Failing whole phrases, words that only one option has decide; failing
        these, its place ("the second one").
        """
        said = self._normal(self._vocabulary.content(text))
        uttered = _Said(said)
        whole: dict[str, int] = {}
        partly: dict[str, int] = {}
        excluded: set[str] = set()
        names = list(options)[:MAX_OPTIONS]
        for name in names:
            for phrase in (name, *options[name]):
                wanted = self._wanted(str(phrase))
                if uttered.joined(wanted):
                    whole[name] = max(whole.get(name, 0), 2)
                for at in uttered.places(wanted):
                    if at and said[at - 1] in self._excluded_by:
                        excluded.add(name)
                    else:
                        whole[name] = max(whole.get(name, 0), len(wanted))
                common = sum(bool(uttered.alike(word)) for word in wanted if word not in self._ignored)
                if common:
                    partly[name] = max(partly.get(name, 0), common)
        for found in (whole, partly):
            left = {name: weight for name, weight in found.items() if name not in excluded}
            if left:
                best = max(left.values())
                winners = [name for name, weight in left.items() if weight == best]
                return winners[0] if len(winners) == 1 else None
        return None if excluded else self._by_place(text, names)

    def _by_place(self, text: str, names: Sequence[str]) -> str | None:
        tokens = self._vocabulary.content(text)
        if self._last.find(tokens):
            return names[-1] if names else None
        atoms = self._numbers.atoms(tokens)
        ordinals = [int(atom.value) for atom in atoms if atom.kind == "ordinal"]
        if not ordinals and any(token.word in self._position_words for token in tokens):
            ordinals = [int(number.value) for number in NumberReader(self._numbers, atoms).all()][:1]
        return names[ordinals[0] - 1] if len(ordinals) == 1 and 1 <= ordinals[0] <= len(names) else None

    def _wanted_words(self, phrase: str) -> tuple[str, ...]:
        return tuple(self._normal(self._vocabulary.tokens(phrase.replace("_", " "))))

    def _normal(self, tokens: Sequence[Token]) -> list[str]:
        """Words, with numbers as numerals, so that "twenty four hours" and "24 hours" are the same."""
        atoms = self._numbers.atoms(tokens)
        reader = NumberReader(self._numbers, atoms)
        words: list[str] = []
        index = 0
        while index < len(atoms):
            number = reader.cardinal(index) if atoms[index].is_number else None
            if number is not None:
                words.append(str(number.value.normalize()))
                index = number.stop
            else:
                words += [token.word for token in tokens[atoms[index].start : atoms[index].stop]]
                index += 1
        return words


class _Said:
    """The words that were said, with what each word of an option is like among them."""

    def __init__(self, said: Sequence[str]) -> None:
        self._said = said
        self._places: dict[str, list[int]] = {}
        for at, word in enumerate(said):
            self._places.setdefault(word, []).append(at)
        self._begun: dict[str, list[str]] = {}  # by two letters: words that are alike begin alike
        for word in self._places:
            self._begun.setdefault(word[:2], []).append(word)
        self._alike: dict[str, frozenset[int]] = {}
        self._pairs = {one + other for one, other in pairwise(said)}

    def alike(self, word: str) -> frozenset[int]:
        """Where something like ``word`` was said."""
        found = self._alike.get(word)
        if found is None:
            near = (other for other in self._begun.get(word[:2], ()) if _alike(word, other))
            found = frozenset(at for other in near for at in self._places[other])
            self._alike[word] = found
        return found

    def places(self, wanted: Sequence[str]) -> list[int]:
        """Where the phrase ``wanted`` begins."""
        if not wanted:
            return []
        return [
            at for at in self.alike(wanted[0])
            if all(at + n in self.alike(word) for n, word in enumerate(wanted))
        ]  # fmt: skip

    def joined(self, wanted: Sequence[str]) -> bool:
        """Whether two words were said as one, or one as two ("pick up")."""
        if len(wanted) == 1:
            return wanted[0] in self._pairs
        return len(wanted) == 2 and "".join(wanted) in self._places


def _alike(one: str, other: str) -> bool:
    """The same word, in the plural too, and what a recogniser may have made of a long word: one letter off inside."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < 3 or short[0].isdigit() or long[0].isdigit() or len(long) - len(short) > 2:
        return False
    if long in (short + "s", short + "es", short + "'s") or (short.endswith("y") and long == short[:-1] + "ies"):
        return True
    return len(short) >= 6 and short[:2] == long[:2] and one_off(short, long)


def one_off(short: str, long: str) -> bool:
    """Whether one letter more, less or other makes them the same."""
    same = 0
    while same < len(short) and short[same] == long[same]:
        same += 1
    return short[same + 1 :] == long[same + 1 :] or short[same:] == long[same + 1 :]


class Globals:
    """What may be asked for anywhere: help, repeat, slower, agent, start over; whatever the data file names."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        section = vocabulary.section("globals")
        self._anywhere = vocabulary.phrases(
            [(phrase, name) for name in section for phrase in vocabulary.listed("globals", name, "anywhere")]
        )
        self._alone = vocabulary.phrases(
            [(phrase, name) for name in section for phrase in vocabulary.listed("globals", name, "alone")]
        )

    def read(self, text: str) -> str | None:
        """The name of what is asked for: by the longest phrase, or by a word that is all that was said."""
        tokens = self._vocabulary.content(text)
        if (hit := self._alone.at(tokens, 0)) is not None and hit[0] == len(tokens):
            return hit[1]
        found = self._anywhere.find(tokens)
        return max(found, key=lambda hit: hit[1] - hit[0])[2] if found else None

    def is_all(self, text: str) -> bool:
        """Whether ``text`` asks for such a thing and says nothing else."""
        tokens = self._vocabulary.content(text)
        hits = (self._alone.at(tokens, 0), self._anywhere.at(tokens, 0))
        return any(hit is not None and hit[0] == len(tokens) for hit in hits)
