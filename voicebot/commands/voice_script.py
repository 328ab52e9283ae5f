"""Makes the script of a caller from the talk of a test: what to say, which keys to press, when to be silent. Pure.

Between two acts, the caller waits until the bot has spoken and is quiet again; what the bot said is judged afterwards
(:mod:`voicebot.commands.voice_verdict`). Not every test can be run by voice: :class:`NotByVoice` says why, and where.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from voicebot.authoring.transcripts import DialogTest, Entry
from voicebot.caller import Action, CallScript, ScriptStep

QUIET_S: Final = 2.0
"""When nothing is audible for this long, the bot has finished. Pauses between its sentences are shorter, even on a busy
machine."""
ANSWER_S: Final = 20.0
SILENCE_S: Final = 40.0
"""How long the bot may take to ask again when nothing is said. Dialogs set it; 8 s is usual."""
GOES_ON_S: Final = 1.5
"""How long the caller waits after a failed transfer, for the bot to speak on its own initiative."""
END_S: Final = 30.0
TARGETS: Final = {"completed": 200, "failed": 503, "busy": 486, "no-answer": 480}
"""The SIP status with which the target of a transfer answers, by the result of the transfer."""
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class NotByVoice(Exception):
    """The test cannot be run by voice. ``line``: of the entry that is the reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class VoiceScript:
    """``acts``: the indices in the talk of what the caller does, one for each script step with a turn, without that of
    the greeting. ``transfer_status``: the SIP status with which targets of transfers answer."""

    script: CallScript
    acts: tuple[int, ...]
    transfer_status: int


def voice_script(test: DialogTest, languages: frozenset[str]) -> VoiceScript:
    """The script of ``test``, a call in ``languages``. Raises :class:`NotByVoice`."""
    for language in sorted(languages):
        if language.partition("-")[0] != "en":
            raise NotByVoice(test.line, f"the offline voice and recogniser know English only, not {language}")
    if test.direction == "outbound":
        raise NotByVoice(test.line, "the bot places this call; by voice, only inbound calls are tested")
    if len(set(test.lines)) < len(test.lines):
        raise NotByVoice(test.line, "entries of the talk share a line; begin each on its own")
    steps = [ScriptStep(Action.LISTEN, 0, deadline_s=ANSWER_S)]
    acts: list[int] = []
    answers: set[str] = set()
    for index, (entry, line) in enumerate(zip(test.talk, test.lines, strict=True)):
        if entry.dial is not None or entry.dialled is not None:
            raise NotByVoice(line, "by voice, the bot cannot place calls")
        if entry.early is not None:
            raise NotByVoice(line, "by voice, it cannot be told how early the caller speaks")
        if entry.noise:
            raise NotByVoice(line, "noise that is recognised as no words cannot be produced reliably")
        if "completed" in answers and (_acts(entry) or entry.bot):
            raise NotByVoice(line, "after a completed transfer, nobody is on the line")
        if entry.transferred is not None:
            answers.add(entry.transferred)
            if len(answers) > 1:
                raise NotByVoice(line, "by voice, all transfers of a test have the same result")
            if entry.transferred != "completed":
                steps.append(ScriptStep(Action.PAUSE, line, seconds=GOES_ON_S, waits=False))
            continue
        step = _step(entry, line)
        if step is None:
            continue
        if _awaits_word(test.talk[:index]):
            raise NotByVoice(line, "a transfer has to end before the caller goes on: write `transferred:`")
        steps.append(step)
        acts.append(index)
    end = _end(test.talk)
    if end is not None:
        steps.append(ScriptStep(Action.EXPECT_END, test.lines[-1], end=end, deadline_s=END_S))
    status = TARGETS[answers.pop()] if answers else TARGETS["completed"]
    return VoiceScript(CallScript(test.file.name, tuple(steps), "en-US", quiet_s=QUIET_S), tuple(acts), status)


def spoken(text: str) -> str:
    """``text`` as a caller says it: digits one by one, and with a full stop at the end.

    Without punctuation, a synthesised voice sounds as if it broke off, and is misheard.
    """
    text = text.strip()
    if re.fullmatch(r"\d[\d -]*", text):
        text = ", ".join(in_words(digit) for digit in text if digit.isdecimal())
    return text + "." if text[-1:].isalnum() else text


def in_words(word: str) -> str:
    """A single digit as a word; any other word unchanged."""
    return _DIGITS[int(word)] if word.isdecimal() and len(word) == 1 else word


def _acts(entry: Entry) -> bool:
    return entry.caller is not None or entry.keys is not None or bool(entry.silence) or entry.transferred is not None


def _step(entry: Entry, line: int) -> ScriptStep | None:
    if entry.caller is not None:
        if not re.search(r"\w", entry.caller):
            raise NotByVoice(line, "this has no words to say")
        return ScriptStep(Action.SAY, line, text=spoken(entry.caller), deadline_s=ANSWER_S)
    if entry.keys is not None:
        if not re.fullmatch(r"[0-9*#A-D]{1,64}", entry.keys.upper()):
            raise NotByVoice(line, "these are not keys of a telephone (0-9, *, #, A-D; at most 64)")
        return ScriptStep(Action.KEYS, line, keys=entry.keys.upper(), deadline_s=ANSWER_S)
    return ScriptStep(Action.SILENCE, line, deadline_s=SILENCE_S) if entry.silence else None


def _awaits_word(talk: list[Entry]) -> bool:
    """Whether a transfer has been asked for whose result is not written yet."""
    for entry in reversed(talk):
        if entry.transferred is not None or _acts(entry):
            return False
        if entry.transfer is not None:
            return True
    return False


def _end(talk: list[Entry]) -> Literal["hangup", "transfer"] | None:
    """How the talk ends; None if it does not say."""
    transferred = False
    for entry in talk:
        if entry.transferred is not None:
            transferred = entry.transferred == "completed"
        elif _acts(entry):
            transferred = False
        elif entry.transfer is not None:
            transferred = True
    if transferred:
        return "transfer"
    for entry in reversed(talk):
        if entry.hangup:
            return "hangup"
        if _acts(entry):
            break
    return None
