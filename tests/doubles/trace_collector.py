"""A collector of OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/), which reads the official messages."""

from __future__ import annotations

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class TraceCollector:
    """``with TraceCollector() as collector``. ``status``: how it answers from now on. ``hangs``: it does not answer."""

    def __init__(self, port: int = 0) -> None:
        self.status = 200
        self.hangs = False
        self.spans: list[Span] = []
        self.resources: list[dict[str, Any]] = []
        self.requests: list[dict[str, str]] = []
        """The headers of each, with small names."""
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> TraceCollector:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def until(self, count: int, within_s: float = 30.0) -> list[Span]:
        """The spans, when there are so many. Blocks."""
        end = time.monotonic() + within_s
        while len(self.spans) < count:
            assert time.monotonic() < end, [span.name for span in self.spans]
            time.sleep(0.01)
        return self.spans

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                if collector.hangs:
                    collector.wait()
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(collector.status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def wait(self) -> None:
        self._over.wait()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        assert path == "/v1/traces" and headers["content-type"] == "application/x-protobuf"
        self.requests.append(headers)
        if self.status != 200 or self.hangs:
            return
        request = ExportTraceServiceRequest()
        request.ParseFromString(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
        for of_resource in request.resource_spans:
            self.resources.append(values(of_resource.resource))
            for of_scope in of_resource.scope_spans:
                self.spans.extend(of_scope.spans)


def values(of: Any) -> dict[str, Any]:
    """The attributes of a span or resource."""
    return {pair.key: _plain(pair.value) for pair in of.attributes}


def _plain(value: AnyValue) -> Any:
    return getattr(value, str(value.WhichOneof("value")))
