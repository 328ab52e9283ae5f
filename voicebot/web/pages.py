"""The pages: static files, in which there is no word of any call.

What calls say comes to a page by the API alone, with the token that is in the page's address behind the ``#``, which
browsers send to nobody. The policy lets nothing run that is not one of these files, and nothing become markup that is a
text.

A page is three files: its modules become one script (:mod:`voicebot.web.one_script`) and its stylesheets one, when the
service starts. Both have addresses with the digest of what is in them, so a browser keeps them for as long as it likes,
and asks again only whether the page is another one. Who takes gzip gets all of it packed.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from typing import Final

from aiohttp import hdrs, web

from voicebot.web.one_script import one_script

FOLDERS: Final = ("assist", "calls", "live", "operations", "phone", "shared")

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
    hdrs.VARY: hdrs.ACCEPT_ENCODING,
}
_ASK_AGAIN: Final = "no-cache"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_STYLE: Final = re.compile(r'<link rel="stylesheet" href="([^"]+)">\n')
_TYPES: Final = {"svg": "image/svg+xml", "txt": "text/plain"}


def page_files() -> dict[str, str]:
    """The texts of all files that pages are made of, by names like `shared/dom.js`."""
    root = resources.files("voicebot.web")
    return {
        f"{folder}/{file.name}": file.read_text("utf-8") for folder in FOLDERS for file in (root / folder).iterdir()
    }


def page_routes(files: Mapping[str, str], folder: str, page: str) -> list[web.RouteDef]:
    """The page of ``folder`` at ``page``, with its script and its styles. ``files``: those of :func:`page_files`."""
    html, entry = files[f"{folder}/index.html"], f"{folder}/app.js"
    styles = "".join(files[name] for name in _STYLE.findall(html))
    script = one_script(files, entry)
    before, _, after = html.partition('<link rel="stylesheet"')
    style = f'<link rel="stylesheet" href="{folder}/{_digest(styles)}.css">\n'
    html = before + style + _STYLE.sub("", f'<link rel="stylesheet"{after}')
    html = html.replace(f'"{entry}"', f'"{folder}/{_digest(script)}.js"')
    return [
        web.get(page, _file(html, "text/html")),
        web.get(f"/{folder}/{{digest}}.css", _file(styles, "text/css")),
        web.get(f"/{folder}/{{digest}}.js", _file(script, "text/javascript")),
    ]


def other_routes(files: Mapping[str, str]) -> list[web.RouteDef]:
    """Files beside the pages, at their names: the icon, and the licences of what others wrote."""
    kinds = {name: _TYPES.get(name.rpartition(".")[2]) for name in files}
    return [web.get(f"/{name}", _file(files[name], kind)) for name, kind in kinds.items() if kind is not None]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _file(text: str, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    body, digest = text.encode(), _digest(text)
    packed = gzip.compress(body, mtime=0)

    async def answer(request: web.Request) -> web.Response:
        """The tag is that of the bytes which are sent: packed ones have another one (RFC 9110 8.8.3). A page of the
        version before, which a browser has kept, asks for files by other digests: it gets these, for this once."""
        packs = _takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
        tag = f'"{digest}-gzip"' if packs else f'"{digest}"'
        kept = _FOR_EVER if request.match_info.get("digest") == digest else _ASK_AGAIN
        headers = {**_HEADERS, hdrs.ETAG: tag, hdrs.CACHE_CONTROL: kept}
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
