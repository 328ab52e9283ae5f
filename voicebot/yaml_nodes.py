"""YAML that people write, as nodes with their positions. Its size and depth are limited before it is composed.

PyYAML composes by recursion in C, which overruns the stack of the process where nesting is deep, and in Python by loops
over the depth for each token. What its parser reports one after the other is therefore looked at first.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_DEPTH = 64
MAX_DIRECTIVES = 10
"""Lines that begin with ``%``: the parser compares each with all before it."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str) -> yaml.Node | None:
    """The one document in ``text``; None when it is empty. Raises :class:`yaml.YAMLError`, nearly always a
    ``MarkedYAMLError``, which knows the line; ValueError for half a surrogate pair."""
    if f"\n{text}".count("\n%") > MAX_DIRECTIVES:
        raise yaml.YAMLError(f"more than {MAX_DIRECTIVES} lines begin with %")
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                mark: Any = event.start_mark
                raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH}", problem_mark=mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    return node
