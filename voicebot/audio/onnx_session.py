"""How models are loaded: onnxruntime's session, on the processor."""

from __future__ import annotations

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
    # without VNNI, sums of unsigned with signed bytes overflow in 16 bits: unsigned with unsigned ones do not
    options.add_session_config_entry("session.x64quantprecision", "1")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
