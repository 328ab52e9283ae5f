"""The JSON Schema of dialog files, for editors, and the reference page, both made from the model."""

from __future__ import annotations

from typing import Any

from voicebot.authoring.answers.answer import DialogAnswer
from voicebot.authoring.as_written import as_written
from voicebot.authoring.examples import EXPRESSIONS, FORMATS, VARIABLES
from voicebot.authoring.examples import FUNCTIONS as EXAMPLES
from voicebot.authoring.model import Part
from voicebot.authoring.operations import FUNCTIONS
from voicebot.authoring.steps import STEP_KINDS, DialogFile, DialogStep
from voicebot.authoring.walking import parts_within

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFS = "#/$defs/"
KEYS = ("key", "end_key", "yes_key", "no_key")
"""Fields for keys of the keypad, which most people write as numbers."""
ONE_FOR_MANY = ("retry", "no_input", "no_match", "say", "phrases")
"""Fields for lists that may hold a single item instead."""

VALUES = (
    "An expression stands in the braces of a text (`{nights + 1}`) and, without braces, after words such as `if` and",
    "`from`. It never fails: what makes no sense has no value, and says nothing. The variables of the examples:",
)


def schema() -> dict[str, Any]:
    """JSON Schema of a dialog file: what an editor needs to complete words and to explain them."""
    made = _by_title(_as_taken(DialogFile.model_json_schema(by_alias=True)))
    return {"$schema": DIALECT, **made, "title": "A dialog of a voice bot"}


def _by_title(made: dict[str, Any]) -> dict[str, Any]:
    """``made`` with each part under its title, as the names of Python classes mean nothing to readers of a schema."""
    titles = {name: _object(part).get("title", name) for name, part in made["$defs"].items()}

    def renamed(part: Any) -> Any:
        if isinstance(part, list):
            return [renamed(item) for item in part]
        if not isinstance(part, dict):
            return part
        return {key: f"{DEFS}{titles[value.removeprefix(DEFS)]}" if key == "$ref" else renamed(value)
                for key, value in part.items()}  # fmt: skip

    parts = {titles[name]: renamed(part) for name, part in made["$defs"].items()}
    return {**renamed(made), "$defs": dict(sorted(parts.items()))}


def _as_taken(part: Any, word: str = "") -> Any:
    """The model's schema, widened by what its validators accept: one item for a list, a number for a text."""
    if isinstance(part, list):
        return [_as_taken(item, word) for item in part]
    if not isinstance(part, dict):
        return part
    wide = {key: _as_taken(value, word if key == "anyOf" else key) for key, value in part.items()}
    if wide.get("type") == "string" and ("minLength" in wide or word in KEYS):
        wide["type"] = ["string", "number"]
    if wide.get("type") == "array" and (word in ONE_FOR_MANY or word == "additionalProperties"):
        about = {key: wide.pop(key) for key in ("description", "default", "title") if key in wide}
        return {**about, "anyOf": [wide["items"], wide]}
    return wide


def reference() -> str:
    """The reference page, in Markdown: every word of the format with what it means."""
    page = ["# The words of a dialog file", "", "Made by `voicebot schema --reference`; do not edit it.", ""]
    page += _table("A file", DialogFile, "The words at the top of a file.")
    own = tuple(DialogStep.model_fields)
    page += ["## Steps", "", "What every kind of step may have:", "", *_rows(DialogStep), ""]
    for word, kind in STEP_KINDS.items():
        page += _table(f"`{word}`", kind, without=own)
    page += ["## Parts of steps and files", ""]
    kinds: list[type[Part]] = [*STEP_KINDS.values(), DialogFile]
    for part in dict.fromkeys(part for kind in kinds for part in parts_within(kind)):
        if part.HEADING:
            page += _table(part.HEADING, part)
    page += _values()
    return "\n".join(page).rstrip() + "\n"


def _values() -> list[str]:
    """Expressions, functions and formats, each with its examples."""
    page = ["## Values and expressions", "", *VALUES, "", "| variable | holds |", "|---|---|"]
    page += [f"| `{name}` | {as_written(value)} |" for name, value in VARIABLES.items()]
    for title, examples in EXPRESSIONS.items():
        page += ["", f"{title}:", "", "| expression | value |", "|---|---|", *_computed(examples)]
    page += ["", "### Functions", "", "| function | what it gives | example | value |", "|---|---|---|---|"]
    for name, (_, _, _, about) in FUNCTIONS.items():
        page += [f"| `{name}` | {about} {row}" for row in _computed(EXAMPLES[name])]
    page += [
        "",
        "### How a value is said",
        "",
        "It stands behind a bar. Without it, the type of the value decides.",
        "",
    ]
    page += ["| format | what is said so | example | in English |", "|---|---|---|---|"]
    page += [f"| `{name}` | {about} | {_code(text)} | {said} |" for name, (text, said, about) in FORMATS.items()]
    return [*page, ""]


def _computed(examples: tuple[tuple[str, Any], ...]) -> list[str]:
    return [f"| {_code(text)} | {as_written(value)} |" for text, value in examples]


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _object(part: dict[str, Any]) -> dict[str, Any]:
    """The written-out form of a part that has short forms as well."""
    return next((branch for branch in part.get("anyOf", []) if "properties" in branch), part)


def _table(title: str, kind: type[Part], about: str = "", without: tuple[str, ...] = ()) -> list[str]:
    about = about or " ".join((kind.__doc__ or "").split())
    return [f"### {title}", "", *([about, ""] if about else []), *_rows(kind, without), "", *_examples(kind)]


def _examples(kind: type[Part]) -> list[str]:
    """What callers may say to a kind of answer."""
    if not issubclass(kind, DialogAnswer) or not kind.EXAMPLES:
        return []
    rows = [f"| `{words}` | {said} | `{value}` |" for words, said, value in kind.EXAMPLES]
    return ["| the question has | said, on 1 December 2026 | saved |", "|---|---|---|",
            *rows, ""]  # fmt: skip


def _rows(kind: type[Part], without: tuple[str, ...] = ()) -> list[str]:
    part = _object(_as_taken(kind.model_json_schema(by_alias=True)))
    rows = ["| word | what it means |", "|---|---|"]
    for word, about in part.get("properties", {}).items():
        if word in without:
            continue
        must = " Required." if word in part.get("required", []) else ""
        otherwise = f" Default: `{usual}`." if (usual := _usual(about)) else ""
        said = about.get("description", "").replace("|", "\\|")
        rows.append(f"| `{word}` | {said}{must}{otherwise} |")
    return rows


def _usual(about: dict[str, Any]) -> str:
    """The default of a field as an author would write it, such as `true` or `20s`; ``""`` for none."""
    usual = about.get("default")
    if isinstance(usual, bool):
        return str(usual).lower()
    if isinstance(usual, float):  # a time: no other kind of field has a float for its default
        return f"{usual:g}s"
    return str(usual) if isinstance(usual, int | str) else ""
