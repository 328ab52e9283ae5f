"""Rules and checklist, as somebody writes them in ``rules.yaml``, and what they make of what is said in a call.

::

    rules:
      - rule: Wants to leave
        caller says: [cancel my (contract|account), switch to another (provider|company)]
        show: Ask for the reason, and offer three months at half price.
      - rule: Card number
        agent says: card number
        listening: pause
    checklist:
      - item: Says the own name
        agent says: [my name is, this is ... speaking]

Phrases: :mod:`voicebot.spoken_phrases`. A rule that has shown something does not show it again in the same call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicebot.assist.analysis import PauseAsked, SpokenLine
from voicebot.assist.entries import Suggestion
from voicebot.authoring.document import Document, YamlPath, read_document
from voicebot.authoring.problems import Problem, did_you_mean
from voicebot.events.parties import Role
from voicebot.spoken_phrases import SpokenPhrase, SpokenWords

MAX_RULES = 500
MAX_PHRASES = 100
"""Of a rule, for each party."""
MAX_NAME = 120
MAX_TEXT = 1_200
MAX_WORDS = 80
"""Words of an utterance that rules look at: its last ones."""
PAUSE = "pause"
RESUMED = "nothing that is said is heard in a pause: it ends after assist.pause_s, by the agent's button or by the API"
WHO: dict[str, Role | None] = {"caller says": Role.CALLER, "agent says": Role.AGENT, "anybody says": None}


@dataclass(frozen=True, slots=True)
class Said:
    """What must be said, and by whom; ``role`` None: by anybody."""

    role: Role | None
    phrases: tuple[SpokenPhrase, ...]

    def by(self, role: Role, spoken: SpokenWords) -> bool:
        """Whether ``role`` has said it."""
        return self.role in (None, role) and any(phrase.said_in(spoken) for phrase in self.phrases)


@dataclass(frozen=True, slots=True)
class Rule:
    """``key``: its name in small letters, without signs. ``pauses``: the listening."""

    key: str
    name: str
    when: tuple[Said, ...]
    title: str = ""
    text: str = ""
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the checklist. Without ``when`` only the agent ticks it."""

    key: str
    text: str
    when: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleBook:
    """What ``rules.yaml`` says: rules, and the items of the checklist."""

    rules: tuple[Rule, ...] = ()
    items: tuple[Item, ...] = ()


class RulesOfCall:
    """What the rules have done in one call."""

    def __init__(self, rules: Sequence[Rule], source: str) -> None:
        self._rules = rules
        self._source = source
        self._shown: set[str] = set()
        self._paused_by: set[tuple[str, str]] = set()
        """Utterances, with the rule by which each has paused the listening: neither its final result nor a correction
        does it again."""

    def heard(self, line: SpokenLine, *, partial: bool) -> list[Suggestion | PauseAsked]:
        """Only the listening is paused by an utterance that is not over: the number may be the next thing said."""
        found: list[Suggestion | PauseAsked] = []
        spoken = SpokenWords(line.text, MAX_WORDS)
        for rule in self._rules:
            if not any(said.by(line.role, spoken) for said in rule.when):
                continue
            if rule.pauses and (line.utterance_id, rule.key) not in self._paused_by:
                self._paused_by.add((line.utterance_id, rule.key))
                found.append(PauseAsked(rule.name))
            if rule.text and not partial and rule.key not in self._shown:
                self._shown.add(rule.key)
                source = f"{self._source}, {rule.name}"
                found.append(Suggestion(f"rule-{rule.key}", rule.title, rule.text, source, line.utterance_id))
        return found


def read_rules(file: Path) -> tuple[RuleBook, list[Problem]]:
    """The rules and the checklist of ``file``, which need not exist, and what is wrong with them. Blocks; never raises
    for what is in the file."""
    if not file.exists():
        return RuleBook(), []
    document = read_document(file)
    if document.data is None:
        return RuleBook(), document.problems
    reading = _Reading(document)
    book = reading.book()
    return book, document.problems


