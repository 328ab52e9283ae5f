"""What ``voicebot doctor`` looks at for the traces of calls: the extra, and the collector."""

from __future__ import annotations

from voicebot.commands.finding import Finding
from voicebot.service.supervisor import NotReady
from voicebot.service.traces import require_traces
from voicebot.settings import Settings

CHECK = "trace collector"


def collector(settings: Settings) -> Finding:
    """Whether the collector takes traces. It is sent none. Calls go on without it, so it is a warning."""
    try:
        require_traces()
    except NotReady as missing:
        return Finding(CHECK, False, str(missing), "install it, or leave traces.endpoint empty")
    from voicebot.traces.export import PATH, probe

    endpoint = settings.traces.endpoint
    if why := probe(endpoint):
        mend = (
            f"check that it runs, that it takes OTLP over HTTP (protobuf) at {PATH}, and what it wants to know us by "
            "(OTEL_EXPORTER_OTLP_HEADERS)"
        )
        return Finding(CHECK, False, f"{endpoint}: {why}", mend, warning=True)
    return Finding(CHECK, True, f"{endpoint} takes traces")
