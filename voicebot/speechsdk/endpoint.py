"""Where the Speech service is, and our credentials there.

Azure by region, by endpoint (custom domain, private link, sovereign clouds) or by host (a Speech container, or our own
offline service on loopback): the code that uses it need not know which. An :data:`EndpointSource` is asked again
for each connection, so that a service that comes back on another port, or a renewed key, is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from voicebot.loopback import is_loopback
from voicebot.tasks import call_outside

TOKEN_TIMEOUT_S: Final = 5.0
"""How long a provider of tokens may take."""


class SpeechUnavailable(Exception):
    """The Speech service did not do what was asked of it in time; the message says why.

    ``permanent``: the same request will not succeed later either (wrong key, refused SSML), so it is not repeated.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


@dataclass(frozen=True)
class SpeechEndpoint:
    """One Speech service. Exactly one of ``host``, ``endpoint`` and ``region`` says where it is.

    ``host``: ``ws[s]://name[:port]`` (the SDK adds the standard paths); ``endpoint``: ``wss://`` or ``https://`` URL;
    ``region``: an Azure region's name such as ``westeurope``.
    ``key``: the resource's key. ``token``: gives a valid Microsoft Entra access token (scope
    ``https://cognitiveservices.azure.com/.default``); called off the event loop, so it may block
    (:func:`token_of`), and for each connection, so it should cache. With ``region`` an Entra token
    needs the resource's id too: both travel as ``aad#resource_id#token``.
    ``allow_unencrypted``: whether ``ws://`` and ``http://`` may lead to other machines; never with a key or a token.

    Raises ``ValueError`` with a line that says what to change.
    """

    host: str | None = None
    endpoint: str | None = None
    region: str | None = None
    key: str | None = field(default=None, repr=False)
    token: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    resource_id: str | None = None
    allow_unencrypted: bool = False

    def __post_init__(self) -> None:
        given = [name for name in ("host", "endpoint", "region") if getattr(self, name)]
        if len(given) != 1:
            was = ", ".join(given) or "none of them"
            raise ValueError(f"give exactly one of host, endpoint and region for the Speech service (given: {was})")
        if self.key and self.token:
            raise ValueError("give a key or an Entra token for the Speech service, not both")
        if self.region:
            if not self.region.replace("-", "").isalnum():
                raise ValueError(f"speech region {self.region!r} is not a region's name such as 'westeurope'")
            if not (self.key or self.token):
                raise ValueError("a speech region needs a key or an Entra token")
            if self.token and not self.resource_id:
                raise ValueError("an Entra token with a speech region needs the Speech resource's resource_id")
        else:
            self._check_url()

    def _check_url(self) -> None:
        name, url = ("host", self.host) if self.host else ("endpoint", self.endpoint)
        assert url is not None
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ValueError(f"speech {name} {url!r}: {error}") from error
        if parts.scheme not in ("ws", "wss", "http", "https") or not parts.hostname or port == 0 or "@" in parts.netloc:
            raise ValueError(f"speech {name} {url!r} is not a URL such as 'wss://name:port'")
        if self.host and parts.path not in ("", "/"):
            raise ValueError(f"speech host {url!r} has a path; a URL with a path is an endpoint")
        if parts.scheme in ("wss", "https") or is_loopback(parts.hostname):
            return
        if self.key or self.token:
            raise ValueError(f"speech {name} {url!r} would carry the key in the clear; use wss:// or https://")
        if not self.allow_unencrypted:
            raise ValueError(
                f"speech {name} {url!r} is another machine, reached without encryption: whoever is on the way can"
                " listen and answer; use wss:// or https://, or set speech.allow_unencrypted = true in a network that"
                " you trust"
            )

    def authorization_token(self) -> str | None:
        """A fresh token in the form the service wants it, or None when a key (or nothing) is used. May block."""
        if self.token is None:
            return None
        token = self.token()
        return f"aad#{self.resource_id}#{token}" if self.resource_id else token


async def token_of(endpoint: SpeechEndpoint) -> str | None:
    """A fresh token for ``endpoint``; None if it needs none. Raises :class:`SpeechUnavailable` when the provider hangs,
    and what the provider raises."""
    if endpoint.token is None:
        return None
    try:
        return await call_outside(endpoint.token, TOKEN_TIMEOUT_S)
    except TimeoutError as error:
        raise SpeechUnavailable(f"the provider of tokens did not answer within {TOKEN_TIMEOUT_S:g} s") from error


async def with_token(endpoint: SpeechEndpoint) -> SpeechEndpoint:
    """``endpoint`` with a fresh token in the place of its provider."""
    token = await token_of(endpoint)
    return endpoint if token is None else replace(endpoint, token=lambda: token)


EndpointSource = SpeechEndpoint | Callable[[], SpeechEndpoint]
"""An endpoint, or a quick function that says which one holds now; asked on the event loop for every connection.

The function may raise :class:`SpeechUnavailable` while there is none (the local service is being restarted)."""


def resolve(source: EndpointSource) -> SpeechEndpoint:
    """The endpoint that holds now."""
    return source if isinstance(source, SpeechEndpoint) else source()
