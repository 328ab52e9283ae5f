"""``voicebot chat``: talk to the dialogs in text, from a terminal or a pipe.

The bot's messages are shown as they would be spoken. ``/dtmf 12#`` presses keys, ``/silence`` is a caller who says
nothing, ``/noise`` is speech without recognisable words. ``/completed``, ``/failed``, ``/busy`` and ``/no-answer`` are
results of a transfer; ``/answered``, ``/ended``, ``/busy``, ``/no-answer``, ``/declined``, ``/unreachable`` and
``/refused`` of a call that the bot has placed. ``/state`` shows the stored state, ``/quit`` ends the call.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import typer

from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.textcall import Said, TextCall
from voicebot.commands.check import told
from voicebot.commands.context import pairs
from voicebot.host.loader import DialogsError

HELP = (
    "/dtmf KEYS  /silence  /noise  /completed  /failed  /busy  /no-answer  /answered  /ended  /declined  /unreachable  "
    "/refused  /state  /quit"
)
KEYS = frozenset("0123456789*#ABCD")


def run_chat(folder: Path, *, locale: str = "", outbound: bool = False, context: Sequence[str] = ()) -> int:
    """Hold one call. Status 2: the dialogs cannot be used, or the context is not ``name=value``."""
    try:
        about = pairs(context)
    except ValueError as error:
        typer.echo(str(error), err=True)
        return 2
    dialogs = load_dialogs(folder)
    if not dialogs.usable:
        for problem in dialogs.problems:
            typer.echo(told(problem), err=True)
        return 2
    try:
        compiled = compile_dialogs(dialogs)
    except DialogsError as error:
        typer.echo(str(error), err=True)
        return 2

    async def chat() -> None:
        call = TextCall(
            compiled.root,
            locale=locale or dialogs.main.dialog.locale,
            direction="outbound" if outbound or about else "inbound",
            context=about,
        )
        try:
            async with aclosing(_typed(sys.stdin.isatty())) as lines:
                await converse(call, lines, typer.echo)
        finally:
            await call.close()
            await compiled.close()

    asyncio.run(chat())
    return 0


async def converse(call: TextCall, lines: AsyncIterator[str], show: Callable[[str], None]) -> None:
    """Hold the call, until the bot or the caller ends it or there are no more lines."""
    before = _State.of(call)
    _show(await call.dial(), call, show)
    before = before.changed(call, show)
    if call.hung_up:
        return
    async for line in lines:
        typed = line.strip()
        if typed == "/quit":
            return
        if not typed:
            continue
        if typed == "/state":
            show(json.dumps(call.state, indent=1, ensure_ascii=False))
            continue
        said = await _answer(call, typed)
        if said is None:
            show(HELP)
            continue
        _show(said, call, show)
        before = before.changed(call, show)
        if call.hung_up:
            return


@dataclass(frozen=True, slots=True)
class _State:
    """The state of a call that is shown when it changes."""

    recording: str
    language: str
    dialled: str | None

    @classmethod
    def of(cls, call: TextCall) -> _State:
        return cls(call.recording, call.language, call.dialled)

    def changed(self, call: TextCall, show: Callable[[str], None]) -> _State:
        """Show what has changed, and return the present state."""
        now = self.of(call)
        if now.language != self.language:
            show(f"[the call continues in {now.language}]")
        if now.recording != self.recording:
            show(f"[the recording is {now.recording}]")
        if now.dialled is not None and now.dialled != self.dialled:
            show(f"[a call to {now.dialled}: /answered, /busy or /no-answer? Later /ended]")
        return now


async def _answer(call: TextCall, typed: str) -> list[Said] | None:
    """What the bot answers to a line; None for an unknown command."""
    command, _, rest = typed.partition(" ")
    match command:
        case "/dtmf":
            keys = rest.replace(" ", "").upper()
            return await call.press(keys) if keys and set(keys) <= KEYS else None
        case "/silence":
            return await call.silence()
        case "/noise":
            return await call.noise()
        case "/answered" | "/ended" | "/declined" | "/unreachable" | "/refused":
            return await call.dial_became(command[1:]) if call.dialled is not None else None
        case "/busy" | "/no-answer" if call.ringing:
            return await call.dial_became(command[1:].replace("-", "_"))
        case "/failed" | "/completed" | "/busy" | "/no-answer":
            return await call.transferred(command[1:])
    return await call.say(typed) if not typed.startswith("/") else None


def _show(said: list[Said], call: TextCall, show: Callable[[str], None]) -> None:
    for one in said:
        show(f"bot: {one.spoken}")
    if call.transfer is not None:
        show(f"[transfer to {call.transfer}: /completed or /failed?]")
    if call.hung_up:
        show("[the call is over]")


async def _typed(prompted: bool) -> AsyncGenerator[str, None]:
    """The lines of standard input. They are read on a thread, so that the dialogs run while the user thinks."""
    while True:
        if prompted:
            typer.echo("you: ", nl=False)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        yield line
