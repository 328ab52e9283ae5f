"""The pages: static files, in which there is no word of any call.

What calls say comes to a page by the API alone, with the token that is in the page's address behind the ``#``, which
browsers send to nobody. The policy lets nothing run that is not one of these files, and nothing become markup that is a
text.

A page names all modules that it needs (``modulepreload``), so that a browser fetches them at once, and not one after
the other as they import each other. Who takes gzip gets them packed: that is done when the service starts, once.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Final

from aiohttp import hdrs, web

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "no-cache",
    hdrs.VARY: hdrs.ACCEPT_ENCODING,
}
_TYPES: Final = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}


def page_routes(folder: str, page: str = "") -> list[web.RouteDef]:
    """The files of ``folder``, at `/folder/file`; its page at ``page``. They are read now, and kept."""
    routes = []
    for file in (resources.files("voicebot.web") / folder).iterdir():
        path = page if file.name == "index.html" else f"/{folder}/{file.name}"
        routes.append(web.get(path, _file(file.read_bytes(), _TYPES[file.name.rpartition(".")[2]])))
    return routes


def _file(body: bytes, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    packed = gzip.compress(body, mtime=0)
    digest = hashlib.sha256(body).hexdigest()[:16]

    async def answer(request: web.Request) -> web.Response:
        """The tag is that of the bytes which are sent: packed ones have another one (RFC 9110 8.8.3)."""
        packs = _takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
        tag = f'"{digest}-gzip"' if packs else f'"{digest}"'
        headers = {**_HEADERS, hdrs.ETAG: tag}
        if request.headers.get(hdrs.IF_NONE_MATCH) == tag:
            return web.Response(status=304, headers=headers)
        if packs:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=packed if packs else body, content_type=kind, charset="utf-8", headers=headers)

    return answer


def _takes_gzip(accepted: str) -> bool:
    """Whether it is named among ``accepted`` (RFC 9110 12.5.3), and not as what is not wanted."""
    for part in accepted.split(","):
        coding, _, weight = part.replace(" ", "").lower().partition(";q=")
        if coding == "gzip":
            return weight.strip("0.") != "" or not weight
    return False
