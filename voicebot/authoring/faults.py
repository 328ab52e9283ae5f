"""What pydantic has found wrong with a part of a file, in words for its author."""

from __future__ import annotations

from typing import Any

from voicebot.authoring.model import GlobalCommand, GlobalCommands, Part, Prompt
from voicebot.authoring.problems import did_you_mean
from voicebot.authoring.walking import part_in


def told(kind: type[Part], fault: Any) -> tuple[str, str, str]:
    """Code, message and mend."""
    name = str(fault["loc"][-1]) if fault["loc"] else ""
    if fault["type"].endswith(("too_short", "too_long", "string_type")):
        name = _name(fault["loc"])
    context = fault.get("ctx") or {}
    match fault["type"]:
        case "extra_forbidden":
            owner = _owner(kind, fault["loc"][:-1])
            if owner is Prompt and fault["input"] is None:
                return "braces", "a text that begins with { must stand in quotes", f'put it in quotes: "{{{name}}} ..."'
            known = [info.alias or field for field, info in owner.model_fields.items()] if owner else []
            mend = did_you_mean(name, known)
            if not mend and owner is not None and len(known) < 16:
                mend = f"known are {', '.join(known)}"
            return (
                "unknown-word",
                f"{name!r} has no meaning here",
                mend or "leave it out, or look its place up in the guide",
            )
        case "missing":
            return "missing", f"{name!r} is missing", f"add {name}:"
        case "string_type":
            if isinstance(fault["input"], dict):
                return "wrong-kind", f"{name!r} wants a text", 'put a text that begins with { in quotes: "{...}"'
            if isinstance(fault["input"], bool) or fault["input"] is None:
                return "wrong-kind", f"{name!r} wants a text", "put it in quotes"
            return "wrong-kind", f"{name!r} wants a text", ""
        case "string_too_short" | "too_short" if isinstance(fault["input"], str):
            return "empty-text", f"{name!r} is empty", "write what is said, or leave the word out"
        case "string_too_long":
            return "too-long", f"{name!r} has more than {context.get('max_length')} characters", ""
        case "string_pattern_mismatch":
            mend = "User-to-User, or a name that begins with X-" if "headers" in fault["loc"] else ""
            return "bad-name", _pattern(name, fault), mend
        case "literal_error":
            expected = str(context.get("expected")).replace("True", "true").replace("False", "false").replace("'", "")
            return "wrong-value", f"{name!r} wants {expected}", ""
        case "bool_type" | "bool_parsing":
            return "wrong-value", f"{name!r} wants true or false", ""
        case "int_type" | "int_parsing" | "int_from_float" | "float_type" | "float_parsing":
            return "wrong-value", f"{name!r} wants a number", ""
        case "greater_than_equal" | "less_than_equal":
            bound = context.get("ge", context.get("le"))
            return "wrong-value", f"{name!r} must be {'at least' if 'ge' in context else 'at most'} {bound}", ""
        case "value_error":
            return "wrong-value", f"{name!r} wants {context.get('error')}", ""
        case "list_type":
            return "wrong-kind", f"{name!r} wants a list", "- one item a line"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "wrong-kind", f"{name!r} wants words of its own", "indent them below it"
        case "too_short":
            return "empty", f"{name!r} is empty", ""
    return "wrong-value", f"{name!r}: {fault['msg']}", ""


def _name(path: tuple[Any, ...]) -> str:
    """The word that the author wrote; for the short form of a prompt, the word in front of it."""
    words = [step for step in path if isinstance(step, str) and step != "Prompt"]
    if len(words) > 1 and words[-1] == "text":
        words.pop()
    return words[-1] if words else str(path[-1]) if path else ""


def _pattern(name: str, fault: Any) -> str:
    value = fault["input"]
    if name in ("key", "end_key", "yes_key", "no_key") or (len(fault["loc"]) > 1 and fault["loc"][-2] == "keys"):
        return f"{value!r} is no key: 0 to 9, * or #"
    if len(fault["loc"]) > 2 and fault["loc"][-3] == "headers":
        return f"{fault['loc'][-2]!r} cannot be sent as a header"
    if name == "audio":
        return f"{value!r} is no audio file: a WAV file such as sounds/hello.wav, or https://..."
    return f"{value!r} cannot be a name here: letters and digits, beginning with a letter"


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
