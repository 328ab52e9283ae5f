"""The texts of a dialog file in one language, compiled ahead so that a turn has nothing to compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from voicebot.authoring.addresses import fill_address
from voicebot.authoring.as_written import as_written
from voicebot.authoring.expected import EXPECTED, USUAL, by_language
from voicebot.authoring.expressions import Compiled, compile_expression
from voicebot.authoring.model import DialogHeader, Part, Prompt
from voicebot.authoring.schedule import OpeningHours, compile_schedule
from voicebot.authoring.sounds import is_remote
from voicebot.authoring.speaking import written
from voicebot.authoring.template import Formatter, Labels, Template, compile_template
from voicebot.authoring.understanding import Understanding, for_language
from voicebot.authoring.walking import conditions_of, prompts_of, strings_in, texts_of
from voicebot.authoring.wording import Words, formatter, words
from voicebot.host_wire import WrittenJson

MAX_COMMANDS = 200


class DialogScript:
    """The prompts, texts, conditions and opening hours of a dialog, in the language of ``locale``.

    ``name``: of the dialog; ``header``: of its file; ``parts``: its steps; ``main``: the header of the main file, which
    has the constants, schedules and global commands; ``files``: the dialog's and the main one, beside which their audio
    files are; ``labels``: what its variables are called for the values that options have.

    Raises :class:`~voicebot.authoring.expressions.ExpressionError` or ``ScheduleError`` for what the loader
    reports as a problem.
    """

    def __init__(
        self,
        name: str,
        header: DialogHeader,
        parts: Sequence[Part],
        main: DialogHeader,
        locale: str,
        files: tuple[Path, Path] | None = None,
        labels: Labels = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.header = header
        self.locale = locale
        self.main = main
        self.understanding: Understanding = for_language(locale)
        self._usual = EXPECTED.get(locale.partition("-")[0], EXPECTED["en"])
        self.schedules: dict[str, OpeningHours] = {
            name: compile_schedule(schedule) for name, schedule in main.schedules.items()
        }
        self._read: Formatter = formatter(written, locale)
        self._exactly: Formatter = formatter(_exactly, locale)
        set_here = {name for part in parts for _, name in getattr(part, "sets", tuple)()} | {*header.inputs}
        self._constant = frozenset(main.constants) - set_here
        """The names whose values are the author's in this file: a variable of the same name may hold anything."""
        self._words: dict[int, Words] = {}
        self._templates: dict[str, Template] = {}
        self._conditions: dict[str, Compiled] = {}
        own_file, main_file = files or (None, None)
        for part in (*parts, header.defaults, main.globals):
            file = main_file if part is main.globals else own_file
            for _, prompt in prompts_of(part):
                voice = header.voice or main.voice or ""
                self._words[id(prompt)] = words(prompt, voice, locale, file, self._constant, labels)
            for _, text in texts_of(part):
                self._templates[text] = compile_template(text)
            for _, condition in conditions_of(part):
                self._conditions[condition] = compile_expression(condition)
        self.expectations: dict[tuple[str, bool, float | None], WrittenJson] = {}
        """What the call was told to expect by questions that do not depend on anything, by step, whether it asks for a
        confirmation, and patience: to make and to write it costs more than most of the rest of a turn."""
        self.usual = {name: self._own(by_language(table, locale)) for name, table in USUAL.items()}
        """What is said where the author wrote nothing, by its name in :data:`~voicebot.authoring.expected.USUAL`."""
        self.constants: dict[str, Any] = {}
        for key, value in main.constants.items():
            for _, text in strings_in(value):
                self._templates[text] = compile_template(text)
            self.constants[key] = self.value(value, self.constants)

    def _own(self, text: str) -> Prompt:
        prompt = Prompt(text=text)
        self._words[id(prompt)] = words(prompt, self.header.voice or self.main.voice or "", self.locale)
        return prompt

    def words(self, prompt: Prompt) -> Words:
        return self._words[id(prompt)]

    def holds(self, condition: str | None, scope: Mapping[str, Any]) -> bool:
        return condition is not None and bool(self._conditions[condition](scope))

    def evaluated(self, expression: str, scope: Mapping[str, Any]) -> Any:
        """The value of an expression of the file."""
        return self._conditions[expression](scope)

    def value(self, written_value: Any, scope: Mapping[str, Any]) -> Any:
        """A value as a file writes it, with its gaps filled."""
        if isinstance(written_value, str):
            template = self._templates.get(written_value)
            return template.value(scope, self._read) if template is not None else written_value
        if isinstance(written_value, list):
            return [self.value(item, scope) for item in written_value]
        if isinstance(written_value, dict):
            return {key: self.value(item, scope) for key, item in written_value.items()}
        return written_value

    def text(self, written_text: str, scope: Mapping[str, Any]) -> str:
        """A text for machines as a file writes it: a number or a day in a gap that names no kind is ``1200`` or
        ``2026-12-24``."""
        template = self._templates.get(written_text)
        return template.fill(scope, self._exactly) if template is not None else written_text

    def address(self, written_text: str, scope: Mapping[str, Any]) -> str:
        """A web address with its gaps filled. Values of the call are quoted, and cannot lead elsewhere.

        Raises :class:`~voicebot.authoring.addresses.AddressRefused`.
        """
        return fill_address(self._templates[written_text], scope, self._exactly, self._constant | {"secrets"})

    def expected(self, section: str) -> tuple[str, ...]:
        """The words that the recogniser should expect: a section of :data:`~voicebot.authoring.expected.EXPECTED`."""
        return self._usual.get(section, ())

    @cached_property
    def own_commands(self) -> tuple[str, ...]:
        """The author's words for what callers may ask for at any time."""
        return tuple(phrase for own in self.main.globals.phrases().values() for phrase in own)

    @cached_property
    def commands(self) -> tuple[str, ...]:
        """The same, and the usual words."""
        return tuple(dict.fromkeys((*self.own_commands, *self.understanding.usual.commands)))[:MAX_COMMANDS]

    def prompts(self) -> Iterator[tuple[str, str, str]]:
        """What is spoken unchanged in every call: text (or SSML), locale, and the file that is played instead."""
        known = set(self.constants)
        for ready in self._words.values():
            if ready.names <= known:
                sound = ready.sound(self.constants)
                yield ready.rendered(self.constants)[1], self.locale, "" if is_remote(sound) else sound


def _exactly(value: Any, kind: str, locale: str) -> str:
    return written(value, kind, locale) if kind else as_written(value)
