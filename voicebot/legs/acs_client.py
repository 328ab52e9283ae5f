"""The official client of Call Automation, as a :class:`~voicebot.legs.acs_platform.Platform`.

Importing this module needs the extra ``acs``.

A request that gets 429 or 5xx, or no connection, is repeated for as long as a caller can wait for it: with the id of
the first one (Repeatability-Request-ID), so that it is carried out once. The client's own repetitions are off: it has
none where no connection is made, nor after a 429 without Retry-After.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from azure.communication.callautomation import MediaStreamingOptions, PhoneNumberIdentifier
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_never, wait_random_exponential

from voicebot.legs.acs_frames import TONES
from voicebot.legs.acs_platform import NOT_FOUND, CallbackUrls, PlatformRefused, RejectReason

# It would write a line for each request.
logging.getLogger("azure").setLevel(logging.WARNING)

REQUEST_S: Final = 12.0
"""For a request with its repetitions; a call rings for 30 s."""
MAX_RETRY_AFTER_S: Final = 4.0
_NAMES: Final = {key: name for name, key in TONES.items()}

_BACK_OFF: Final = wait_random_exponential(multiplier=0.3, max=2.0)

T = TypeVar("T")


class AcsClient:
    """``endpoint``: of the resource, ``https://contoso.communication.azure.com``. ``key``: its access key, base64."""

    def __init__(self, endpoint: str, key: str) -> None:
        self._client = CallAutomationClient(
            endpoint.rstrip("/"),  # with the slash, the signature of requests is wrong
            AzureKeyCredential(key),
            retry_total=0,
            connection_timeout=3,
            read_timeout=8,
        )

    async def close(self) -> None:
        await self._client.close()

    async def answer(self, context: str, urls: CallbackUrls) -> str:
        def ask(headers: dict[str, str]) -> Awaitable[Any]:
            return self._client.answer_call(context, urls.events, media_streaming=_streaming(urls), headers=headers)

        return str((await _asked(ask)).call_connection_id)

    async def reject(self, context: str, reason: RejectReason) -> None:
        await _asked(
            lambda headers: self._client.reject_call(context, call_reject_reason=reason, headers=headers),
        )

    async def create(self, number: str, sender: str, urls: CallbackUrls) -> str:
        def ask(headers: dict[str, str]) -> Awaitable[Any]:
            return self._client.create_call(
                PhoneNumberIdentifier(number),
                urls.events,
                source_caller_id_number=PhoneNumberIdentifier(sender),
                media_streaming=_streaming(urls),
                headers=headers,
            )

        return str((await _asked(ask)).call_connection_id)

    async def hang_up(self, connection: str) -> None:
        try:
            await _asked(lambda headers: self._call(connection).hang_up(is_for_everyone=True, headers=headers))
        except PlatformRefused as error:
            if error.status != NOT_FOUND:
                raise

    async def transfer(
        self, connection: str, number: str, operation: str, *, caller: str, headers: Mapping[str, str]
    ) -> None:
        async def ask(repeated: dict[str, str]) -> None:
            await self._call(connection).transfer_call_to_participant(
                PhoneNumberIdentifier(number),
                operation_context=operation,
                transferee=PhoneNumberIdentifier(caller) if caller else None,
                sip_headers=dict(headers) or None,
                headers=repeated,
            )

        await _asked(ask)

    async def stream(self, connection: str, operation: str) -> None:
        await _asked(
            lambda headers: self._call(connection).start_media_streaming(operation_context=operation, headers=headers)
        )

    async def send_keys(self, connection: str, keys: str, number: str) -> None:
        tones = [_NAMES[key] for key in keys]
        await _asked(
            lambda headers: self._call(connection).send_dtmf_tones(
                tones, PhoneNumberIdentifier(number), headers=headers
            )
        )

    async def probe(self) -> None:
        """Find out whether the service is there and takes our key: it is asked about a call that there is not."""
        try:
            await _asked(lambda headers: self._call(str(uuid.uuid4())).get_call_properties(headers=headers))
        except PlatformRefused as error:
            if error.status not in (400, NOT_FOUND):
                raise

    def _call(self, connection: str) -> Any:
        return self._client.get_call_connection(connection)


def _streaming(urls: CallbackUrls) -> MediaStreamingOptions:
    return MediaStreamingOptions(
        transport_url=urls.media,
        transport_type="websocket",
        content_type="audio",
        audio_channel_type="unmixed",
        start_media_streaming=True,
        enable_bidirectional=True,
        audio_format="pcm16KMono",
        enable_dtmf_tones=True,
    )


async def _asked(ask: Callable[[dict[str, str]], Awaitable[T]]) -> T:
    """The answer to a request. ``ask`` gets the headers to send. Raises :class:`PlatformRefused`."""
    headers = {"Repeatability-Request-ID": str(uuid.uuid4())}
    latest: BaseException | None = None

    def pause_s(state: RetryCallState) -> float:
        nonlocal latest
        latest = state.outcome.exception() if state.outcome is not None else None
        return max(_BACK_OFF(state), _retry_after_s(latest))

    try:
        async with asyncio.timeout(REQUEST_S):
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(_may_pass), stop=stop_never, wait=pause_s, reraise=True
            ):
                with attempt:
                    return await ask(dict(headers))
    except TimeoutError as error:
        raise PlatformRefused(f"no answer within {REQUEST_S:g} s; last: {latest and _refused(latest)}") from error
    except (AzureError, ValueError) as error:
        raise _refused(error) from error
    raise AssertionError("an attempt returns or raises")


def _retry_after_s(error: BaseException | None) -> float:
    response: Any = error.response if isinstance(error, HttpResponseError) else None
    try:
        asked_s = float(response.headers.get("Retry-After", 0)) if response is not None else 0.0
    except ValueError:  # a date
        return 0.0
    return min(MAX_RETRY_AFTER_S, asked_s)


def _may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, HttpResponseError):
        return error.status_code == 429 or (error.status_code or 0) >= 500
    return isinstance(error, ServiceRequestError)


def _refused(error: BaseException) -> PlatformRefused:
    if not isinstance(error, HttpResponseError):
        return PlatformRefused(f"not reached: {str(error)[:200] or type(error).__name__}")
    code = error.error.code if error.error is not None and isinstance(error.error.code, str) else ""
    message = error.error.message if error.error is not None else error.message
    return PlatformRefused(f"{error.status_code} {code} {str(message)[:200]}".strip(), error.status_code or 0, code)
