"""The supervisor, with real children that live, die and hang."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from voicebot.service import supervisor
from voicebot.service.supervisor import LEAST_SHARE, ChildProcess, NotReady, processor_wait_s, silence_s

READY = "import json, sys, time; print(json.dumps({'ready': True, 'port': 7}), flush=True)\n"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def often_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children are asked for their health twenty times a second."""
    monkeypatch.setattr(supervisor, "HEALTH_EVERY_S", 0.05)


async def test_a_child_is_ready_when_it_says_so_and_is_gone_after_stop() -> None:
    said: list[dict[str, Any]] = []
    child = ChildProcess("child", python(READY + "time.sleep(60)"), on_ready=said.append)
    await child.start()
    assert said == [{"ready": True, "port": 7}]
    pid = child.pid
    assert pid is not None
    await child.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_child_that_ends_before_it_is_ready_is_an_error_that_names_it() -> None:
    child = ChildProcess("dialog host", python("raise SystemExit(2)"), on_ready=lambda _: None)
    with pytest.raises(NotReady, match="dialog host: ended with status 2"):
        await child.start()


async def test_why_a_child_cannot_start_is_told_as_it_told_it() -> None:
    faults = "import json; print(json.dumps({'ready': False, 'faults': ['a.yaml:1:2: no', 'b.yaml:3:4: no']}))"
    child = ChildProcess("dialog host", python(faults), on_ready=lambda _: None)
    with pytest.raises(NotReady, match="dialog host: cannot be started") as told:
        await child.start()
    assert told.value.faults == ("a.yaml:1:2: no", "b.yaml:3:4: no")
    assert child.pid is None


async def test_a_child_is_started_anew_as_its_argv_says_then_and_inherits_what_it_is_given() -> None:
    said: list[dict[str, Any]] = []
    read, write = os.pipe()
    try:
        child = ChildProcess("child", python(READY + "time.sleep(60)"), on_ready=said.append, pass_fds=(write,))
        await child.start()
        try:
            child.argv = python(f"import os; os.write({write}, b'hello')\n{READY}time.sleep(60)")
            os.kill(child.pid or 0, signal.SIGKILL)
            await until(lambda: len(said) == 2)
            assert os.read(read, 5) == b"hello"
        finally:
            await child.stop()
    finally:
        os.close(read)
        os.close(write)


async def test_a_child_that_never_gets_ready_is_ended_and_an_error() -> None:
    child = ChildProcess("slow", python("import time; time.sleep(60)"), on_ready=lambda _: None, ready_timeout_s=0.2)
    with pytest.raises(NotReady, match="not ready after"):
        await child.start()
    assert child.pid is None


async def test_a_killed_child_is_started_anew() -> None:
    said: list[dict[str, Any]] = []
    child = ChildProcess("child", python(READY + "time.sleep(60)"), on_ready=said.append)
    await child.start()
    try:
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(said) == 2)
        assert child.pid != first
        assert child.restarts == 1
    finally:
        await child.stop()


@pytest.mark.usefixtures("often_asked")
async def test_a_child_that_does_not_answer_its_health_check_is_killed_and_started_anew() -> None:
    said: list[dict[str, Any]] = []

    asked = 0

    async def healthy() -> bool:
        nonlocal asked
        asked += 1
        if len(said) == 1 and asked > 1:
            await asyncio.Event().wait()
        return True

    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + "time.sleep(60)"
    child = ChildProcess("deaf", python(deaf), on_ready=said.append, healthy=healthy, hang_timeout_s=0.2)
    await child.start()
    try:
        await until(lambda: len(said) == 2)
    finally:
        os.kill(child.pid or 0, signal.SIGKILL)  # it ignores SIGTERM: spare the test the wait
        await child.stop()


@pytest.mark.usefixtures("often_asked")
async def test_a_child_that_tells_other_things_lives_though_its_answer_waits_behind_them() -> None:
    told, asked = 0, 0

    async def healthy() -> bool:
        nonlocal told, asked
        asked += 1
        while child.answered:  # the answer does not come in time, other messages do
            told += 1
            await asyncio.sleep(0.01)
        return True

    child = ChildProcess("busy", python(READY + "time.sleep(60)"), on_ready=lambda _: None, healthy=healthy,
                         heard=lambda: told, hang_timeout_s=0.2)  # fmt: skip
    await child.start()
    try:
        await until(lambda: asked == 4)
        assert child.restarts == 0 and child.running
    finally:
        await child.stop()


@pytest.mark.usefixtures("often_asked")
async def test_a_child_that_hangs_says_where_before_it_is_killed(capfd: pytest.CaptureFixture[str]) -> None:
    said: list[dict[str, Any]] = []

    async def healthy() -> bool:
        return len(said) > 1 or not child.answered

    # One thread holds the interpreter, so that no Python code of another one can run.
    hangs = (
        "from voicebot.parent import end_with_parent\nend_with_parent()\n"
        + READY
        + "def counts():\n    sum(range(10**12))\ncounts()\n"
    )
    child = ChildProcess("hangs", python(hangs), on_ready=said.append, healthy=healthy, hang_timeout_s=0.2)
    await child.start()
    try:
        await until(lambda: len(said) == 2)
    finally:
        await child.stop()
    assert "in counts" in capfd.readouterr().err


