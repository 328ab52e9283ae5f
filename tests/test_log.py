"""One log for all processes: lines for people, or JSON lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextvars import copy_context

import pytest

from voicebot.log import MAX_MESSAGE, about, configure_logging, log_fields


@pytest.fixture(autouse=True)
def own_root() -> Iterator[None]:
    """The root logger is everybody's: it is left as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize("json_lines", [False, True])
@pytest.mark.parametrize("exc_info", [None, False, True])
def test_a_record_without_an_exception_is_one_line_however_that_is_said(
    capsys: pytest.CaptureFixture[str], json_lines: bool, exc_info: bool | None
) -> None:
    configure_logging(json_lines=json_lines)
    logging.getLogger("voicebot.rooms").warning("unclosed", exc_info=exc_info)
    lines = capsys.readouterr().err.splitlines()
    assert "unclosed" in lines[0]
    if exc_info is not True:
        assert len(lines) == 1
    assert "Logging error" not in lines[0]


def test_an_exception_comes_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(json_lines=True)
    try:
        raise ValueError("nine")
    except ValueError:
        logging.getLogger("voicebot.rooms").exception("failed")
    line = json.loads(capsys.readouterr().err)
    assert line["message"] == "failed"
    assert line["exception"].endswith("ValueError: nine")


def test_what_others_have_sent_forges_no_line_and_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    logging.getLogger("voicebot.calls").info("hanging up: %s", "done\r\n12:00:00.000 app: ready\x1b[2J\u202e")
    first, second = capsys.readouterr().err.split("\n")[:2]
    assert first.endswith("calls: hanging up: done\\x0d")
    assert second == "    12:00:00.000 app: ready\\x1b[2J\\u202e"


@pytest.mark.parametrize("json_lines", [False, True])
def test_a_long_message_is_cut(capsys: pytest.CaptureFixture[str], json_lines: bool) -> None:
    configure_logging(json_lines=json_lines)
    logging.getLogger("voicebot.calls").info("hanging up: %s", "x" * 1_000_000)
    assert MAX_MESSAGE < len(capsys.readouterr().err) < 2 * MAX_MESSAGE


def test_a_line_has_the_ids_of_its_call_and_trace_from_its_task_unless_it_says_so_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(json_lines=True)
    logger = logging.getLogger("voicebot.rooms")

    def task() -> None:
        about.set(log_fields("c0ffee", "a@b", ("c0ffee", "77")))
        logger.info("its own")
        logging.LoggerAdapter(logger, log_fields("beef")).info("another one's")

    copy_context().run(task)
    logger.info("nobody's")
    own, other, nobody = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {"call": "c0ffee", "call_id": "a@b", "trace_id": "c0ffee", "span_id": "77"}.items() <= own.items()
    assert other["call"] == "beef"
    assert not {"call", "trace_id", "span_id"} & set(nobody)
