"""What ``voicebot doctor`` looks at for Azure Communication Services: the extra, the key, the way in, the tokens, and
the Azure AI services by which Azure speaks."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import aiohttp

from voicebot.commands.finding import Finding
from voicebot.legs.acs_platform import PlatformRefused
from voicebot.service.acs import require_acs
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings
from voicebot.signing_keys import KeysUnavailable, fetch_keys

TIMEOUT_S = 5.0
_IMMUTABLE_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def acs_findings(settings: Settings) -> list[Finding]:
    """All of it, if ``[acs]`` is set. No call is placed, answered or changed."""
    try:
        require_acs()
    except NotReady as missing:
        return [Finding("Azure Communication Services", False, str(missing), "install it")]
    return asyncio.run(_ask(settings))


async def _ask(settings: Settings) -> list[Finding]:
    found = [await resource(settings), await keys(settings), await way_in(settings), resource_id(settings)]
    if settings.acs.mode == "platform":
        found.append(await speech(settings))
        if "attended" in (settings.bot.transfer, *(bot.transfer for bot in settings.bots)):
            detail = 'transfer = "attended" fails in these calls: to announce a caller needs the audio of the call'
            mend = 'transfer = "blind" for their bots: a transfer that fails brings the caller back, too'
            found.append(Finding("ACS transfers", False, detail, mend, warning=True))
    return found


async def resource(settings: Settings) -> Finding:
    """Whether the resource answers, and takes our key."""
    from voicebot.legs.acs_client import AcsClient

    check, acs = "ACS resource", settings.acs
    client = AcsClient(acs.endpoint, acs.access_key())
    try:
        await client.probe()
    except PlatformRefused as refused:
        mend = (
            "check acs.endpoint, the key, the clock of this machine (NTP), and that it may reach the service (port 443)"
        )
        return Finding(check, False, f"{acs.endpoint}: {refused}", mend)
    finally:
        await client.close()
    return Finding(check, True, f"{urlsplit(acs.endpoint).netloc} answers, and takes the key")


async def keys(settings: Settings) -> Finding:
    """Whether the keys can be fetched that the service's tokens are signed with."""
    check = "ACS tokens"
    try:
        found = await fetch_keys(settings.acs.metadata_url)
    except KeysUnavailable as error:
        mend = "check acs.metadata_url, and that this machine may reach it: without the keys no call can be taken"
        return Finding(check, False, str(error), mend)
    return Finding(check, bool(found), f"{len(found)} keys are published", "check acs.metadata_url")


async def way_in(settings: Settings) -> Finding:
    """Whether ``public_url`` leads to an HTTP server with a certificate that is trusted, as seen from here."""
    check, url = "ACS way in", settings.acs.public_url
    mend = (
        "Azure must reach it from outside: check the name, its certificate, and the proxy in front of "
        f"{settings.acs.host}:{settings.acs.port}"
    )
    return await _reached(check, url, mend)


async def speech(settings: Settings) -> Finding:
    """Whether the Azure AI services are there. Only a call shows whether the resource may use them."""
    check, url = "ACS speech", settings.acs.speech_endpoint
    mend = "check acs.speech_endpoint: `az cognitiveservices account show --query properties.endpoint` tells it"
    found = await _reached(check, url, mend)
    if not found.good:
        return found
    role = "whether the resource has the role Cognitive Services User on it, which it needs, is not seen from here"
    return Finding(check, True, f"{found.detail}; {role}")


async def _reached(check: str, url: str, mend: str) -> Finding:
    """Whether an HTTP server answers at ``url``; a warning if not: Azure has another way to it."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.get(url, allow_redirects=False) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        why = str(error) or "no answer"
        return Finding(check, False, f"{url} cannot be reached from here: {why}", mend, warning=True)
    return Finding(check, True, f"{urlsplit(url).netloc} is reached from here (HTTP {status})")


def resource_id(settings: Settings) -> Finding:
    """Whether the id looks like an immutable one: with another, every token is refused, and every call is mute."""
    given = settings.acs.resource_id
    mend = "`az communication show --query immutableResourceId` tells it; the resource's path is another id"
    good = _IMMUTABLE_ID.fullmatch(given) is not None
    return Finding("ACS resource id", good, given if good else f"{given[:80]!r} is no such id", mend, warning=True)
