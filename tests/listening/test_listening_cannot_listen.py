"""Whoever sets an address or a port that cannot be used is told which setting it is, and the mend."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from voicebot.listening.cannot_listen import bind_error, cannot_listen

NOT_OURS = "203.0.113.9"
"""An address for documentation (RFC 5737), which no machine has."""


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "setting", "mend"),
    [
        (os_error(errno.EADDRNOTAVAIL), "web.host", "this machine has no such address"),
        (os_error(errno.EAFNOSUPPORT), "web.host", "this machine has no such address"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "web.host", "known by this name"),
        (os_error(errno.EADDRINUSE), "web.port", "stop what uses it"),
        (os_error(errno.EACCES), "web.port", "CAP_NET_BIND_SERVICE"),
        (os_error(errno.ENOBUFS), "web.port", ""),
    ],
)
def test_each_error_names_the_setting_that_is_to_blame(error: OSError, setting: str, mend: str) -> None:
    why = cannot_listen(error, host="web.host", port="web.port")
    assert why.setting == setting
    assert mend in why.mend and (setting in why.mend) == bool(mend)
    line = why.at("192.0.2.1:80")
    assert line.startswith(f"{setting}: 192.0.2.1:80 cannot be opened: {error.strerror}")
    assert not line.endswith((" ", ";"))


def test_an_address_that_only_others_see_has_a_setting_of_its_own() -> None:
    told = cannot_listen(os_error(errno.EADDRNOTAVAIL), host="a.host", port="a.port", seen_as="a.public_url").mend
    assert "a.public_url" in told
    assert (
        "a.public_url" not in cannot_listen(os_error(errno.EADDRINUSE), host="", port="", seen_as="a.public_url").mend
    )


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_an_address_is_tried_without_a_port(kind: socket.SocketKind) -> None:
    error = bind_error(kind, NOT_OURS)
    assert error is not None and error.errno == errno.EADDRNOTAVAIL
    assert bind_error(kind, "127.0.0.1") is None
