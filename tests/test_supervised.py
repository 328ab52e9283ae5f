"""What a process does that another one supervises."""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import os
import signal

import pytest

from voicebot import supervised


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_either_signal_tells_it_to_stop(number: signal.Signals) -> None:
    stop = supervised.told_to_stop()
    assert not stop.is_set()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(10):
        await stop.wait()


def test_it_says_in_one_line_that_it_is_ready_and_who_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    supervised.say_ready(port=7)
    assert json.loads(capsys.readouterr().out) == {"ready": True, "port": 7, "pid": os.getpid()}
    elsewhere = io.StringIO()
    supervised.say_ready(elsewhere)
    assert json.loads(elsewhere.getvalue()) == {"ready": True, "pid": os.getpid()}
    assert capsys.readouterr().out == ""


def test_what_the_system_refuses_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def serving() -> None:
        raise OSError("no such port")

    assert supervised.run(serving()) == 1
    assert [(line.levelno, line.getMessage()) for line in caplog.records] == [(logging.ERROR, "no such port")]


def test_one_that_ends_by_itself_has_not_failed() -> None:
    assert supervised.run(asyncio.sleep(0)) == 0


def test_the_options_are_those_with_which_a_child_is_started() -> None:
    parser = argparse.ArgumentParser()
    supervised.add_options(parser)
    options = parser.parse_args(["--exit-with-parent", "--log-level", "debug", "--log-json"])
    assert (options.exit_with_parent, options.log_level, options.log_json) == (True, "DEBUG", True)
