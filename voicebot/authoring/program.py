"""One dialog file in one language, with everything made ready that a turn would otherwise have to make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from voicebot.authoring.expected import CANNOT, EXPECTED, HOLD, SORRY, WAIT, by_language
from voicebot.authoring.expressions import Compiled, compile_expression
from voicebot.authoring.model import END, AnyStep, Ask, DialogFile, Prompt
from voicebot.authoring.reading import collects_keys
from voicebot.authoring.schedule import OpeningHours, compile_schedule
from voicebot.authoring.sounds import is_remote
from voicebot.authoring.speaking import spoken, written
from voicebot.authoring.template import Formatter, Template, compile_template
from voicebot.authoring.understanding import Understanding, for_language
from voicebot.authoring.walking import conditions_of, prompts_of, texts_of
from voicebot.authoring.wording import Words, formatter, words

MAX_PHRASES = 400


class Program:
    """``dialog`` in the language of ``locale``. ``main`` has the constants, schedules and globals. ``files``: those
    of both, beside which their audio files are.

    Raises :class:`~voicebot.authoring.expressions.ExpressionError` or ``ScheduleError`` for what the loader would have
    told as a problem.
    """

    def __init__(
        self, name: str, dialog: DialogFile, locale: str, main: DialogFile, files: tuple[Path, Path] | None = None
    ) -> None:
        self.name = name
        self.dialog = dialog
        self.locale = locale
        self.main = main
        self.understanding: Understanding = for_language(locale)
        self._usual = EXPECTED.get(locale.partition("-")[0], EXPECTED["en"])
        self.steps: dict[str, AnyStep] = {step.id: step for step in dialog.steps}
        order = [step.id for step in dialog.steps]
        self.after: dict[str, str] = dict(zip(order, [*order[1:], END], strict=True))
        self.first = order[0]
        self.schedules: dict[str, OpeningHours] = {
            name: compile_schedule(schedule) for name, schedule in main.schedules.items()
        }
        self.aloud: Formatter = formatter(spoken, locale)
        self.read: Formatter = formatter(written, locale)
        self._words: dict[int, Words] = {}
        self._templates: dict[str, Template] = {}
        self._conditions: dict[str, Compiled] = {}
        self._phrases: dict[tuple[str, bool], list[str]] = {}
        own_file, main_file = files or (None, None)
        for part in (*dialog.steps, dialog.defaults, main.globals):
            file = main_file if part is main.globals else own_file
            for prompt in prompts_of(part):
                self._words[id(prompt)] = words(prompt, dialog.voice or main.voice or "", locale, file)
            for _, text in texts_of(part):
                self._templates[text] = compile_template(text)
            for _, condition in conditions_of(part):
                self._conditions[condition] = compile_expression(condition)
            if isinstance(part, Ask):
                for confirming in (False, True):
                    self._phrases[part.id, confirming] = self._expected(part, confirming)
        self.sorry = self._own(by_language(SORRY, locale))
        self.hold = self._own(by_language(HOLD, locale))
        self.wait = self._own(by_language(WAIT, locale))
        self.cannot = self._own(by_language(CANNOT, locale))
        self.constants: dict[str, Any] = {}
        for key, value in main.constants.items():
            for _, text in texts_of(value):
                self._templates[text] = compile_template(text)
            self.constants[key] = self.value(value, self.constants)

    def _own(self, text: str) -> Prompt:
        prompt = Prompt(text=text)
        self._words[id(prompt)] = words(prompt, self.dialog.voice or self.main.voice or "", self.locale)
        return prompt

    def words(self, prompt: Prompt) -> Words:
        return self._words[id(prompt)]

    def holds(self, condition: str | None, scope: Mapping[str, Any]) -> bool:
        return condition is not None and bool(self._conditions[condition](scope))

    def value(self, written_value: Any, scope: Mapping[str, Any]) -> Any:
        """A value as a file writes it, with its gaps filled."""
        if isinstance(written_value, str):
            template = self._templates.get(written_value)
            return template.value(scope, self.read) if template is not None else written_value
        if isinstance(written_value, list):
            return [self.value(item, scope) for item in written_value]
        if isinstance(written_value, dict):
            return {key: self.value(item, scope) for key, item in written_value.items()}
        return written_value

    def text(self, written_text: str, scope: Mapping[str, Any], say: Formatter | None = None) -> str:
        """A text as a file writes it, with its gaps filled (as they are written, unless ``say`` is given)."""
        template = self._templates.get(written_text)
        return template.fill(scope, say or self.read) if template is not None else written_text

    def address(self, written_text: str, scope: Mapping[str, Any]) -> str:
        """A web address with its gaps filled: what a call brings in cannot lead anywhere else, constants may."""
        own = {*self.constants, "secrets"}
        filled = ""
        for part in self._templates[written_text].parts:
            if isinstance(part, str):
                filled += part
                continue
            value = self.read(part.expression(scope), part.kind)
            filled += value if {name for name, _ in part.expression.names} <= own else quote(value, safe="")
        return filled

    def expected(self, ask: Ask, confirming: bool) -> list[str]:
        """The words that the recogniser should expect."""
        return self._phrases[ask.id, confirming]

    def prompts(self) -> Iterator[tuple[str, str, str]]:
        """What is spoken alike in every call: text (or SSML), locale, and the file that is played in its place."""
        known = set(self.constants)
        for ready in self._words.values():
            if ready.names <= known:
                sound = ready.sound(self.constants)
                yield ready.rendered(self.constants)[1], self.locale, "" if is_remote(sound) else sound

    def _expected(self, ask: Ask, confirming: bool) -> list[str]:
        # An option without words of its own is said by its name.
        options = [phrase for name, option in ask.options.items() for phrase in option.say or [name]]
        found = [*ask.phrases, *([] if confirming else options)]
        if confirming or ask.yesno is not None:
            found += self._usual["yesno"]
        if collects_keys(ask):
            found += self._usual["digits"]
        return list(dict.fromkeys(found))[:MAX_PHRASES]
