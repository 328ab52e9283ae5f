"""What a dialog file says of other steps and other files, and whether these are there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.authoring.document import YamlPath
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.languages import closest
from voicebot.authoring.model import END, FAIL, AnyStep, Ask, Call, Dial, GlobalCommand, Hours, Language, Queue
from voicebot.authoring.problems import did_you_mean
from voicebot.authoring.walking import targets_of

_PYTHON = re.compile(r"(?P<module>[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*)\.(?P<name>[A-Za-z_]\w*)\Z")


class Links:
    """What a file says of other steps and other files."""

    def __init__(self, dialogs: Dialogs, loaded: LoadedDialog) -> None:
        self._dialogs = dialogs
        self._loaded = loaded
        self._document = loaded.document
        self._ids = [step.id for step in loaded.dialog.steps]

    def check(self) -> None:
        raw = self._document.data.get("steps") if isinstance(self._document.data, dict) else None
        written = [str(step.get("id")) for step in raw or [] if isinstance(step, dict)]
        known = {*self._ids, *written, END, FAIL}
        for step in self._loaded.dialog.steps:
            path = self._loaded.step_path(step.id)
            for place, target in targets_of(step, path):
                self._target(place, target, known)
            if isinstance(step, Call):
                self._call(step, path)
            if isinstance(step, Hours):
                self._hours(step.hours, (*path, "hours"))
            if isinstance(step, Queue):
                self._queue(step, path)
            if isinstance(step, Dial):
                self._dial(step, path)
            for place, locale in _languages(step, path):
                self._language(locale, place)
        self._target(("defaults", "on_fail"), self._loaded.dialog.defaults.on_fail, known)
        for name in ("agent", "start_over", "repeat", "slower", "help"):
            given: GlobalCommand | None = getattr(self._loaded.dialog.globals, name)
            if given is None:
                continue
            self._target(("globals", name, "goto"), given.goto, known)
            if name in ("agent", "start_over") and given.goto is None:
                self._document.problem(("globals", name), "missing", f"where does {name!r} go?", "add goto: and a step",
                                       at_key=True)  # fmt: skip

    def _target(self, path: YamlPath, target: str | None, known: set[str]) -> None:
        if target is None or target in known:
            return
        self._document.problem(path, "unknown-step", f"there is no step {target!r}",
                               did_you_mean(target, known) or "add it, or go to another one")  # fmt: skip

    def _call(self, step: Call, path: YamlPath) -> None:
        called = self._dialogs.dialogs.get(step.call)
        if called is None:
            found = _PYTHON.match(step.call)
            module = self._dialogs.folder / (found["module"].replace(".", "/") + ".py") if found else None
            if module is not None and module.is_file():
                return
            if (self._dialogs.folder / f"{step.call}.yaml").is_file():
                return  # it is there, with faults of its own
            self._document.problem((*path, "call"), "unknown-dialog", f"there is no dialog {step.call!r}",
                                   did_you_mean(step.call, self._dialogs.dialogs)
                                   or f"{step.call}.yaml, or module.function of a Python file")  # fmt: skip
            return
        for name in step.inputs:
            if name not in called.dialog.inputs:
                mend = did_you_mean(name, called.dialog.inputs) or f"add it to inputs of {step.call}.yaml"
                said = f"{step.call} has no input {name!r}"
                self._document.problem((*path, "with", name), "unknown-input", said, mend, at_key=True)
        for mine, theirs in step.save.items() if isinstance(step.save, dict) else ():
            if theirs not in called.dialog.outputs:
                self._document.problem((*path, "save", mine), "unknown-output", f"{step.call} has no output {theirs!r}",
                                       did_you_mean(theirs, called.dialog.outputs)
                                       or f"add it to outputs of {step.call}.yaml")  # fmt: skip

    def _language(self, locale: str, path: YamlPath) -> None:
        main = self._dialogs.dialogs.get(MAIN)
        if main is None or closest(locale, [main.dialog.locale, *main.translations]) is not None:
            return
        if (self._dialogs.folder / f"main.{locale}.yaml").is_file():
            return  # it is there, with faults of its own
        self._document.problem(path, "no-translation", f"main.yaml is not translated into {locale!r}",
                               f"write main.{locale}.yaml", at_key=True)  # fmt: skip

    def _queue(self, step: Queue, path: YamlPath) -> None:
        if step.queue.hours is not None:
            self._hours(step.queue.hours, (*path, "queue", "hours"))
        needs = {"closed": "hours", "full": "full_when"}
        for target, cause in needs.items():
            if getattr(step, target) is not None and getattr(step.queue, cause) is None:
                self._document.problem((*path, target), "no-effect", f"it never goes to {target!r}",
                                       f"add {cause}: to the queue, or leave it out", at_key=True)  # fmt: skip
        for word in ("position", "full_when", "free_when"):
            if getattr(step.queue, word) is not None and step.queue.status is None:
                self._document.problem((*path, "queue", word), "no-status", f"nothing tells the queue's {word!r}",
                                       "add status: {get: ...}, a service that knows", at_key=True)  # fmt: skip

    def _dial(self, step: Dial, path: YamlPath) -> None:
        """What is never used where nobody waits."""
        if step.dial.wait_for != "nothing":
            return
        needs_waiting = {*step.OUTCOMES, "save", "keys", "on_fail", "hold", "every", "longest"}
        for part, where in ((step, path), (step.dial, (*path, "dial"))):
            for word in sorted(part.model_fields_set & needs_waiting):
                self._document.problem((*where, word), "no-effect", f"nobody waits, so {word!r} is never used",
                                       "leave it out, or wait_for: answered", at_key=True)  # fmt: skip

    def _hours(self, name: str, path: YamlPath) -> None:
        main = self._dialogs.dialogs.get(MAIN)
        schedules = main.dialog.schedules if main is not None else {}
        if main is not None and name not in schedules:
            self._document.problem(path, "unknown-schedule", f"main.yaml has no schedule {name!r}",
                                   did_you_mean(name, schedules) or "add it under schedules")  # fmt: skip


def _languages(step: AnyStep, path: YamlPath) -> Iterator[tuple[YamlPath, str]]:
    """Each language that a step can change to, with the way to it; one that is a value is not known here."""
    if isinstance(step, Ask):
        yield from (((*path, "languages", locale), locale) for locale in step.languages or ())
    elif isinstance(step, Language):
        yield from (((*path, "language", "by_caller", start), to) for start, to in step.language.by_caller.items())
        if step.language.to is not None and "{" not in step.language.to:
            yield (*path, "language"), step.language.to
