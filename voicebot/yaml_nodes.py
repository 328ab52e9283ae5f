"""YAML that people write, as nodes with their positions. Its size and depth are limited while it is composed.

PyYAML composes by recursion in C, which overruns the stack of the process where nesting is deep, and in Python by loops
over the depth for each token. Both ask for a resolver's place before each node: there the depth is counted, and the
parser is asked for no more than it takes to see that it is too deep.
"""

from __future__ import annotations

from typing import Any

import yaml

MAX_DEPTH = 64
MAX_DIRECTIVES = 10
"""Lines that begin with ``%``: the parser compares each with all before it."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Shallow(_Loader):  # type: ignore[misc]
    """Composes what is nested no deeper than :data:`MAX_DEPTH`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def descend_resolver(self, current_node: yaml.Node | None, current_index: object) -> None:
        """A node begins, within ``current_node``: that is the one too many, and its place is known."""
        self._depth += 1
        if self._depth > MAX_DEPTH + 1:
            mark: Any = current_node.start_mark if current_node is not None else None
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH}", problem_mark=mark)

    def ascend_resolver(self) -> None:
        """A node has ended."""
        self._depth -= 1


def compose(text: str) -> yaml.Node | None:
    """The one document in ``text``; None when it is empty. Raises :class:`yaml.YAMLError`, nearly always a
    ``MarkedYAMLError``, which knows the line; ValueError for half a surrogate pair."""
    if f"\n{text}".count("\n%") > MAX_DIRECTIVES:
        raise yaml.YAMLError(f"more than {MAX_DIRECTIVES} lines begin with %")
    node: yaml.Node | None = yaml.compose(text, Loader=_Shallow)
    return node
