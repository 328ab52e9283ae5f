"""A saved file serves the next call; running calls stay with what they began with; a faulty file changes nothing."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from served import Service, texts
from telephone import calling

pytestmark = pytest.mark.slow

DIALOG = """\
steps:
  - id: hello
    ask: This is {version}.
    digits: {{length: 1}}
    save: key
    on_fail: bye
  - id: bye
    hangup: Goodbye from {version}.
"""


def hosts(service: Service) -> list[psutil.Process]:
    """The dialog hosts, the oldest first: process ids begin anew, so they do not tell."""
    found = []
    for child in service.process.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # one that has just ended
            if "voicebot.host" in child.cmdline():
                found.append(child)
    return sorted(found, key=lambda child: child.create_time())


def text(service: Service, conversation: str, said: str) -> list[str]:
    """What the dialogs answer at ``/api/messages``."""
    activity = {
        "type": "message", "id": "1", "text": said, "channelId": "test", "deliveryMode": "expectReplies",
        "conversation": {"id": conversation}, "from": {"id": "me"}, "recipient": {"id": "bot"}, "serviceUrl": "",
    }  # fmt: skip
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.ready['http_port']}/api/messages",
        json.dumps(activity).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return [one["text"] for one in json.load(response)["activities"] if one["type"] == "message"]


async def test_the_next_call_hears_what_was_saved_and_a_running_call_does_not(
    serve_scripted: Callable[..., Service], tmp_path: Path
) -> None:
    folder = tmp_path / "dialogs"
    folder.mkdir()
    main = folder / "main.yaml"
    main.write_text(DIALOG.format(version="one"))
    service = serve_scripted(bot__dialogs=folder)
    assert text(service, "text", "hello") == ["This is one."]
    async with calling(service.uri) as first:
        await first.answer(0)
        main.write_text(DIALOG.format(version="two"))
        await first.until(lambda: "version 2 of the dialogs serves" in service.log(), "version 2")
        assert len(hosts(service)) == 2
        assert text(service, "text", "5") == ["Goodbye from two."], "a text goes on in the new version, with its state"
        # The host of the running call dies, while the file on disk is of the other version, and then is faulty.
        main.write_text(DIALOG.format(version="three").replace("hangup", "hnagup"))
        fault = f"{main}:8:5: nothing says what this step does (did you mean 'hangup'?)"
        await first.until(lambda: fault in service.log(), "the fault")
        assert "the changed dialogs do not serve; version 2 goes on" in service.log()
        hosts(service)[0].kill()
        await first.until(lambda: service.log().count("dialog host is ready") == 3, "the host of version 1")
        async with calling(service.uri) as second:
            await second.answer(0)
            second.press("2")
            await second.until_ended()
            assert second.call is not None
            assert texts(service.record(second.call.call_id)) == ["This is two.", "Goodbye from two."]
        first.press("1")
        await first.until_ended()
        assert first.call is not None
        said = texts(service.record(first.call.call_id))
    assert said[0] == "This is one."
    assert said[-1] == "Goodbye from one."
    end = time.monotonic() + 15
    while len(hosts(service)) > 1:
        assert time.monotonic() < end, "the host of version 1 is ended with its last call"
        time.sleep(0.1)
    assert "Traceback" not in service.log()
