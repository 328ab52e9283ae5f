"""The file that a call's record is kept in: named after the call, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from voicebot.private_files import whole_file


def write_record(record: dict[str, Any], directory: Path) -> Path:
    """Write ``record`` as ``<call-id>.json`` under ``directory`` (made when missing). Blocks; raises OSError.

    The file appears whole or not at all: it is written beside its place and renamed.
    """
    path = directory / f"{file_stem(str(record['call_id']))}.json"
    with whole_file(path, durable=True) as file:
        file.write(json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n")
    return path


def file_stem(call_id: str) -> str:
    """A file name for a Call-ID, which a stranger chose: no separators, no leading dot, at most 100 characters.

    A name that had to be changed gets a piece of the id's digest, so that two ids never share a file.
    """
    safe = re.sub(r"[^A-Za-z0-9._@+-]", "_", call_id).lstrip(".")[:100]
    if safe and safe == call_id:
        return safe
    digest = hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{safe[:88] or 'call'}-{digest}"
