"""What pydantic has found wrong with a part of a file, in words for its author."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from voicebot.authoring.answers.answer import DialogAnswer
from voicebot.authoring.as_written import as_written
from voicebot.authoring.model import GlobalCommand, GlobalCommands, Option, Part, Prompt
from voicebot.authoring.problems import did_you_mean
from voicebot.authoring.walking import part_in

EXAMPLES = {
    "agent": "{goto: agent}",
    "by_caller": '{"+49": de-DE, "+33": fr-FR}',
    "choice": "{sales: , service: }",
    "constants": "{company: Contoso}",
    "context": '{account: "{account}"}',
    "dial": '{to: "+15550100"}',
    "globals": "{agent: {goto: agent}}",
    "headers": "{X-Account: 17}",
    "http": '{get: "https://shop.example/orders"}',
    "json": '{number: "{number}"}',
    "keys": '{"1": menu}',
    "languages": '{en-US: {key: "1"}, de-DE: {key: "2"}}',
    "options": '{from: rooms, say: "{type}"}',
    "query": '{number: "{number}"}',
    "queue": '{to: "+15550100"}',
    "schedules": '{office: {zone: Europe/Berlin, week: {mon-fri: "08:00-18:00"}}}',
    "set": '{attempts: "{attempts + 1}"}',
    "start_over": "{goto: menu}",
    "week": '{mon-fri: "08:00-18:00"}',
    "with": '{number: "{number}"}',
}
"""What is written after a word that has words of its own."""
_SIZE = re.compile(r"(\d{1,2})(?: ?(?:-|to|bis|à|a) ?(\d{1,2}))?")
"""How many there are: `6`, `4-6`."""
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o"})
"""Letters that names cannot have, as they are written without them."""


def told(kind: type[Part], fault: Any) -> tuple[str, str, str]:
    """Code, message and mend."""
    path = fault["loc"]
    name = str(path[-1]) if path else ""
    if fault["type"].endswith(("too_short", "too_long", "string_type")):
        name = _name(path)
    context = fault.get("ctx") or {}
    match fault["type"]:
        case "extra_forbidden":
            return _unknown_word(kind, path, fault["input"])
        case "missing":
            return "missing", f"{name!r} is missing", f"add {name}:"
        case "string_type":
            return "wrong-kind", f"{name!r} wants a text", _mend_of_text(name, fault["input"])
        case "string_too_short" | "too_short" if isinstance(fault["input"], str):
            return "empty-text", f"{name!r} is empty", "write what is said, or leave the word out"
        case "string_too_long":
            said = f"{name!r} has more than {context.get('max_length')} characters"
            return "too-long", said, "write less, or in several steps"
        case "string_pattern_mismatch":
            return "bad-name", *_pattern(name, path, fault["input"])
        case "literal_error":
            expected = str(context.get("expected")).replace("True", "true").replace("False", "false").replace("'", "")
            return "wrong-value", f"{name!r} wants {expected}", _like(name, expected.replace(",", "").split()[0])
        case "bool_type" | "bool_parsing":
            return "wrong-value", f"{name!r} wants true or false", _like(name, "true")
        case "int_parsing_size" | "finite_number":
            return "wrong-value", f"the number of {name!r} is too large", _like(name, "20")
        case "int_type" | "int_parsing" | "int_from_float" | "float_type" | "float_parsing":
            return "wrong-value", f"{name!r} wants a number", _like(name, "3")
        case "greater_than_equal" | "less_than_equal":
            bound = as_written(context.get("ge", context.get("le")))
            limit = f"at {'least' if 'ge' in context else 'most'} {bound}"
            return "wrong-value", f"{name!r} must be {limit}", _like(name, bound)
        case "value_error":
            return "wrong-value", f"{name!r} wants {context.get('error')}", _mend_of_value(name, str(context["error"]))
        case "list_type":
            return "wrong-kind", f"{name!r} wants a list", f"one item a line, each with a dash; or {name}: [a, b]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "wrong-kind", f"{name!r} wants words of its own", _mend_of_words(kind, path, fault["input"])
        case "too_short":
            return "empty", f"{name!r} is empty", "add what belongs there, or leave the word out"
        case "too_long":
            return "too-long", f"{name!r} has more than {context.get('max_length')} items", "leave some of them out"
    return "wrong-value", f"{name!r} cannot be {as_written(fault['input'])[:60]!r}", "write another value"


# --- words that have no meaning where they stand ---------------------------------------------------------------------


def _unknown_word(kind: type[Part], path: tuple[Any, ...], given: Any) -> tuple[str, str, str]:
    name, owner = str(path[-1]), _owner(kind, path[:-1])
    if owner is Prompt and given is None:
        return "braces", "a text that begins with { must stand in quotes", f'put it in quotes: "{{{name}}} ..."'
    said = f"{name!r} has no meaning here"
    known = _words(owner) if owner is not None else []
    if close := did_you_mean(name, known):
        return "unknown-word", said, close
    elsewhere = next((way for way in _ways(owner) if way[-1] == name), None) if owner is not None else None
    if elsewhere is not None:
        return "unknown-word", said, f"write it under {elsewhere[0]}: {_nested(elsewhere)}"
    above = kind if owner is not kind and name in _words(kind) else None
    if above is not None:
        return "unknown-word", said, f"write it one level higher, beside {path[0]}:"
    if isinstance(given, dict) and "choice" in known and given.keys() <= set(_words(Option)):
        return "unknown-word", said, "an option stands below choice:, indented further than it"
    if not known:
        word = next((str(step) for step in reversed(path[:-1]) if isinstance(step, str)), name)
        return "unknown-word", said, f"{word} has no words of its own: write {word}: true"
    return "unknown-word", said, f"known are {', '.join(known)}"


def _words(owner: type[Part]) -> list[str]:
    return [info.alias or field for field, info in owner.model_fields.items()]


def _ways(owner: type[Part]) -> Iterator[tuple[str, ...]]:
    """The words within the parts of ``owner``, each with the way to it."""
    for field, info in owner.model_fields.items():
        part = part_in(info.annotation)
        if part is not None and part is not owner and not issubclass(part, Prompt):
            yield from ((info.alias or field, word) for word in _words(part))


def _nested(way: tuple[str, ...]) -> str:
    return f"{way[0]}: {{{way[1]}: ...}}"


# --- values that do not fit ------------------------------------------------------------------------------------------


def _like(name: str, example: str) -> str:
    return f"such as {name}: {example}"


def _mend_of_text(name: str, given: Any) -> str:
    if isinstance(given, dict):
        target = given.get("goto") if len(given) == 1 else None
        return (
            f"write {name}: {target}" if isinstance(target, str) else 'put a text that begins with { in quotes: "{...}"'
        )
    if isinstance(given, list):
        return "write one text, or a step for each"
    return "write what is said, in quotes, or leave the word out" if given is None else "put it in quotes"


def _mend_of_value(name: str, wanted: str) -> str:
    if wanted.startswith("a time"):
        return _like(name, "3s")
    if wanted.startswith("an address"):
        return _like(name, '"https://shop.example/orders"')
    if wanted.startswith("exactly one of get"):
        return f"such as {name}: {EXAMPLES['http']}"
    if wanted.startswith("a whole number"):
        return 'put it in quotes if it is a text, such as an account number: "..."'
    if wanted.startswith("one of caller"):
        return "make an entry of each, with a dash of its own"
    return _like(name, '"+15550100"') if wanted.startswith("a number or") else "write it so"


def _mend_of_words(kind: type[Part], path: tuple[Any, ...], given: Any) -> str:
    name, owner = _name(path), _owner(kind, path)
    if owner is not None and issubclass(owner, DialogAnswer):
        if isinstance(given, str) and "length" in owner.model_fields and (size := _SIZE.fullmatch(given)):
            return f"write {name}: {size[1]}, without quotes" if not size[2] else (
                f"write {name}: {{min: {size[1]}, max: {size[2]}}}"
            )  # fmt: skip
        short = f"write {name}: true"
        saved = f", and save: {given}" if isinstance(given, str) and re.fullmatch(r"[A-Za-z]\w*", given) else ""
        words = _words(owner)
        return f"{short}{saved}" + (f"; or {name}: {{{words[0]}: ...}}" if words else "")
    if owner is GlobalCommand and name not in GlobalCommands.model_fields:
        return f"write {name}: {{say: [...], message: ...}}"
    if name in EXAMPLES:
        return f"write {name}: {EXAMPLES[name]}"
    if owner is not None:
        return f"write {name}: {{{_words(owner)[0]}: ...}}"
    return f"write {name}: {{name: value}}"


def _name(path: tuple[Any, ...]) -> str:
    """The word that the author wrote; for the short form of a prompt, the word in front of it."""
    words = [step for step in path if isinstance(step, str) and step != "Prompt"]
    if len(words) > 1 and words[-1] == "text":
        words.pop()
    return words[-1] if words else str(path[-1]) if path else ""


def _pattern(name: str, path: tuple[Any, ...], value: Any) -> tuple[str, str]:
    words = [str(step) for step in path]
    if run_on := re.search(r"\s(\w+):\S", str(value)):
        return f"{value!r} is two lines that were read as one", f"write a space behind {run_on[1]}:"
    if name in ("key", "end_key", "yes_key", "no_key") or (len(words) > 1 and words[-2] == "keys"):
        return f"{value!r} is no key: 0 to 9, * or #", 'write one key, in quotes: "1"'
    if len(words) > 2 and words[-3] == "headers":
        return f"{words[-2]!r} cannot be sent as a header", "User-to-User, or a name that begins with X-"
    if name == "audio":
        said = f"{value!r} is no audio file: a WAV file such as sounds/hello.wav, or https://..."
        return said, "save it as WAV, beside this file"
    if {"locale", "languages", "by_caller"} & set(words):
        language, _, country = str(value).replace("_", "-").partition("-")
        meant = f"{language.lower()}-{country.upper()}" if len(language) == len(country) == 2 else "en-US or de-DE"
        return f"{value!r} is no language", f"write its code, such as {meant}"
    latin = unicodedata.normalize("NFKD", str(value).translate(_LETTERS)).encode("ascii", "ignore").decode()
    plain = re.sub(r"\W+", "_" if "-" in latin else "-", latin, flags=re.ASCII).strip("-_") or "name"
    if "id" not in words and "choice" not in words and "options" not in words:
        plain = plain.replace("-", "_")
    example = plain if plain[0].isalpha() else f"n{plain}"
    return f"{value!r} cannot be a name here: letters and digits, beginning with a letter", f"such as {example}"


def _owner(kind: type[Part], path: tuple[Any, ...]) -> type[Part] | None:
    """The model at the end of ``path``, which starts in ``kind``."""
    owner: type[Part] | None = kind
    for step in path:
        if owner is None:
            return None
        found = [info for field, info in owner.model_fields.items() if step in (field, info.alias)]
        if found:
            owner = part_in(found[0].annotation)
        elif owner is GlobalCommands:
            owner = GlobalCommand
    return owner
