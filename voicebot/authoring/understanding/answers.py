"""One of several options, and what is asked for at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import pairwise

from voicebot.authoring.understanding.likeness import nearest, sound
from voicebot.authoring.understanding.numbers import ORDINAL, NumberReader, NumberWords
from voicebot.authoring.understanding.tokens import Token, prepared
from voicebot.authoring.understanding.vocabulary import Vocabulary

MAX_OPTIONS = 500

MIN_SOUND, MAX_SOUND = 4, 30
MAX_SOUND_WORDS = 4
MAX_SOUNDS = 1000
MAX_HEARD = 100
MOST_HEARD = 1024
"""Sounds of what callers say of which it is kept what they are like: many callers say the same."""

COMMAND_LIKE, MIN_COMMAND_SOUND = 0.9, 6
"""How like the sound of a command, with how many letters, must be what was heard, to be taken for it: nobody is asked
whether that was meant."""


class Choices:
    """One of several options, each with the words that callers have for it."""

    def __init__(self, vocabulary: Vocabulary, numbers: NumberWords) -> None:
        self._vocabulary = vocabulary
        self._numbers = numbers
        self._ignored = vocabulary.words("choice", "ignored")
        self._pronouns = vocabulary.words("choice", "pronouns")
        self._articles = vocabulary.words("choice", "articles")
        self._key_words = vocabulary.words("choice", "key_words")
        sounds_like = vocabulary.section("numbers").get("sounds_like", {})
        self._sounds_like = {word: Decimal(digit) for word, digit in sounds_like.items()}
        self._uncounted = vocabulary.words("choice", "uncounted")
        self._both = vocabulary.listed_phrases("choice", "both")
        self._last = vocabulary.listed_phrases("choice", "last")
        self._carriers = vocabulary.listed_phrases("choice", "carriers")
        self._excluded_by = vocabulary.listed_phrases("choice", "excluded_by")
        self._over = vocabulary.words("choice", "over")
        self._negations = vocabulary.words("negations")
        self._wanted = lru_cache(maxsize=4096)(self._wanted_words)
        self._sound = lru_cache(maxsize=4096)(self._sound_of)

    def read(
        self, text: str, options: Mapping[str, Iterable[str]], keys: Mapping[str, str] | None = None,
        *, outright: bool = False,
    ) -> str | None:  # fmt: skip
        """The option meant, by the phrase with most words; None where there is none or it is not clear which.

        An option that is refused is out ("not", "anything but"). Failing whole phrases, words that only one option has
        decide; failing these, its key or place ("press two", "the second one"). ``keys``: of the options that have one,
        by name. ``outright``: its words only.
        """
        names = list(options)[:MAX_OPTIONS]
        named, found = self._by_words(text, names, options)
        return found if named or outright else self._by_place(text, names, keys or {})

    def by_sound(self, text: str, options: Mapping[str, Iterable[str]]) -> tuple[str, float] | None:
        """The option that sounds like all that was said ("Billan" for billing), and how much, where no other sounds
        nearly so; None also where a word of an option was said."""
        names = list(options)[:MAX_OPTIONS]
        heard = self._sound(text)
        if not MIN_SOUND <= len(heard) <= MAX_SOUND or self._by_words(text, names, options)[0]:
            return None
        phrases = [(self._sound(str(phrase)), name) for name in names for phrase in options[name] or (name,)]
        return nearest(heard, phrases) if len(phrases) <= MAX_SOUNDS else None

    def _by_words(
        self, text: str, names: Sequence[str], options: Mapping[str, Iterable[str]]
    ) -> tuple[bool, str | None]:
        """Whether words of an option were said, and the one option that they mean."""
        tokens = self._vocabulary.content(text)
        said, starts = self._normal(tokens)
        uttered = _Said(said)
        refused = self._refused(tokens, starts)
        # "one moment" says nothing of "one bedroom"; "one" does.
        vague = self._ignored if self._is_number(said) else self._ignored | {word for word in said if word.isdigit()}
        whole: dict[str, int] = {}
        partly: dict[str, int] = {}
        excluded: set[str] = set()
        for name in names:
            for phrase in (name, *options[name]):
                wanted, beginnings = self._wanted(str(phrase))
                if uttered.has_none_of(beginnings):
                    continue
                if uttered.joined(wanted):
                    whole[name] = max(whole.get(name, 0), 2)
                for at in uttered.places(wanted):
                    if at in refused:
                        excluded.add(name)
                    else:
                        whole[name] = max(whole.get(name, 0), len(wanted))
                common = [uttered.alike(word) for word in wanted if word not in vague]
                if any(at and at <= refused for at in common):
                    excluded.add(name)
                elif any(common):
                    partly[name] = max(partly.get(name, 0), sum(map(bool, common)))
        for found in (whole, partly):
            left = {name: weight for name, weight in found.items() if name not in excluded}
            if left:
                best = max(left.values())
                winners = [name for name, weight in left.items() if weight == best]
                return True, winners[0] if len(winners) == 1 else None
        return bool(excluded), None

    def _refused(self, tokens: Sequence[Token], starts: Sequence[int]) -> frozenset[int]:
        """Which of the words that begin at ``starts`` stand behind what refuses them. "The", "about" and the like may
        be between, but not behind a plain negation within a sentence: "pas ma facture" refuses, "je ne comprends pas ma
        facture" does not."""
        found = [hit for hit in self._excluded_by.find(tokens) if hit[1] < len(tokens)]
        out = {stop for _, stop, _ in found}
        for start, stop, _ in found:
            at = stop
            plain = at - start == 1 and tokens[start].word in self._negations
            if plain and start and not tokens[start].pause:
                continue
            while at + 1 < len(tokens) and not tokens[at].pause and tokens[at].word in self._over:
                at += 1
                out.add(at)
        return frozenset(number for number, at in enumerate(starts) if at in out and not tokens[at].pause)

    def _is_number(self, said: Sequence[str]) -> bool:
        return all(word.isdigit() or word in self._ignored for word in said)

    def _by_place(self, text: str, names: Sequence[str], keys: Mapping[str, str]) -> str | None:
        """The option whose key or place is all that was said."""
        tokens = self._vocabulary.content(text)
        if self._both.find(tokens) or any(token.word in self._uncounted for token in self._vocabulary.tokens(text)):
            return None
        atoms = self._numbers.atoms(tokens)
        at_token = {atom.start: index for index, atom in enumerate(atoms)}
        reader = NumberReader(self._numbers, atoms)
        place: int | None = None
        index = 0
        while index < len(tokens):
            found: int | None = None
            atom = reader.atom(at_token.get(index, -1))
            if (last := self._last.at(tokens, index)) is not None:
                found, step = len(names), last[0]
            elif place is not None and tokens[index].word in self._pronouns:
                step = 1  # "the second one"
            elif index and tokens[index - 1].word in self._key_words and tokens[index].word in self._sounds_like:
                found, step = self._numbered(self._sounds_like[tokens[index].word], names, keys), 1  # "press to"
            elif atom.kind == ORDINAL:
                found, step = int(atom.value), atom.stop - atom.start
            elif atom.is_number and (number := reader.cardinal(at_token[index])) is not None:
                if index and tokens[index].word in self._pronouns and tokens[index - 1].word in self._articles:
                    return None  # "the one" is not the first
                found, step = self._numbered(number.value, names, keys), reader.atom(number.stop - 1).stop - index
            elif (carrier := self._carriers.at(tokens, index)) is not None:
                step = carrier[0]
            else:
                return None
            if found is not None and place is not None:
                return None
            place, index = found if found is not None else place, index + step
        return names[place - 1] if place is not None and 1 <= place <= len(names) else None

    def _numbered(self, number: Decimal, names: Sequence[str], keys: Mapping[str, str]) -> int:
        """The place of the option with the key ``number``, or ``number`` where none has a key; 0 for none."""
        if keys:
            return next((at for at, name in enumerate(names, 1) if keys.get(name) == format(number, "f")), 0)
        return int(number) if number == number.to_integral_value() and number <= len(names) else 0

    def _sound_of(self, phrase: str) -> str:
        """The sound of ``phrase`` without words that say nothing of the option; ``""`` for more than a few words."""
        words = [
            token.word for token in self._vocabulary.content(phrase.replace("_", " ")[:MAX_HEARD])
            if token.word not in self._ignored
        ]  # fmt: skip
        return "" if len(words) > MAX_SOUND_WORDS else sound("".join(words))

    def _wanted_words(self, phrase: str) -> tuple[tuple[str, ...], frozenset[str]]:
        """The words of a phrase, and what they begin with."""
        words = tuple(self._normal(self._vocabulary.tokens(phrase.replace("_", " ")))[0])
        return words, frozenset(_beginning(word) for word in words)

    def _normal(self, tokens: Sequence[Token]) -> tuple[list[str], list[int]]:
        """Words, with numbers as numerals, so that "twenty four hours" and "24 hours" are the same; and the token at
        which each begins."""
        atoms = self._numbers.atoms(tokens)
        reader = NumberReader(self._numbers, atoms)
        words: list[str] = []
        starts: list[int] = []
        index = 0
        while index < len(atoms):
            number = reader.cardinal(index) if atoms[index].is_number else None
            if number is not None:
                starts.append(atoms[index].start)
                words.append(str(number.value.normalize()))
                index = number.stop
            else:
                starts += range(atoms[index].start, atoms[index].stop)
                words += [token.word for token in tokens[atoms[index].start : atoms[index].stop]]
                index += 1
        return words, starts


