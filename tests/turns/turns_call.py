"""A call on virtual time, driven as a session does it, without a session."""

from __future__ import annotations

from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    Event,
    Final,
    InputHint,
    PlaybackEnded,
    PlaybackStarted,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import (
    Ask,
    Command,
    Commit,
    Drop,
    Overlapped,
    Play,
    Prepare,
    ScoreTurn,
    TurnMachine,
    TurnPolicy,
)

POLICY = TurnPolicy()
LANGUAGE = "en-US"


class Call:
    """Drives the machine as a session does: events at times, due timers in between, drops answered at once.

    ``ahead``: what was begun before the end of a turn, with its times; ``overlaps``: what is told of sounds over
    prompts; ``commands``: all else.
    """

    def __init__(self, policy: TurnPolicy = POLICY, language: str = LANGUAGE) -> None:
        self.machine = TurnMachine(policy, language)
        self.now = 0.0
        self.commands: list[Command] = []
        self.ahead: list[tuple[float, Command]] = []
        self.overlaps: list[Overlapped] = []
        self.playing: list[int] = []
        self.heard_s = 1.0
        self._carry_out(self.machine.start())

    def until(self, at: float) -> Call:
        """Let time pass; what is due on the way happens on the way."""
        for _ in range(200):
            due = self.machine.deadline
            if due is None or due > at:
                break
            self.now = max(self.now, due)
            self._carry_out(self.machine.wake(self.now))
        else:
            raise AssertionError("a deadline that does not pass")
        self.now = max(self.now, at)
        return self

    def on(self, event: Event) -> Call:
        """Let ``event`` happen, at its time."""
        self.until(event.at)
        self._carry_out(self.machine.handle(event))
        return self

    def _carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Overlapped):
                self.overlaps.append(command)
                continue
            if isinstance(command, Commit | ScoreTurn | Prepare):
                self.ahead.append((round(self.now, 3), command))
                continue
            self.commands.append(command)
            if isinstance(command, Play):
                self.playing.append(command.utterance)
            if isinstance(command, Drop):
                dropped, self.playing = self.playing, []
                for i, number in enumerate(dropped):
                    self._carry_out(self.machine.handle(self.dropped(number, i == 0)))

    def dropped(self, number: int, was_playing: bool) -> PlaybackEnded:
        """What playback reports of the utterance ``number``, which was dropped."""
        return PlaybackEnded(self.now, number, self.heard_s if was_playing else 0.0, complete=False)

    def take(self) -> list[Command]:
        """The commands since the last look."""
        commands, self.commands = self.commands, []
        return commands

    def asks(self) -> list[Ask]:
        """What the bot was asked since the last look."""
        return [c for c in self.take() if isinstance(c, Ask)]

    # --- what callers and bots do -----------------------------------------------------------------------------------

    def answered(self, greeting: str = "Welcome. How can I help?", hint: InputHint = InputHint.EXPECTING) -> Call:
        """A call that was answered and greeted at 0.0; the greeting is playing."""
        self.on(BotMessage(0.0, 1, greeting, greeting, hint)).on(BotDone(0.0, 1)).on(CallAnswered(0.0))
        self.on(PlaybackStarted(0.02, self.playing[0]))
        self.take()
        return self

    def waiting(self) -> Call:
        """... and the greeting was heard at 2.0."""
        self.answered().heard(2.0)
        self.take()
        return self

    def heard(self, at: float) -> Call:
        """The first utterance is out."""
        return self.on(PlaybackEnded(at, self.playing.pop(0), 2.0, complete=True))

    def says(self, text: str, start: float, end: float, final_after: float = 0.4) -> Call:
        """The caller speaks from ``start`` to ``end``; the final follows."""
        self.on(SpeechStarted(start + 0.1, start))
        self.on(SpeechStopped(end + 0.2, end))
        return self.on(Final(end + final_after, text, start, end, 0.9))


def kinds(commands: list[Command]) -> list[type[Command]]:
    return [type(c) for c in commands]
