"""``choice`` and ``languages``: one of several options, by its words or by its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from voicebot.authoring.answers.answer import Answered
from voicebot.authoring.answers.likeness import alike, folded
from voicebot.authoring.document import Fault, doubt
from voicebot.authoring.model import Option
from voicebot.authoring.understanding import Understanding


def option_said(
    options: Mapping[str, Option], text: str, understanding: Understanding, *, outright: bool
) -> Answered | None:
    """The option that ``text`` means. ``outright``: only when it is named, not by its key, its place or its sound."""
    if not options:
        return None
    spoken = {name: (option.say or [name.replace("_", " ").replace("-", " ")]) for name, option in options.items()}
    keys = {name: option.key for name, option in options.items() if option.key is not None}
    name = understanding.choice(text, spoken, keys, outright=outright, by_sound=False)
    if name is None and not outright and (near := understanding.sounds_like(text, spoken)) is not None:
        return replace(_answer(options, near[0]), likeness=near[1])
    if name is None or (outright and not _named(text, spoken[name])):
        return None
    return _answer(options, name)


def option_pressed(options: Mapping[str, Option], key: str) -> Answered | None:
    """The option that ``key`` selects."""
    return next((_answer(options, name) for name, option in options.items() if option.key == key), None)


def option_for(options: Mapping[str, Option], value: object) -> str | None:
    """The name of the option whose name or value is ``value``."""
    return next((name for name, option in options.items() if value in (name, option.value)), None)


def option_faults(options: Mapping[str, Option]) -> Iterator[Fault]:
    """A key that selects two options."""
    taken: dict[str, str] = {}
    for name, option in options.items():
        if option.key is not None and option.key in taken:
            said = f"key {option.key} means {taken[option.key]!r} already"
            yield Fault((name, "key"), "duplicate-key-press", said, "choose another key")
        elif option.key is not None:
            taken[option.key] = name


def option_doubts(
    options: Mapping[str, Option], keys: Mapping[str, str], everywhere: Mapping[str, str]
) -> Iterator[Fault]:
    """Two options with the same words, or words that sound alike; an option's key that has another meaning as well.

    ``keys``: the question's own, with their targets; ``everywhere``: those of global commands, with their names.
    """
    phrases = {name: [folded(phrase) for phrase in option.say or [name]] for name, option in options.items()}
    for first, second in combinations(phrases, 2):
        pair = next(((a, b) for b in phrases[second] for a in phrases[first] if alike(a, b)), None)
        if pair is None:
            continue
        if pair[0] == pair[1]:
            yield doubt((second,), "same-words", f"{pair[0]!r} means {first!r} and {second!r}",
                        "leave it out of one of them", at_key=True)  # fmt: skip
        else:
            said = f"{pair[0]!r} ({first}) and {pair[1]!r} ({second}) sound alike"
            yield doubt((second,), "sound-alike", said, "choose other words for one of them", at_key=True)
    for name, option in options.items():
        if option.key is not None and option.key in keys:
            said = f"key {option.key} leads to {keys[option.key]!r} already, by keys"
            yield doubt((name, "key"), "key-taken", said, "choose another key")
        elif option.key is not None and option.key in everywhere:
            said = f"key {option.key} means {everywhere[option.key]!r} everywhere else"
            yield doubt((name, "key"), "key-taken", said, "choose another key")


def _answer(options: Mapping[str, Option], name: str) -> Answered:
    value = options[name].value
    return Answered(name if value is None else value, name)


def _named(text: str, phrases: list[str]) -> bool:
    """Whether a word of ``phrases`` is in ``text``: beside digits, "one" does not mean the first option."""
    said = text.lower()
    return any(word[:4].lower() in said for phrase in phrases for word in phrase.split() if len(word) > 2)


def names_option(options: Mapping[str, Option], text: str) -> bool:
    """Whether ``text`` contains a phrase of an option, word by word."""
    said = words_of(text)
    return any(contains(said, words_of(phrase)) for name, option in options.items() for phrase in option.say or [name])


def contains(said: list[str], words: list[str]) -> bool:
    """Whether ``words`` stand together, in this order, in ``said``."""
    return f" {' '.join(words)} " in f" {' '.join(said)} "


def words_of(text: str) -> list[str]:
    """The words of ``text`` in small letters, with letters and digits only."""
    return ["".join(character for character in word if character.isalnum()) for word in text.lower().split()]