@pytest.mark.usefixtures("often_asked")
async def test_a_child_that_answers_late_does_not_hang_as_we_may_be_the_ones_who_are_slow() -> None:
    answers = 0

    async def healthy() -> bool:
        nonlocal answers
        await asyncio.sleep(10 * supervisor.HEALTH_EVERY_S)
        answers += 1
        return True

    child = ChildProcess("late", python(READY + "time.sleep(60)"), on_ready=lambda _: None, healthy=healthy,
                         hang_timeout_s=30.0)  # fmt: skip
    await child.start()
    try:
        await until(lambda: answers == 3)
        assert child.restarts == 0 and child.running
    finally:
        await child.stop()


@pytest.mark.usefixtures("often_asked")
async def test_a_child_that_ends_is_started_anew_though_its_answer_is_still_waited_for() -> None:
    said: list[dict[str, Any]] = []
    asked = asyncio.Event()

    async def healthy() -> bool:
        asked.set()
        return await asyncio.Event().wait()

    child = ChildProcess("child", python(READY + "time.sleep(60)"), on_ready=said.append, healthy=healthy)
    await child.start()
    try:
        await asked.wait()
        os.kill(child.pid or 0, signal.SIGKILL)
        await until(lambda: len(said) == 2)
    finally:
        await child.stop()


async def test_a_child_that_ends_while_it_is_asked_does_not_hang(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "HEALTH_EVERY_S", 0.5)
    said: list[dict[str, Any]] = []

    async def healthy() -> bool:
        if len(said) > 1 or not child.answered:
            return True
        os.kill(child.pid or 0, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid or 0, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - it ends at once
        return False

    child = ChildProcess("child", python(READY + "time.sleep(60)"), on_ready=said.append, healthy=healthy,
                         hang_timeout_s=0.0)  # fmt: skip
    await child.start()
    try:
        await until(lambda: len(said) == 2)
    finally:
        await child.stop()
    assert "ended with status -9" in caplog.text
    assert "hangs" not in caplog.text and "cannot be started" not in caplog.text


@pytest.mark.usefixtures("often_asked")
async def test_a_child_that_has_not_answered_yet_is_given_the_time_that_it_may_take_to_get_ready() -> None:
    answers: list[bool] = []

    async def healthy() -> bool:
        answers.append(len(answers) > 1)  # not before the third time
        return answers[-1]

    child = ChildProcess("slow", python(READY + "time.sleep(60)"), on_ready=lambda _: None, healthy=healthy,
                         hang_timeout_s=0.2)  # fmt: skip
    await child.start()
    try:
        await until(lambda: len(answers) == 4)
        assert child.restarts == 0 and child.running
    finally:
        await child.stop()


@pytest.mark.usefixtures("often_asked")
async def test_a_health_check_that_loses_its_cancellation_does_not_keep_the_watch_alive() -> None:
    asked = asyncio.Event()

    async def healthy() -> bool:
        asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return False
        return True

    child = ChildProcess("child", python(READY + "time.sleep(60)"), on_ready=lambda _: None, healthy=healthy)
    await child.start()
    await asyncio.wait_for(asked.wait(), 30)
    async with asyncio.timeout(10):
        await child.stop()
    assert not child.running and child.pid is None


async def test_a_child_that_prints_a_lot_is_not_blocked() -> None:
    said: list[dict[str, Any]] = []
    chatty = READY + "for _ in range(20000): print('x' * 100)\nprint('{}', flush=True)\nraise SystemExit(0)"
    child = ChildProcess("chatty", python(chatty), on_ready=said.append)
    await child.start()
    try:
        await until(lambda: len(said) >= 2)  # it came to its end, and was started again
    finally:
        await child.stop()


async def test_a_line_that_is_too_long_is_dropped_and_neither_ends_the_supervision_nor_blocks_the_child(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    flood = f"print('x' * {3 * supervisor.MAX_LINE}, flush=True)\n"
    code = flood + READY + flood + "print('that was it', flush=True)\ntime.sleep(60)"
    child = ChildProcess("child", python(code), on_ready=lambda _: None)
    await child.start()
    await until(lambda: "that was it" in caplog.text)
    assert "is not shown" in caplog.text
    await child.stop()


async def test_thousands_of_faults_are_told() -> None:
    faults = "faults = [f'a.yaml:{line}:1: ' + 'no' * 40 for line in range(3000)]\n"
    announce = "import json; print(json.dumps({'ready': False, 'faults': faults}))"
    child = ChildProcess("dialog host", python(faults + announce), on_ready=lambda _: None)
    with pytest.raises(NotReady) as told:
        await child.start()
    assert len(told.value.faults) == 3000


def test_a_child_that_waits_for_a_processor_is_silent_for_a_share_of_the_time_only() -> None:
    assert silence_s(1.0, 0.0) == 1.0, "it hangs"
    assert silence_s(1.0, 0.6) == pytest.approx(0.4)
    assert silence_s(1.0, 2.0) == LEAST_SHARE, "in the end it is restarted all the same"


def test_time_in_which_we_wait_for_a_processor_is_no_silence_of_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = {os.getpid(): 3.0, 4711: 0.5}
    monkeypatch.setattr(supervisor, "processor_wait_s", waited.__getitem__)
    assert supervisor.starved_together_s(4711) == 3.5


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not say how long threads wait")
def test_a_process_that_is_stopped_or_sleeps_waits_for_no_processor() -> None:
    with subprocess.Popen(
        python("print(1, flush=True); input()"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        os.kill(child.pid, signal.SIGSTOP)
        os.waitpid(child.pid, os.WUNTRACED)
        before = processor_wait_s(child.pid)
        busy_until = time.process_time() + 0.2
        while time.process_time() < busy_until:
            pass
        assert processor_wait_s(child.pid) == before > 0
        child.kill()
    assert processor_wait_s(child.pid) == 0.0, "there is no such process"
