"""A web site on this machine that does what sites of strangers do."""

from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from lmskit.materials.web.fetching import WebFetcher
from lmskit.web.connection import FetchLimits
from lmskit.web.guard import AddressGuard

LOOPBACK = ip_network("127.0.0.1/32")
"""The one address that tests allow; 127.0.0.2 is this machine too, and is not allowed."""


@dataclass
class Answer:
    """What the site sends for a path."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str | None = "text/html; charset=utf-8"
    etag: str | None = None
    pieces: Callable[[], Iterator[bytes]] | None = None
    """Raw bytes after the status line and headers, instead of a body."""
    raw: bytes | None = None
    """All that is sent, instead of an answer of HTTP."""
    then: Answer | None = None
    """What it sends from the second request on."""


@dataclass
class Request:
    path: str
    headers: dict[str, str]


class Site:
    """A server on 127.0.0.1 with a path for each answer; a function answers for the paths that have none."""

    def __init__(self, answers: Mapping[str, Answer], *, other: Callable[[str], Answer] | None = None, host: str = "127.0.0.1") -> None:
        self.answers = dict(answers)
        self.other = other or (lambda _path: Answer("nothing here", 404))
        self.requests: list[Request] = []
        self.names: list[str | None] = []
        """What clients said in TLS to whom they want to speak."""
        self.open_now = 0
        self.most_open = 0
        self._lock = threading.Lock()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with site._lock:
                    site.open_now += 1
                    site.most_open = max(site.most_open, site.open_now)
                    site.requests.append(Request(self.path, dict(self.headers.items())))
                try:
                    site._send(self)
                except (ConnectionError, ssl.SSLError):
                    pass  # the client has had enough
                finally:
                    with site._lock:
                        site.open_now -= 1

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the class above
                pass

        self._server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"

    def _send(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        answer = self.answers.get(handler.path) or self.other(handler.path)
        if answer.then is not None:
            self.answers[handler.path] = answer.then
        handler.close_connection = True
        if answer.raw is not None:
            handler.wfile.write(answer.raw)
            return
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        unchanged = answer.etag is not None and handler.headers.get("If-None-Match") == answer.etag
        handler.send_response(304 if unchanged else answer.status)
        if answer.type is not None and not unchanged:
            handler.send_header("Content-Type", answer.type)
        if answer.etag is not None:
            handler.send_header("ETag", answer.etag)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.pieces is None and not unchanged:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if unchanged:
            return
        if answer.pieces is None:
            handler.wfile.write(body)
            return
        for piece in answer.pieces():
            handler.wfile.write(piece)
            handler.wfile.flush()

    @property
    def paths(self) -> list[str]:
        """What was asked for, without robots.txt."""
        return [request.path for request in self.requests if request.path != "/robots.txt"]

    @contextmanager
    def served(self, certificate: ssl.SSLContext | None = None) -> Iterator[Site]:
        if certificate is not None:
            certificate.sni_callback = lambda _socket, name, _context: self.names.append(name)
            self._server.socket = certificate.wrap_socket(self._server.socket, server_side=True)
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def page(body: str = "", *, head: str = "", title: str = "A page") -> str:
    """HTML of a page."""
    return f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body><main><h1>{title}</h1>{body}</main></body></html>"


def redirect(target: str, status: int = 302) -> Answer:
    return Answer("", status, {"Location": target})


def drip(piece: bytes = b"x") -> Iterator[bytes]:
    """Something every now and then, without an end."""
    while True:
        yield piece
        time.sleep(0.05)


def fetcher(**options: Any) -> WebFetcher:
    """A fetcher that may connect to 127.0.0.1, and to nothing else on this machine, without waiting between two pages."""
    chosen: dict[str, Any] = {"guard": AddressGuard([LOOPBACK]), "delay": 0.0, "limits": FetchLimits(seconds=30, silence=10)} | options
    return WebFetcher(**chosen)
