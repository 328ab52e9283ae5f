"""Ports of 127.0.0.1 that the settings name for processes of ours."""

from __future__ import annotations

import os
import socket

from voicebot.listening.cannot_listen import bind_error, cannot_listen
from voicebot.service.supervisor import NotReady

LOOPBACK = "127.0.0.1"


def listener(port: int, setting: str) -> socket.socket:
    """A socket that listens at ``port`` (0: any free one). Raises :class:`NotReady`, which names ``setting``."""
    try:
        return socket.create_server((LOOPBACK, port), backlog=128)
    except OSError as error:
        raise _not_ready(error, port, setting) from error


def require_free(port: int, setting: str) -> None:
    """Raise :class:`NotReady` if a process that we are about to start could not listen at ``port``: its log knows no
    settings."""
    error = bind_error(socket.SOCK_STREAM, LOOPBACK, port)
    if error is not None:
        raise _not_ready(error, port, setting)


def _not_ready(error: OSError, port: int, setting: str) -> NotReady:
    plain = OSError(error.errno, os.strerror(error.errno or 0))  # create_server has added the address
    return NotReady(cannot_listen(plain, host=setting, port=setting).at(f"{LOOPBACK}:{port}"))
