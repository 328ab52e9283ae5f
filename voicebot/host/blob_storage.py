"""Dialog state in Azure Blob Storage: a blob for each item, with the compare-and-set of `storage.py`.

It uses ``azure-storage-blob`` directly, because the ``BlobStorage`` of botbuilder-azure decodes with jsonpickle, which
builds any class that the stored text names, and requires a version of 2021. The ETag of the blob is the item's
version; a write that expects one carries ``If-Match``. There is no transaction over several blobs: when an item of a
batch conflicts, the items before it are written. Blobs do not expire by themselves; the container needs a lifecycle
rule.

The account's key, or a shared access signature, comes from the environment (``VOICEBOT_STATE_PASSWORD``). Each
operation may take ``LIMIT_S`` and is not tried again. Needs the extra ``voicebot[azure-blob]``.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import ContainerClient

from voicebot.host.storage import (
    EtagConflict,
    ItemWrite,
    StateServerAway,
    StorageUnusable,
    Stored,
)
from voicebot.host_wire import STATE_PASSWORD_ENV

LIMIT_S = 4.0
MAX_NAME = 900
"""Characters. A blob's name may have 1024; a longer key is cut and gets a digest."""
JSON = ContentSettings(content_type="application/json")

T = TypeVar("T")

logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)


class BlobStorage:
    """``url``: the container's, ``https://account.blob.core.windows.net/container``. Raises ValueError for others."""

    def __init__(self, url: str, *, limit_s: float = LIMIT_S) -> None:
        self._where = url
        self._limit_s = limit_s
        self._container = ContainerClient.from_container_url(
            url, credential=_credential(url), retry_total=0, connection_timeout=limit_s, read_timeout=limit_s
        )

    async def open(self) -> None:
        """Check that the account lets us in, and make the container if there is none. Raises StorageUnusable."""
        try:
            await self._do(self._container.get_container_properties())
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self._do(self._container.create_container())

    async def close(self) -> None:
        await self._container.close()

    async def read(self, keys: Sequence[str]) -> dict[str, Stored]:
        """The items of ``keys`` that exist. Raises :class:`StorageUnusable`."""
        found = await asyncio.gather(*(self._read(key) for key in keys))
        return {key: item for key, item in zip(keys, found, strict=True) if item is not None}

    async def write(self, writes: Sequence[ItemWrite]) -> dict[str, str]:
        """Store ``writes`` in their order; returns the new versions. Raises ``EtagConflict``,
        :class:`StorageUnusable`."""
        return {item.key: await self._write(item) for item in writes}

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete the items of ``keys``, if they exist."""
        await asyncio.gather(*(self._delete(key) for key in keys))

    async def _read(self, key: str) -> Stored | None:
        try:
            stream = await self._do(self._container.download_blob(_name(key)))
            content = await self._do(stream.readall())
        except ResourceNotFoundError:
            return None
        return Stored(bytes(content).decode(errors="replace"), str(stream.properties.etag))

    async def _write(self, item: ItemWrite) -> str:
        condition: dict[str, Any] = {}
        if item.expected is not None:
            condition = {"etag": item.expected, "match_condition": MatchConditions.IfNotModified}
        blob = self._container.get_blob_client(_name(item.key))
        try:
            answer = await self._do(
                blob.upload_blob(item.text.encode(), overwrite=True, content_settings=JSON, **condition)
            )
        except (ResourceModifiedError, ResourceNotFoundError) as error:
            raise EtagConflict(f"{item.key} was written by somebody else") from error
        return str(answer["etag"])

    async def _delete(self, key: str) -> None:
        with suppress(ResourceNotFoundError):
            await self._do(self._container.delete_blob(_name(key)))

    async def _do(self, operation: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._limit_s):
                return await operation
        except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError):
            raise
        except TimeoutError as error:
            raise StateServerAway(f"{self._where} does not answer within {self._limit_s:g} s") from error
        except ServiceRequestError as error:
            raise StateServerAway(f"{self._where} cannot be reached: {str(error).partition(chr(10))[0]}") from error
        except (AzureError, OSError) as error:
            said = str(error).partition("\n")[0]
            raise StorageUnusable(f"{self._where} cannot be used: {said}") from error


def _name(key: str) -> str:
    """A blob's name for ``key``, in which any character may occur."""
    name = quote(key, safe="")
    return name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}-{hashlib.sha256(key.encode()).hexdigest()}"


def _credential(url: str) -> AzureNamedKeyCredential | AzureSasCredential | None:
    """The credential in :data:`STATE_PASSWORD_ENV`: a shared access signature if it contains ``sig=``, else the
    account's key. The account is the one that ``url`` names."""
    secret = os.environ.get(STATE_PASSWORD_ENV, "")
    if not secret:
        return None
    if "sig=" in secret:
        return AzureSasCredential(secret.lstrip("?"))
    parts = urlsplit(url)
    account, dot, _ = (parts.hostname or "").partition(".blob.")
    return AzureNamedKeyCredential(account if dot else parts.path.strip("/").partition("/")[0], secret)
