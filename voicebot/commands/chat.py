"""``voicebot chat``: talk to the dialogs in text, by typing, from a terminal or a pipe.

What the bot says is shown as it would be spoken. ``/dtmf 12#`` presses keys, ``/silence`` says nothing, ``/noise`` is
heard without words, ``/completed``, ``/failed``, ``/busy`` and ``/no-answer`` tell what came of a transfer, ``/state``
shows what is stored of the call, ``/quit`` ends it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import typer

from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.textcall import Said, TextCall
from voicebot.commands.check import told
from voicebot.host.codec import dumps
from voicebot.host.loader import DialogsError

HELP = "/dtmf KEYS  /silence  /noise  /completed  /failed  /busy  /no-answer  /state  /quit"
KEYS = frozenset("0123456789*#ABCD")


def run_chat(folder: Path, *, locale: str = "") -> int:
    """Begin a call and end with it. Status 2: the dialogs cannot be used."""
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
        call = TextCall(compiled.root, locale=locale or dialogs.main.dialog.locale)
        try:
            async with aclosing(_typed(sys.stdin.isatty())) as lines:
                await converse(call, lines, typer.echo)
        finally:
            await call.close()
            await compiled.close()

    asyncio.run(chat())
    return 0


async def converse(call: TextCall, lines: AsyncIterator[str], show: Callable[[str], None]) -> None:
    """The whole call: until the bot or the caller ends it, or there are no more lines."""
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
            show(json.dumps(json.loads(dumps(call.state)), indent=1, ensure_ascii=False))
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
    """What of a call is neither said nor heard."""

    recording: str
    language: str

    @classmethod
    def of(cls, call: TextCall) -> _State:
        return cls(call.recording, call.language)

    def changed(self, call: TextCall, show: Callable[[str], None]) -> _State:
        """Show what has changed; the state that holds now."""
        now = self.of(call)
        if now.language != self.language:
            show(f"[the call goes on in {now.language}]")
        if now.recording != self.recording:
            show(f"[the recording is {now.recording}]")
        return now


async def _answer(call: TextCall, typed: str) -> list[Said] | None:
    """What the bot says to a line; None for a command that there is not."""
    command, _, rest = typed.partition(" ")
    match command:
        case "/dtmf":
            keys = rest.replace(" ", "").upper()
            return await call.press(keys) if keys and set(keys) <= KEYS else None
        case "/silence":
            return await call.silence()
        case "/noise":
            return await call.noise()
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
    """Lines of standard input, read on a thread: whoever thinks about an answer holds nothing up."""
    while True:
        if prompted:
            typer.echo("you: ", nl=False)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return
        yield line
