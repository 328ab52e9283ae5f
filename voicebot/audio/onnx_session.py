"""How models are loaded: onnxruntime's session, on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime

from voicebot.audio.processor import multiplies_bytes


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
    # makes signed bytes unsigned, which has the same result on all processors, and takes up to half as long again
    options.add_session_config_entry("session.x64quantprecision", "0" if multiplies_bytes() else "1")
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
