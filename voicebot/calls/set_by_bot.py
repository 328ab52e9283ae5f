"""What the bot has set for the rest of its call, so that another process goes on with it as it was. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from voicebot.events import AnswerKind, CallConfigured, ExpectedAnswer, KeyCollection, Pace

_ELSEWHERE: Final = frozenset({"at", "late_end_key", "language", "voice"})
"""Not kept here: what is over with the next key; voice and language, which are kept as they are now."""
_NAMES: Final = tuple(one.name for one in fields(CallConfigured) if one.name not in _ELSEWHERE)


@dataclass(slots=True)
class SetByBot:
    """Of one call. ``given``: all that the bot has set, as if at once."""

    given: CallConfigured = field(default_factory=lambda: CallConfigured(0.0))
    _json: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    @property
    def keys(self) -> KeyCollection:
        """How keys are collected."""
        return self.given.keys or KeyCollection()

    def take(self, event: CallConfigured) -> None:
        """The bot sets this, too, by the rules of :class:`~voicebot.events.CallConfigured`."""
        new = {name: value for name in _NAMES if (value := getattr(event, name)) is not None}
        if not event.masking_text:
            del new["masking_text"]
        if event.phrases is not None:
            new |= {name: getattr(event, name) for name in ("no_input_s", "answer", "pace")}
        self.given, self._json = replace(self.given, **new), None

    def again(self, at: float, *, voice: str, language: str) -> list[CallConfigured]:
        """What sets all of it in another process, in this order: an answer that is expected adds to the phrases."""
        given = replace(self.given, at=at, answer=None, voice=voice, language=language)
        every = [given, CallConfigured(at, answer=self.given.answer)]
        return [event for event in every if event != CallConfigured(at)]

    def as_json(self) -> dict[str, Any]:
        """What differs from a call in which nothing was set. The same object as long as nothing changes."""
        if self._json is None:
            given = {name: value for name in _NAMES if (value := getattr(self.given, name)) is not None}
            self._json = {name: _WRITTEN.get(name, _same)(value) for name, value in given.items()}
        return self._json

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> SetByBot:
        """Raises ValueError for what :meth:`as_json` has not made. What only later versions know is passed over."""
        try:
            given = {name: _READ.get(name, _plain)(kept[name]) for name in _NAMES if name in kept}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it has settings of its bot that cannot be read: {error}") from error
        return cls(CallConfigured(0.0, **given))


def _answer_as_json(answer: ExpectedAnswer) -> dict[str, Any]:
    values = {one.name: getattr(answer, one.name) for one in fields(answer)}
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values.items()}


def _answer_of(kept: Mapping[str, Any]) -> ExpectedAnswer:
    lists: dict[str, Any] = {
        name: frozenset(kept[name]) for name in ("words", "others", "answers", "open_answers", "beside", "commands")
    }
    return ExpectedAnswer(
        AnswerKind(kept["kind"]), int(kept["least"]), int(kept["most"]), likely=tuple(kept["likely"]), **lists
    )


def _same(value: Any) -> Any:
    return value


def _plain(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise TypeError(f"{value!r:.50}")
    return value


_WRITTEN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "keys": lambda keys: [keys.max_keys, keys.end_key, keys.gap_s],
    "answer": _answer_as_json,
}
_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "phrases": tuple,
    "keys": lambda kept: KeyCollection(*kept),
    "answer": _answer_of,
    "pace": Pace,
}
