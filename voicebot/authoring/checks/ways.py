"""Where each step of a dialog can lead: the graph that the checks and the coverage of tests go by."""

from __future__ import annotations

from voicebot.authoring.model import (
    END,
    FAIL,
    AnyStep,
    Ask,
    Call,
    Dial,
    DialogFile,
    Goto,
    HangUp,
    Hours,
    Http,
    If,
    Queue,
    Transfer,
)


def ways(dialog: DialogFile) -> dict[str, list[str]]:
    """The targets of each step, ``end`` and ``fail`` among them, in the order in which they are written."""
    order = [step.id for step in dialog.steps]
    after = dict(zip(order, [*order[1:], END], strict=True))
    failed = dialog.defaults.on_fail or FAIL
    return {step.id: list(dict.fromkeys(ways_of(step, step.next or after[step.id], failed))) for step in dialog.steps}


def reachable(graph: dict[str, list[str]], roots: list[str]) -> set[str]:
    """The steps that can be come to from ``roots``; targets that are no steps are among them."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        step = waiting.pop()
        if step not in seen:
            seen.add(step)
            waiting += graph.get(step, [])
    return seen


def roots(dialog: DialogFile) -> list[str]:
    """Where callers can come into the dialog from outside: its first step, and what can be asked for at any time."""
    leading = [dialog.globals.agent, dialog.globals.start_over]
    return [dialog.steps[0].id, *(one.goto for one in leading if one is not None and one.goto is not None)]


def ways_of(step: AnyStep, onward: str, failed: str) -> list[str]:
    """The targets of one step: ``onward`` is where it goes on, ``failed`` where without an ``on_fail`` of its own."""
    match step:
        case Ask():
            return [*_answers(step, onward), *step.keys.values(), step.on_fail or failed]
        case If():
            return [step.then or onward, step.otherwise or onward]
        case Goto():
            return [step.goto]
        case Hours():
            return [step.open or onward, step.closed or onward]
        case Call():
            return [onward, step.on_error or failed, step.on_fail or failed]
        case Http():
            return [onward, step.on_error or failed]
        case Transfer():
            return [step.on_fail or onward]
        case Queue():
            closed = [step.closed or onward] if step.queue.hours is not None else []
            full = [step.full or step.on_fail or onward] if step.queue.full_when is not None else []
            return [*closed, *full, *step.keys.values(), step.on_fail or onward]
        case Dial():
            if step.dial.wait_for == "nothing":
                return [onward]
            came_to_nothing = [step.after(outcome) or onward for outcome in step.OUTCOMES]
            return [onward, *came_to_nothing, *step.keys.values(), step.on_fail or onward]
        case HangUp():
            return []
    return [onward]


def _answers(ask: Ask, onward: str) -> list[str]:
    found = [option.next or onward for option in ask.options.values()]
    if ask.yesno is not None:
        return [*found, ask.yesno.yes or onward, ask.yesno.no or onward]
    return found if ask.chooses and found else [*found, onward]
