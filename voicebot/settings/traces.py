"""The settings of [traces] (docs/operations.md)."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from voicebot.settings.values import Section


class TraceSettings(Section):
    """[traces] of calls, for OpenTelemetry. Needs the extra ``otel``."""

    endpoint: str = ""
    """Of a collector that takes OTLP over HTTP, ``http://127.0.0.1:4318``; ``/v1/traces`` is added. Empty: calls are
    not traced."""
    service: str = Field("voicebot", min_length=1, max_length=100)
    """The name of the service in traces."""
    share: float = Field(1.0, ge=0, le=1)
    """The share of the calls that are traced."""
    failed: bool = True
    """Trace calls in which something failed whatever the share."""

    @field_validator("endpoint")
    @classmethod
    def _web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError('must be a web address, such as "http://127.0.0.1:4318"')
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("must be an address alone: what a collector wants to know us by belongs into "
                             "OTEL_EXPORTER_OTLP_HEADERS in the environment")  # fmt: skip
        return value
