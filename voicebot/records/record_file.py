"""The file of a call's record, named by the call's id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from voicebot.private_files import whole_file

_line: Final = json.JSONEncoder(ensure_ascii=False).encode

NOT_KEPT: Final = "[not kept]"
"""In place of words that were said while the recording was paused."""


def write_record(record: dict[str, Any], directory: Path) -> Path:
    """Write ``record`` as ``<id>.json`` under ``directory`` (made when missing). Blocks; raises OSError.

    The id is random, so that no two calls share a file. The file appears whole or not at all. Raises FileExistsError
    if there is a file of this name; it is never overwritten.
    """
    path = directory / f"{record['id']}.json"
    if path.exists():
        raise FileExistsError(f"{path}: there is a record of a call by this id")
    with whole_file(path, durable=True) as file:
        file.write(as_text(record).encode("utf-8", "backslashreplace"))
    return path


def as_text(record: dict[str, Any]) -> str:
    """``record`` as JSON that people can read: a line for each of its values, and for each value in those that are
    lists or objects. The call may go on, and add to these meanwhile.

    Each line is made by native code, which holds the interpreter. With indentation all through, it would be Python,
    which takes twice as long; without any line, the event loop would wait for all of it: 10 ms for a long call."""
    return "{\n" + ",\n".join(f" {_line(name)}: {_value(value)}" for name, value in record.items()) + "\n}\n"


def _value(value: Any) -> str:
    if isinstance(value, dict) and value:
        return "{\n  " + ",\n  ".join(f"{_line(name)}: {_line(each)}" for name, each in list(value.items())) + "\n }"
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(map(_line, list(value))) + "\n ]"
    return _line(value)
