"""A default is written once: in the room that has the value, or else in the settings."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

VOICEBOT = Path(__file__).parents[2] / "voicebot"
OTHER_THINGS = {"host", "port", "level", "language", "voice"}
"""Names that mean something else in other rooms, too."""
EXCEPTIONS = {
    "dialogs",  # the commands know the folder before there are any settings
    "strangers",  # "auto" is the settings' own: the room is told what comes of it
    "transfer",  # of our own dialogs, and of each bot: two settings
}


def defaults(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Names of fields and parameters with the literals that are their defaults; what stands for nothing left out."""
    for node in ast.walk(tree):
        pairs: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, ast.ClassDef):
            fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
            pairs = [(field.target.id, field.value) for field in fields if isinstance(field.target, ast.Name)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            places = [*node.args.posonlyargs, *node.args.args]
            pairs = [(a.arg, d) for a, d in zip(reversed(places), reversed(node.args.defaults), strict=False)]
            pairs += [(a.arg, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
        for name, value in pairs:
            is_field = isinstance(value, ast.Call) and ast.unparse(value.func) == "Field" and value.args
            default = value.args[0] if is_field else value
            try:
                literal = ast.literal_eval(default) if default is not None else None
            except ValueError:
                continue  # a name, a call: it is written elsewhere
            if literal:
                yield name, repr(literal)


def test_no_default_of_a_setting_is_written_a_second_time() -> None:
    settings, rooms = set(), defaultdict(list)
    for file in sorted(VOICEBOT.rglob("*.py")):
        found = defaults(ast.parse(file.read_text(encoding="utf-8")))
        if file.parent.name == "settings":
            settings.update(found)
        elif "starters" not in file.parts:
            for pair in found:
                rooms[pair].append(file.relative_to(VOICEBOT).as_posix())
    set_names = {name for name, _ in settings} - OTHER_THINGS - EXCEPTIONS
    twice = {f"{name} = {value}": files for (name, value), files in rooms.items() if name in set_names}
    assert twice == {}, "take the default from the room (`voicebot/settings/values.py: default`)"
