"""voicebot.example.toml shows every setting, each with its default."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic_core import PydanticUndefined

from voicebot.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[2] / "voicebot.example.toml"
_SHOWN = re.compile(r"# ?((?:\[\[?[a-z.]+\]\]?|[a-z_]+ = ).*)")
"""What is shown behind a comment sign: a setting without a default, or a table of which there may be many."""


def shown(text: str) -> dict[str, Any]:
    """All that the example sets or would set."""
    return tomllib.loads("\n".join(m[1] if (m := _SHOWN.fullmatch(line)) else line for line in text.splitlines()))


def models(section: str) -> list[type[BaseModel]]:
    """What a section of the file is read as: several models for tables that are of several kinds."""
    found, left = [], [Settings.model_fields[section].annotation]
    while left:
        kind = left.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found.append(kind)
        else:
            left.extend(get_args(kind))
    return found


def faults(text: str) -> Iterator[str]:
    """What is wrong with an example: each setting that is missing, unknown, or not shown with its default."""
    example = shown(text)
    for section in Settings.model_fields:
        table = example.get(section, {})
        for entry in table if isinstance(table, list) else [table]:
            fields = {f.alias or name: f for model in models(section) for name, f in model.model_fields.items()}
            fields = {name: field for name, field in fields.items() if field.annotation is not SecretStr}
            yield from (f"{section}.{name} is missing" for name in fields.keys() - entry.keys())
            yield from (f"{section}.{name} is no setting" for name in entry.keys() - fields.keys())
            for name in fields.keys() & entry.keys():
                default = fields[name].get_default(call_default_factory=True, validated_data={})
                if default in (PydanticUndefined, None, "", (), {}):
                    continue  # what is shown is an example
                value = TypeAdapter(fields[name].annotation).validate_python(entry[name])
                if value != default:
                    yield f"{section}.{name} is {default!r} by default, not {value!r}"
    yield from (f"{section} is no section" for section in example.keys() - Settings.model_fields.keys())


def test_the_example_shows_every_setting_with_its_default() -> None:
    assert sorted(faults(EXAMPLE.read_text())) == []


def test_the_example_as_it_stands_sets_nothing() -> None:
    assert load_settings(EXAMPLE) == Settings()


@pytest.mark.parametrize(
    ("line", "instead", "fault"),
    [
        ("port = 5060", "", "sip.port is missing"),
        ("port = 5060", "port = 5070", "sip.port is 5060 by default, not 5070"),
        ("port = 5060", "port = 5060\nprot = 1", "sip.prot is no setting"),
        ('# key_file = "/run/secrets/speech-key"', "", "speech.key_file is missing"),
        ("# expires_s = 600", "# expires_s = 60", "accounts.expires_s is 600 by default, not 60"),
        ("# quiet_s = 0.8", "# quiet_s = 0.9", "bots.quiet_s is 0.8 by default, not 0.9"),
        ("[log]", "[lag]", "lag is no section"),
    ],
)
def test_an_example_that_is_not_true_is_noticed(line: str, instead: str, fault: str) -> None:
    text = EXAMPLE.read_text()
    assert line in text
    assert fault in list(faults(re.sub(rf"(?m)^{re.escape(line)}(?= |$)", instead, text, count=1)))
