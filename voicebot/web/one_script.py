"""Modules of a page as one script: a browser fetches, checks and links one file instead of a dozen. Pure.

Each module becomes a function that is run once, before those that import it, and returns what it exports. Only the few
forms of import and export are known in which our modules (and JsSIP's bundle) are written, each on a line of its own;
another one is a ValueError, which a test meets before anybody else does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Final

_IMPORT: Final = re.compile(r'import (\* as \w+|\w+|\{[^{}"]+\}) from "([^"]+)";')
_EXPORT: Final = re.compile(r"export ((?:async function|function|class|const) ([$\w]+)(?:[^$\w].*)?)")
_DEFAULT: Final = re.compile(r"(.*;|)export\{(\w+) as default\};")


def one_script(modules: Mapping[str, str], entry: str) -> str:
    """The module ``entry`` with all that it imports, and so on. ``modules``: their texts, by names like
    `shared/dom.js`, to which imports are relative.

    Raises ValueError: a module is missing, imports itself through others, or is written in another form.
    """
    written: dict[str, str] = {}
    _write(modules, entry, (), written)
    return "".join(written.values())


def _write(modules: Mapping[str, str], name: str, within: tuple[str, ...], written: dict[str, str]) -> None:
    """``name`` and what it needs, if they are not in ``written`` yet. ``within``: what imports it."""
    if name in within or name not in modules:
        raise ValueError(f"{' > '.join((*within, name))}: {'a circle' if name in within else 'no such module'}")
    if name in written:
        return
    lines, exported = list[str](), list[str]()
    for line in modules[name].split("\n"):
        if (wanted := _IMPORT.fullmatch(line)) is not None:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted[2]))
            _write(modules, path, (*within, name), written)
            lines.append(f"const {_taken(wanted[1])} = {_variable(path)};")
        elif (export := _EXPORT.fullmatch(line)) is not None:
            exported.append(export[2])
            lines.append(export[1])
        elif line.endswith(" as default};") and (default := _DEFAULT.fullmatch(line)) is not None:
            exported.append(f"default: {default[2]}")
            lines.append(default[1])
        elif line.startswith(("import ", "import{", "export ", "export{")):
            raise ValueError(f"{name}: {line!r} is written as no other import or export is")
        else:
            lines.append(line)
    body = "\n".join(lines)
    written[name] = (
        f"// {name}\nconst {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }};\n}})();\n"
    )


def _variable(name: str) -> str:
    """Of what a module exports: a name that no module uses for anything else."""
    return "module_" + re.sub(r"\W", "_", name)


def _taken(what: str) -> str:
    """What is declared by an import: ``what``, as that names it."""
    if what.startswith("*"):
        return what.removeprefix("* as ")
    return what.replace(" as ", ": ") if what.startswith("{") else f"{{ default: {what} }}"