class _Reading:
    """Reads one document; what is wrong becomes a problem of it, with line and mend."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._keys: set[str] = set()

    def book(self) -> RuleBook:
        whole = self._mapping((), self._document.data, ("rules", "checklist"))
        rules = [self._rule(("rules", place), entry) for place, entry in self._entries(whole, "rules")]
        items = [self._item(("checklist", place), entry) for place, entry in self._entries(whole, "checklist")]
        return RuleBook(tuple(filter(None, rules)), tuple(filter(None, items)))

    def _entries(self, whole: dict[str, Any], name: str) -> list[tuple[int, Any]]:
        listed = whole.get(name)
        if listed is None:
            return []
        if not isinstance(listed, list):
            self._fault((name,), "not-a-list", f"{name} must be a list", "begin each entry with a dash")
            return []
        if len(listed) > MAX_RULES:
            self._fault((name,), "too-many", f"{len(listed)} entries", f"{MAX_RULES} at most are used")
        return list(enumerate(listed[:MAX_RULES]))

    def _rule(self, path: YamlPath, entry: Any) -> Rule | None:
        words = self._mapping(path, entry, ("rule", *WHO, "show", "listening"))
        name = self._text((*path, "rule"), words.get("rule"), MAX_NAME, "a name, as in: rule: Wants to leave")
        key = self._key((*path, "rule"), name)
        when = self._when(path, words)
        if words and not when:
            self._fault(path, "says-nothing", "nothing that somebody says", f"add {', '.join(WHO)}: and a phrase")
        title, text = self._show((*path, "show"), words.get("show"), name)
        listening = words.get("listening")
        if listening not in (None, PAUSE):
            mend = "write pause" if listening != "resume" else RESUMED
            self._fault((*path, "listening"), "unknown", f"listening: {str(listening)[:80]}", mend)
            return None
        if words and not text and listening is None:
            self._fault(path, "does-nothing", "the rule does nothing", "add show: or listening:")
        if not key or not when or (not text and listening is None):
            return None
        return Rule(key, name, when, title, text, pauses=listening == PAUSE)

    def _item(self, path: YamlPath, entry: Any) -> Item | None:
        words = self._mapping(path, entry, ("item", *WHO))
        text = self._text((*path, "item"), words.get("item"), MAX_NAME, "a text, as in: item: Says the own name")
        key = self._key((*path, "item"), text)
        return Item(key, text, self._when(path, words)) if key else None

    def _show(self, path: YamlPath, shown: Any, name: str) -> tuple[str, str]:
        if shown is None:
            return "", ""
        if not isinstance(shown, dict):
            return name, self._text(path, shown, MAX_TEXT, "a text")
        words = self._mapping(path, shown, ("title", "text"))
        text = self._text((*path, "text"), words.get("text"), MAX_TEXT, "a text, as in: text: Ask for the reason")
        title = words.get("title")
        return (name if title is None else self._text((*path, "title"), title, MAX_NAME, "a title")), text

    def _when(self, path: YamlPath, words: dict[str, Any]) -> tuple[Said, ...]:
        found = []
        for who, role in WHO.items():
            phrases = words.get(who)
            if phrases is None:
                continue
            listed = phrases if isinstance(phrases, list) else [phrases]
            if len(listed) > MAX_PHRASES:
                self._fault((*path, who), "too-many", f"{len(listed)} phrases", f"{MAX_PHRASES} at most are used")
            places = [
                (*path, who, place) if isinstance(phrases, list) else (*path, who) for place in range(len(listed))
            ]
            read = [self._phrase(place, one) for place, one in zip(places, listed[:MAX_PHRASES], strict=False)]
            usable = tuple(phrase for phrase in read if phrase is not None)
            if usable:
                found.append(Said(role, usable))
        return tuple(found)

    def _phrase(self, path: YamlPath, phrase: Any) -> SpokenPhrase | None:
        if not isinstance(phrase, str | int | float) or isinstance(phrase, bool):
            self._fault(path, "not-a-phrase", "this is not a phrase", 'put it in quotes: "..."')
            return None
        try:
            return SpokenPhrase(str(phrase))
        except ValueError as error:
            self._fault(path, "phrase", str(error), "write words, (a|b) for either, (a|) for perhaps, ... for a gap")
            return None

    def _key(self, path: YamlPath, name: str) -> str:
        key = "-".join(re.findall(r"\w+", name.lower()))
        if key and key in self._keys:
            self._fault(path, "twice", f"{name!r} is here twice", "give each a name of its own")
            return ""
        self._keys.add(key)
        return key

    def _text(self, path: YamlPath, value: Any, most: int, wanted: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self._fault(path, "text-missing", "there is no text here", f"write {wanted}")
            return ""
        if len(value) > most:
            self._fault(path, "too-long", f"{len(value)} characters", f"{most} at most can be shown")
        return value.strip()[:most]

    def _mapping(self, path: YamlPath, value: Any, known: Sequence[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._fault(path, "not-words", "this must have words with a colon", f"use {', '.join(known)}")
            return {}
        for word in value:
            if word not in known:
                meant = did_you_mean(word, known) or f"use {', '.join(known)}"
                self._document.problem((*path, word), "unknown", f"{word!r} is not known here", meant, at_key=True)
        return value

    def _fault(self, path: YamlPath, code: str, message: str, mend: str) -> None:
        self._document.problem(path, code, message, mend)
