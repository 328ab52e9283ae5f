"""The file of a call's record, named by the call's id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from voicebot.private_files import whole_file

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
        file.write(json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n")
    return path
