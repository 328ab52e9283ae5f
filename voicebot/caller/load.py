"""Places many calls with one script, for load tests and benchmarks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from voicebot.address import Address
from voicebot.caller.call import Phone
from voicebot.caller.measure import summary
from voicebot.caller.options import CallOptions
from voicebot.caller.report import CallReport
from voicebot.caller.script import CallScript
from voicebot.caller.voice import CallNotTried


@dataclass(slots=True)
class LoadReport:
    """The results of many calls. ``calls``: in the order in which they ended."""

    calls: list[CallReport] = field(default_factory=list)
    duration_s: float = 0.0
    peak: int = 0
    """The largest number of simultaneous calls."""
    errors: Counter[str] = field(default_factory=Counter)
    """How many calls could not be tried, by the reason."""

    @property
    def ok(self) -> bool:
        return bool(self.calls) and not self.errors and all(call.ok for call in self.calls)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: counts, why calls failed, and the percentiles of every figure over all answered calls."""
        return {
            "calls": len(self.calls) + self.errors.total(),
            "outcomes": dict(Counter(call.outcome for call in self.calls)),
            "reasons": dict(Counter(call.reason for call in self.calls if not call.ok) + self.errors),
            "peak": self.peak,
            "duration_s": round(self.duration_s, 3),
            "figures": summary(call.figures for call in self.calls if call.outcome != "refused"),
        }


async def place_many(
    to: Address,
    script: CallScript,
    *,
    calls: int,
    concurrency: int,
    ramp_s: float = 0.0,
    options: CallOptions | None = None,
    on_call: Callable[[CallReport], None] | None = None,
) -> LoadReport:
    """Place ``calls`` calls, at most ``concurrency`` at a time; the first ones are spread over ``ramp_s`` seconds.

    Without ``options``, nothing is transcribed, because hundreds of recognisers would disturb the measurements. Raises
    :class:`CallNotTried` if no call can be tried, and ValueError for counts below 1.
    """
    if calls < 1 or concurrency < 1:
        raise ValueError("calls and concurrency must be at least 1")
    options = options or CallOptions(transcribe=False)
    loop = asyncio.get_running_loop()
    report = LoadReport()
    waiting = iter(range(calls))
    up = 0

    async def line(phone: Phone, delay_s: float) -> None:
        nonlocal up
        await asyncio.sleep(delay_s)
        for _ in waiting:  # shared: each of the lines takes the next call
            up += 1
            report.peak = max(report.peak, up)
            try:
                call = await phone.call(to, script)
            except CallNotTried as error:
                report.errors[str(error)] += 1
                continue
            finally:
                up -= 1
            report.calls.append(call)
            if on_call is not None:
                on_call(call)

    lines = min(calls, concurrency)
    started = loop.time()
    try:
        async with Phone(to, options) as phone:
            await phone.prepare(script)
            started = loop.time()
            async with asyncio.TaskGroup() as group:
                for number in range(lines):
                    group.create_task(line(phone, ramp_s * number / lines))
            report.duration_s = loop.time() - started
    except OSError as error:
        raise CallNotTried(f"no socket for the calls: {error}") from error
    return report
