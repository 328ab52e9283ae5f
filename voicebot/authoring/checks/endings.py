"""Ways that end where no caller should be: steps nobody comes to, circles, calls that end without a word."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.authoring.checks.places import at_key, at_value
from voicebot.authoring.checks.ways import reachable, roots, ways
from voicebot.authoring.folder import MAIN, Dialogs, LoadedDialog
from voicebot.authoring.model import END, Ask, Call, Dial, Goto, HangUp, Http, If, Queue, Say, Transfer
from voicebot.authoring.problems import Problem


def unreachable(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Steps that no way leads to."""
    if loaded.document.problems:
        return  # a step that could not be read may be what leads there
    seen = reachable(ways(loaded.dialog), roots(loaded.dialog))
    for step in loaded.dialog.steps:
        if step.id not in seen:
            yield at_value(loaded.document, (*loaded.step_path(step.id), "id"), "unreachable",
                           f"no way leads to {step.id!r}", "go to it from another step, or remove it")  # fmt: skip


def circles(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Steps from which every way goes round for ever, without a question on it."""
    graph = ways(loaded.dialog)
    restful = {step.id for step in loaded.dialog.steps if isinstance(step, Ask | Transfer | Queue | HangUp)
               or (isinstance(step, Dial) and step.dial.wait_for != "nothing")
               or (isinstance(step, Call) and step.call in dialogs.dialogs)}  # fmt: skip
    for step in loaded.dialog.steps:
        ahead = reachable(graph, [step.id])
        if ahead <= graph.keys() and not ahead & restful and any(step.id in graph[other] for other in ahead):
            yield at_value(loaded.document, (*loaded.step_path(step.id), "id"), "circle",
                           f"from {step.id!r} every way goes round in a circle, and no question is on it",
                           "let one way lead to a question or to end")  # fmt: skip
            return


def dead_ends(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """Calls that end without a word, and words that have no effect."""
    document, last = loaded.document, loaded.dialog.steps[-1]
    silent = not isinstance(last, Say | HangUp | Goto) and last.next is None
    if loaded.name == MAIN and silent and END in ways(loaded.dialog)[last.id]:
        yield at_value(document, (*loaded.step_path(last.id), "id"), "dead-end",
                       f"behind {last.id!r} the call ends without a word", "add a hangup with a goodbye")  # fmt: skip
    for step in loaded.dialog.steps:
        path = loaded.step_path(step.id)
        if isinstance(step, If) and (step.then or "") == (step.otherwise or ""):
            yield at_key(document, (*path, "if"), "same-way", "it goes the same way whether the condition holds or not",
                         "add then: or else: with another step")  # fmt: skip
        if step.next is not None and isinstance(step, Goto | HangUp):
            yield at_key(document, (*path, "next"), "no-effect", f"behind {step.WORD} nothing follows",
                         "leave next out")  # fmt: skip


def unhandled_failures(dialogs: Dialogs, loaded: LoadedDialog) -> Iterator[Problem]:
    """What can go wrong, and nobody has said where it goes on then."""
    dialog, document = loaded.dialog, loaded.document
    if dialog.defaults.on_fail is not None:
        return
    agent = loaded.name == MAIN and dialog.globals.agent is not None
    for step in dialog.steps:
        path = loaded.step_path(step.id)
        if isinstance(step, Http) and step.on_error is None:
            yield at_key(document, (*path, "http"), "no-on-error", "nothing says what happens when the service fails",
                         "add on_error: and a step")  # fmt: skip
        if isinstance(step, Call) and step.on_error is None and step.call not in dialogs.dialogs and "." in step.call:
            yield at_key(document, (*path, "call"), "no-on-error", "nothing says what happens when the function fails",
                         "add on_error: and a step")  # fmt: skip
        if isinstance(step, Dial) and _unheard(step):
            yield at_key(document, (*path, "dial"), "no-on-fail", "it goes on the same when nobody was reached",
                         "add on_fail: and a step, or save: and ask for it with if:")  # fmt: skip
        if loaded.name == MAIN and isinstance(step, Ask) and step.on_fail is None and not agent:
            yield at_key(document, (*path, "ask"), "no-on-fail", "callers who are not understood here are hung up on",
                         "add on_fail: and a step, here or under defaults")  # fmt: skip


def _unheard(step: Dial) -> bool:
    """Whether a dialog that waits for somebody never knows that nobody came."""
    return step.dial.wait_for != "nothing" and step.on_fail is None and step.save is None
