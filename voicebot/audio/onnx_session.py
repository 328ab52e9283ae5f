"""How models are loaded: onnxruntime's session, on the processor."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import onnxruntime


def session(model: Path | bytes, threads: int = 1) -> Any:
    """Load ``model``, which ``threads`` compute together; it may be run by several threads at once. Raises what
    onnxruntime does.

    No plan is made of which results may use the same memory: to make it takes most of the time of loading (1.0 of 1.3 s
    for a Piper voice), and without it neither run time nor memory differ.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    options.enable_mem_reuse = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.x64quantprecision", "0" if _multiplies_bytes() else "1")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


@cache
def _multiplies_bytes() -> bool:
    """Whether the processor sums products of unsigned with signed bytes as they are (VNNI). Others add two in 16 bits,
    where large ones do not fit: onnxruntime then makes the signed ones unsigned, which has the same result and takes up
    to half as long again."""
    with suppress(OSError):
        return "_vnni" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return False
