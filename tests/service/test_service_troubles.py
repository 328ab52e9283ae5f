"""What of the log is shown: its latest warnings, bounded, and nothing of callers."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from voicebot.service.troubles import MOST, Troubles, without_people

logger = logging.getLogger("voicebot.somewhere")


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    made = Troubles()
    made.watch()
    yield made
    made.unwatch()


def test_warnings_and_errors_are_kept_by_kind_the_latest_first(troubles: Troubles) -> None:
    logger.info("all is well")
    logger.warning("the disk of %s is full", "records")
    logger.error("failed")
    logger.warning("the disk of %s is full", "state")
    told = [(each["level"], each["logger"], each["count"], each["text"]) for each in troubles.latest(True)]
    assert told == [("WARNING", "somewhere", 2, "the disk of state is full"), ("ERROR", "somewhere", 1, "failed")]
    troubles.unwatch()
    logger.error("later")
    assert len(troubles.latest(True)) == 2


def test_they_are_bounded(troubles: Troubles) -> None:
    for number in range(MOST + 10):
        logger.error(f"kind {number}")
    assert len(troubles.latest(False)) == MOST and troubles.latest(False)[0]["text"] == f"kind {MOST + 9}"


def test_whoever_may_not_see_values_sees_their_places(troubles: Troubles) -> None:
    logger.warning("%s said %-8s after %5.1f s", "Anna", "my PIN", 1.0)
    assert troubles.latest(False)[0]["text"] == "… said … after … s"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the transfer to '+4930123456' failed", "the transfer to … failed"),
        ("from sip:anna@pbx.example;x=1 to tel:+1555: no", "from … to … no"),
        ("mail to anna.b@example.com", "mail to …"),
        ("the limit of open files (1024) allows 98 calls", "the limit of open files (1024) allows 98 calls"),
        ("main.yaml:12345:5: no such step", "main.yaml:12345:5: no such step"),
        ("127.0.0.1:50600 does not answer", "127.0.0.1:50600 does not answer"),
    ],
)
def test_numbers_and_addresses_are_hidden(text: str, shown: str) -> None:
    assert without_people(text) == shown
