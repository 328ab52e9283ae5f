"""The official client of Call Automation, as a :class:`~voicebot.legs.acs_platform.Platform`.

Importing this module needs the extra ``acs``.

A request that gets 429 or 5xx, or no connection, is repeated for as long as a caller can wait for it: with the id of
the first one (Repeatability-Request-ID), so that it is carried out once. The client's own repetitions are off: it has
none where no connection is made, nor after a 429 without Retry-After.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from azure.communication.callautomation import (
    AzureBlobContainerRecordingStorage,
    FileSource,
    MediaStreamingOptions,
    PhoneNumberIdentifier,
    RecognitionChoice,
    SsmlSource,
    TextSource,
    UnknownIdentifier,
)
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from tenacity import RetryCallState, retry_if_exception, stop_never, wait_random_exponential

from voicebot.legs.acs_frames import KEYS, TONES
from voicebot.legs.acs_platform import (
    NOT_FOUND,
    CallbackUrls,
    PlatformRefused,
    Prompts,
    RejectReason,
    without_addresses,
)
from voicebot.legs.operations import Prompt, Recognition
from voicebot.retrying import Attempts
from voicebot.speech_markup import is_ssml

# It would write a line for each request.
logging.getLogger("azure").setLevel(logging.WARNING)

REQUEST_S: Final = 12.0
"""For a request with its repetitions; a call rings for 30 s."""
OPERATION_S: Final = 6.0
"""For a request to speak or listen, while the caller hears nothing."""
MAX_RETRY_AFTER_S: Final = 4.0
_NAMES: Final = {key: name for name, key in TONES.items()}
_DIALLED: Final = tuple((key, _NAMES[key]) for key in "0123456789*#")

_LONGEST_GAP_S: Final = 60
_VOICE_NAME: Final = re.compile(r"[a-z]{2,3}-[A-Z]")
"""As the service's voices are called; ours have other names."""

_BACK_OFF: Final = wait_random_exponential(multiplier=0.3, max=2.0)

T = TypeVar("T")


class AcsClient:
    """``endpoint``: of the resource, ``https://contoso.communication.azure.com``. ``key``: its access key, base64.

    ``speech_endpoint``: of the Azure AI services by which the service speaks and listens; empty: it does not.
    ``container``: of a storage account, for recordings; empty: the service keeps them itself, for a day."""

    def __init__(self, endpoint: str, key: str, speech_endpoint: str = "", container: str = "") -> None:
        self._speech_endpoint = speech_endpoint or None
        self._storage = AzureBlobContainerRecordingStorage(container) if container else None
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
            return self._client.answer_call(
                context,
                urls.events,
                cognitive_services_endpoint=self._speech_endpoint,
                media_streaming=_streaming(urls),
                headers=headers,
            )

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
                cognitive_services_endpoint=self._speech_endpoint,
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

    async def move(self, connection: str, participant: str, from_call: str, operation: str) -> None:
        await _asked(
            lambda headers: self._call(connection).move_participants(
                [_participant(participant)], from_call, operation_context=operation, headers=headers
            )
        )

    async def leave(self, connection: str) -> None:
        await _asked(lambda headers: self._call(connection).hang_up(is_for_everyone=False, headers=headers))

    async def stream(self, connection: str, operation: str) -> None:
        await _asked(
            lambda headers: self._call(connection).start_media_streaming(operation_context=operation, headers=headers)
        )

    async def play(self, connection: str, prompts: Prompts, operation: str) -> None:
        sources = [_source(prompt, url) for prompt, url in prompts]
        await _asked(  # this request of the client takes no headers
            lambda _: self._call(connection).play_media(
                sources, operation_context=operation, interrupt_call_media_operation=True
            ),
            OPERATION_S,
        )

    async def recognize(
        self, connection: str, prompts: Prompts, question: Recognition, operation: str, speaker: str
    ) -> None:
        sources = [_source(prompt, url) for prompt, url in prompts]
        how = _recognizing(question)
        await _asked(
            lambda _: self._call(connection).start_recognizing_media(
                target_participant=_participant(speaker),
                play_prompt=sources or None,
                initial_silence_timeout=round(question.silence_s),
                interrupt_prompt=question.interrupts,
                interrupt_call_media_operation=True,
                operation_context=operation,
                speech_language=question.language,
                **how,
            ),
            OPERATION_S,
        )

    async def cancel(self, connection: str) -> None:
        await _asked(lambda _: self._call(connection).cancel_all_media_operations(), OPERATION_S)

    async def send_keys(self, connection: str, keys: str, number: str) -> None:
        tones = [_NAMES[key] for key in keys]
        await _asked(
            lambda headers: self._call(connection).send_dtmf_tones(
                tones, PhoneNumberIdentifier(number), headers=headers
            )
        )

    async def start_recording(self, connection: str) -> str:
        def ask(headers: dict[str, str]) -> Awaitable[Any]:
            return self._client.start_recording(
                call_connection_id=connection,
                recording_content_type="audio",
                recording_channel_type="mixed",
                recording_format_type="wav",
                recording_storage=self._storage,
                headers=headers,
            )

        return str((await _asked(ask)).recording_id)

    async def pause_recording(self, recording: str) -> None:
        await _asked(lambda headers: self._client.pause_recording(recording, headers=headers))

    async def resume_recording(self, recording: str) -> None:
        await _asked(lambda headers: self._client.resume_recording(recording, headers=headers))

    async def stop_recording(self, recording: str) -> None:
        await _asked(lambda headers: self._client.stop_recording(recording, headers=headers))

    async def probe(self) -> None:
        """Find out whether the service is there and takes our key: it is asked about a call that there is not."""
        try:
            await _asked(lambda headers: self._call(str(uuid.uuid4())).get_call_properties(headers=headers))
        except PlatformRefused as error:
            if error.status not in (400, NOT_FOUND):
                raise

    def _call(self, connection: str) -> Any:
        return self._client.get_call_connection(connection)


