"""Reading the settings from the file and the environment, with errors that say how to correct them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError as UnreadableVariable

from voicebot.host.sdk_choice import SDK_ENV
from voicebot.host_wire import SECRET_PREFIX, STATE_PASSWORD_ENV
from voicebot.settings.bots import as_written
from voicebot.settings.document import Settings
from voicebot.settings_file import DEFAULT_FILE, SettingsError, read_settings_file

_SECRETS = (
    ("speech", "key"),
    ("language", "key"),
    ("language", "chat_key"),
    ("console", "token"),
    ("console", "assist_key"),
)
"""Settings that are refused in the file: each has a twin that names a file."""


def load_settings(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Settings:
    """Read ``path`` (default: ``voicebot.toml``, if it exists) and the environment. ``overrides``: values by section
    and name, which replace those of the file. Raises :class:`SettingsError`."""
    file = path or DEFAULT_FILE
    data: dict[str, Any] = {}
    if path is not None or file.exists():
        data = read_settings_file(file)
        for section, name in _SECRETS:
            if isinstance(data.get(section), dict) and name in data[section]:
                variable = f"VOICEBOT_{section}__{name}".upper()
                raise SettingsError(
                    f"{file}: {section}.{name}: secrets do not belong in this file: set {variable} or {name}_file"
                )
    for section, values in (overrides or {}).items():
        if isinstance(table := data.setdefault(section, {}), dict):
            table.update(values)
    written = data.get("bots")
    bots = [bot for bot in written if isinstance(bot, dict)] if isinstance(written, list) else []
    secrets = {bot["secret_env"] for bot in bots if isinstance(bot.get("secret_env"), str) and bot["secret_env"]}
    _refuse_unknown_environment(secrets | _token_variables(data.get("console")))
    try:
        settings = Settings(**data)
        _refuse_missing(file, settings)
    except ValidationError as error:
        wrong = [e for e in error.errors() if e["type"] != "default_factory_not_called"]  # which follows from another
        raise SettingsError("\n".join(_line(file, e) for e in wrong)) from error
    except (UnreadableVariable, RecursionError) as error:  # a variable for a list or a table is JSON
        raise SettingsError(f"environment: {error}: write it as JSON") from error
    except OSError as error:  # of a file that is named: in a folder of others, or the name is too long
        raise SettingsError(f"{file}: {str(error.filename)[:200]}: {error.strerror}") from error
    return settings


def _refuse_missing(file: Path, settings: Settings) -> None:
    if settings.speech.key_file is not None and not settings.speech.key_file.is_file():
        raise SettingsError(f"{file}: speech.key_file: there is no file {settings.speech.key_file}")
    if settings.console.token_file is not None and not settings.console.token_file.is_file():
        raise SettingsError(f"{file}: console.token_file: there is no file {settings.console.token_file}")
    for token in settings.console.tokens:
        if token.token_file is not None and not token.token_file.is_file():
            raise SettingsError(f"{file}: console.tokens: {token.name}: there is no file {token.token_file}")
        if token.token_env and not os.environ.get(token.token_env):
            raise SettingsError(f"{file}: console.tokens: {token.name}: {token.token_env} is not in the environment")
    for name in ("key_file", "chat_key_file"):
        if (key := getattr(settings.language, name)) is not None and not key.is_file():
            raise SettingsError(f"{file}: language.{name}: there is no file {key}")
    for bot in settings.bots:
        if bot.secret_file is not None and not bot.secret_file.is_file():
            raise SettingsError(f"{file}: bots: {bot.name}: there is no file {bot.secret_file}")
        if bot.secret_file is None and bot.secret_env and not os.environ.get(bot.secret_env):
            raise SettingsError(f"{file}: bots: {bot.name}: {bot.secret_env} is not in the environment")


def _token_variables(console: object) -> set[str]:
    """The names of the variables that hold tokens of ``[[console.tokens]]``, as it is written."""
    written = console.get("tokens") if isinstance(console, dict) else None
    tokens = [token for token in written if isinstance(token, dict)] if isinstance(written, list) else []
    return {token["token_env"] for token in tokens if isinstance(token.get("token_env"), str) and token["token_env"]}


def for_children(settings: Settings) -> dict[str, str]:
    """The environment of processes that we start: ours without the settings, keys and tokens among them, and without
    the console's tokens and the secrets of others' bots. What is meant for the dialogs stays
    (``VOICEBOT_SECRET_...``)."""
    sections = tuple(f"VOICEBOT_{section}__".upper() for section in Settings.model_fields)
    theirs = {bot.secret_env.upper() for bot in settings.bots if not bot.secret_env.startswith(SECRET_PREFIX)}
    theirs |= {token.token_env.upper() for token in settings.console.tokens}
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in theirs and not name.upper().startswith(sections)
    }


def _refuse_unknown_environment(secrets: set[str]) -> None:
    known = {SDK_ENV, STATE_PASSWORD_ENV, *(name.upper() for name in secrets)} | {
        f"VOICEBOT_{section}__{name}".upper()
        for section, field in Settings.model_fields.items()
        for name in getattr(field.annotation, "model_fields", {})
    }
    for name in os.environ:
        if name.startswith("VOICEBOT_") and not name.startswith(SECRET_PREFIX) and name.upper() not in known:
            raise SettingsError(
                f"environment: {name}: no such setting (sections and names are joined by two underscores)"
            )


def _meant(place: Sequence[str]) -> str:
    """What may have been meant by a section, or a name in one, that there is not."""
    fields = Settings.model_fields
    if len(place) > 1 and place[0] in fields:
        fields = getattr(fields[place[0]].annotation, "model_fields", {})
    close = difflib.get_close_matches(place[-1], fields, n=1)
    return f"did you mean {close[0]}? " if close else ""


def _line(file: Path, error: Any) -> str:
    place, message = as_written(error)
    where = ".".join(place) or "settings"
    message = message.removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"no such setting; {_meant(place)}see voicebot.example.toml for all of them"
    variable = "VOICEBOT_" + "__".join(place).upper()
    source = f"environment {variable}" if variable in os.environ else str(file)
    return f"{source}: {where}: {message}"
