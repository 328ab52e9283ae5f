"""What the dialog host loads when a folder has ``main.yaml`` (see :mod:`voicebot.host.loader`)."""

from __future__ import annotations

import logging
from pathlib import Path

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.expressions import ExpressionError
from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.problems import Severity
from voicebot.authoring.schedule import ScheduleError
from voicebot.host.loader import DialogsError, LoadedDialogs
from voicebot.host_wire import FixedPrompt

logger = logging.getLogger(__name__)

MAX_TOLD = 20


def load_folder(folder: Path) -> LoadedDialogs:
    """Read and compile ``folder``. Raises ``DialogsError`` that tells all problems, one a line."""
    dialogs = load_dialogs(folder)
    problems = check_dialogs(dialogs)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    warnings = [problem for problem in problems if problem.severity is not Severity.ERROR]
    for problem in warnings[:MAX_TOLD]:
        logger.warning("%s", problem)
    if len(warnings) > MAX_TOLD:
        logger.warning("and %d more: voicebot check tells all", len(warnings) - MAX_TOLD)
    if errors:
        told = [str(problem) for problem in errors[:MAX_TOLD]]
        more = [f"and {len(errors) - MAX_TOLD} more"] if len(errors) > MAX_TOLD else []
        raise DialogsError("\n".join([*told, *more]))
    try:
        compiled = compile_dialogs(dialogs)
    except (ExpressionError, ScheduleError) as error:
        raise DialogsError(f"{folder}: {error}") from error
    prompts = tuple(FixedPrompt(*prompt) for prompt in compiled.prompts)
    return LoadedDialogs(
        folder, "", compiled.root, prompts, compiled.close, trials=True, draw=lambda: draw(dialogs, styled=False)
    )