def _streaming(urls: CallbackUrls) -> MediaStreamingOptions | None:
    if not urls.media:
        return None
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


def _participant(raw_id: str) -> PhoneNumberIdentifier | UnknownIdentifier:
    number = raw_id.removeprefix("4:")
    return PhoneNumberIdentifier(number, raw_id=raw_id) if number != raw_id else UnknownIdentifier(raw_id)


def _source(prompt: Prompt, url: str) -> FileSource | SsmlSource | TextSource:
    if url:
        return FileSource(url)
    if is_ssml(prompt.text):
        return SsmlSource(ssml_text=prompt.text)
    voice = prompt.voice if _VOICE_NAME.match(prompt.voice) else None
    kind = None if voice else "female"
    return TextSource(text=prompt.text, source_locale=prompt.language, voice_name=voice, voice_kind=kind)


def _recognizing(question: Recognition) -> dict[str, Any]:
    """The arguments by which ``question`` is asked. Choices may be said or keyed in: then their label is the key."""
    keys = question.keys
    if question.speech and question.phrases:
        said = [RecognitionChoice(label=phrase, phrases=[phrase]) for phrase in question.phrases if phrase not in KEYS]
        keyed = [RecognitionChoice(label=key, phrases=[key], tone=tone) for key, tone in _DIALLED] if keys else []
        return {"input_type": "choices", "choices": [*said, *keyed]}
    how: dict[str, Any] = {"input_type": "speech" if question.speech else "dtmf"}
    if question.speech:
        how["end_silence_timeout"] = question.end_silence_s
    if keys is not None:
        how |= {
            "input_type": "speechOrDtmf" if question.speech else "dtmf",
            "dtmf_max_tones_to_collect": keys.most,
            "dtmf_inter_tone_timeout": min(_LONGEST_GAP_S, max(1, round(keys.gap_s))),
            "dtmf_stop_tones": [_NAMES[key] for key in keys.end_key] or None,
        }
    return how


async def _asked(ask: Callable[[dict[str, str]], Awaitable[T]], within_s: float = 0.0) -> T:
    """The answer to a request. ``ask`` gets the headers to send. Raises :class:`PlatformRefused`."""
    limit_s = within_s or REQUEST_S
    headers = {"Repeatability-Request-ID": str(uuid.uuid4())}
    latest: BaseException | None = None

    def pause_s(state: RetryCallState) -> float:
        nonlocal latest
        latest = state.outcome.exception() if state.outcome is not None else None
        return max(_BACK_OFF(state), _retry_after_s(latest))

    try:
        async with asyncio.timeout(limit_s):
            async for attempt in Attempts(
                retry=retry_if_exception(_may_pass), stop=stop_never, wait=pause_s, reraise=True
            ):
                with attempt:
                    return await ask(dict(headers))
    except TimeoutError as error:
        raise PlatformRefused(f"no answer within {limit_s:g} s; last: {latest and _refused(latest)}") from error
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
    told = without_addresses(str(message))[:200]
    return PlatformRefused(f"{error.status_code} {code} {told}".strip(), error.status_code or 0, code)
