"""A folder of dialog files as one Bot Framework dialog (:class:`~voicebot.authoring.call_dialog.CallDialog`)."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from voicebot.authoring.call_dialog import CallDialog
from voicebot.authoring.flow import Flow
from voicebot.authoring.folder import Dialogs
from voicebot.authoring.functions import AsyncFunction, Functions
from voicebot.authoring.http import Fetch, HttpClient
from voicebot.authoring.labels import labels_of
from voicebot.authoring.languages import with_country
from voicebot.authoring.program import Program
from voicebot.authoring.template import Labels
from voicebot.authoring.turn import Surroundings, Visited
from voicebot.host.sdk import ComponentDialog
from voicebot.host_wire import SECRET_PREFIX


@dataclass(frozen=True, slots=True)
class CompiledDialogs:
    """``prompts``: what is spoken unchanged in every call: text, locale, audio file. Call ``close`` at the end."""

    root: ComponentDialog
    prompts: tuple[tuple[str, str, str], ...]
    close: Callable[[], Awaitable[None]]


def compile_dialogs(
    dialogs: Dialogs,
    *,
    now: Callable[[], datetime] | None = None,
    fetch: Fetch | None = None,
    functions: Mapping[str, AsyncFunction] | None = None,
    secrets: Mapping[str, str] | None = None,
    visited: Visited | None = None,
) -> CompiledDialogs:
    """Make ``dialogs`` (which must be ``usable``) ready to run. Raises ``DialogsError`` for faulty Python.

    Tests bring their own clock, web services (``fetch``) and Python ``functions``; ``visited`` is told of each step.
    """
    client = HttpClient()
    called = [step.calls for step in dialogs.steps() if step.calls and step.calls not in dialogs.dialogs]
    python = Functions(dialogs.folder, called, functions)
    around = Surroundings(
        now or _local_time,
        fetch or client.fetch,
        python,
        secrets if secrets is not None else secrets_given(),
        visited,
        dialogs.locales,
    )
    names = sorted(dialogs.dialogs, key=lambda name: dialogs.dialogs[name] is not dialogs.main)  # the greeting first
    labels = _labels(dialogs)
    flows = [_flow(dialogs, name, around, labels) for name in names]
    programs = [program for flow in flows for program in flow.programs.values()]
    prompts = {prompt: None for program in programs for prompt in program.script.prompts()}
    base = dialogs.main.dialog.locale
    root = CallDialog(flows, around, base)
    return CompiledDialogs(
        root,
        tuple((text, "" if locale == base else with_country(locale), audio) for text, locale, audio in prompts),
        client.close,
    )


def secrets_given() -> dict[str, str]:
    """``VOICEBOT_SECRET_CRM_TOKEN`` of the environment is ``secrets.CRM_TOKEN`` in a dialog file."""
    return {name.removeprefix(SECRET_PREFIX): value for name, value in os.environ.items()
            if name.startswith(SECRET_PREFIX)}  # fmt: skip


def _flow(dialogs: Dialogs, name: str, around: Surroundings, labels: Mapping[str, Mapping[str, Labels]]) -> Flow:
    """``labels``: by language and dialog."""
    loaded = dialogs.dialogs[name]
    main = dialogs.main
    base = main.dialog.locale
    own = loaded.file, main.file
    programs = {base: Program(name, loaded.dialog, base, main.dialog, own, labels[base][name])}
    for locale, translation in loaded.translations.items():
        translated_main = main.translations[locale].dialog if locale in main.translations else main.dialog
        files = translation.document.file, main.file
        programs[locale] = Program(name, translation.dialog, locale, translated_main, files, labels[locale][name])
    return Flow(name, programs, around)


def _labels(dialogs: Dialogs) -> dict[str, dict[str, Labels]]:
    """By language and dialog, what the variables are called."""
    base = dialogs.main.dialog.locale
    locales = {base, *(locale for loaded in dialogs.dialogs.values() for locale in loaded.translations)}
    return {
        locale: labels_of({
            name: loaded.translations[locale].dialog if locale in loaded.translations else loaded.dialog
            for name, loaded in dialogs.dialogs.items()
        })
        for locale in locales
    }  # fmt: skip


def _local_time() -> datetime:
    return datetime.now().astimezone()