class _Said:
    """The words that were said, with what each word of an option is like among them."""

    def __init__(self, said: Sequence[str]) -> None:
        self._said = said
        self._places: dict[str, list[int]] = {}
        for at, word in enumerate(said):
            self._places.setdefault(word, []).append(at)
        self._begun: dict[str, list[str]] = {}  # by two letters: words that are alike begin alike
        for word in self._places:
            self._begun.setdefault(_beginning(word), []).append(word)
        self._alike: dict[str, frozenset[int]] = {}
        self._pairs = {one + other for one, other in pairwise(said)}
        self._beginnings = {*self._begun, *map(_beginning, self._pairs), *(word[:1] for word in self._places)}

    def has_none_of(self, beginnings: frozenset[str]) -> bool:
        """Whether none of the words that begin so can be in what was said, neither alone nor joined to another: of most
        options, that is all that has to be looked at."""
        return self._beginnings.isdisjoint(beginnings)

    def alike(self, word: str) -> frozenset[int]:
        """Where something like ``word`` was said."""
        found = self._alike.get(word)
        if found is None:
            near = (other for other in self._begun.get(_beginning(word), ()) if _alike(word, other))
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


def _beginning(word: str) -> str:
    """What words that are alike have in common."""
    return word[:2]


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
        self._like_command = lru_cache(maxsize=MOST_HEARD)(self._like)

    def read(self, text: str) -> str | None:
        """The name of what is asked for: by the longest phrase, or by a word that is all that was said."""
        tokens = self._vocabulary.content(text)
        if (hit := self._alone.at(tokens, 0)) is not None and hit[0] == len(tokens):
            return hit[1]
        found = self._anywhere.find(tokens)
        return max(found, key=lambda hit: hit[1] - hit[0])[2] if found else None

    def by_sound(self, text: str) -> str | None:
        """The name of what all that was said sounds like ("operater"), where that is clear."""
        heard = self._sound_of(text[:MAX_HEARD])
        if not MIN_COMMAND_SOUND <= len(heard) <= MAX_SOUND:
            return None
        return self._like_command(heard)

    def _like(self, heard: str) -> str | None:
        near = nearest(heard, self._sounds, COMMAND_LIKE)
        return near[0] if near is not None else None

    @cached_property
    def _sounds(self) -> list[tuple[str, str]]:
        names = self._vocabulary.section("globals")
        said = [(phrase, name) for name in names for way in ("alone", "anywhere")
                for phrase in self._vocabulary.written_out("globals", name, way)]  # fmt: skip
        sounds = [(self._sound_of(phrase), name) for phrase, name in said]
        return [(heard, name) for heard, name in sounds if len(heard) >= MIN_COMMAND_SOUND]

    def _sound_of(self, text: str) -> str:
        return sound("".join(token.word for token in self._vocabulary.content(text)))

    def without(self, text: str) -> str:
        """``text`` without what asks for such a thing: "one more time" holds no number."""
        text = prepared(text)
        tokens = self._vocabulary.content(text)
        for start, stop, _ in reversed(self._anywhere.find(tokens)):
            text = f"{text[: tokens[start].start]}, {text[tokens[stop - 1].end :]}"
        return text

    def is_all(self, text: str) -> bool:
        """Whether ``text`` asks for such a thing and says nothing else."""
        tokens = self._vocabulary.content(text)
        hits = (self._alone.at(tokens, 0), self._anywhere.at(tokens, 0))
        return any(hit is not None and hit[0] == len(tokens) for hit in hits)
