"""A model server on loopback that answers as a test says, and keeps what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]


def vectors_of_length(texts: list[str]) -> list[list[float]]:
    """Three numbers that depend on the text alone."""
    return [[1.0, float(len(text)), float(text.count("e"))] for text in texts]


def right(request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Answer as a model server does, the last text first."""
    rows = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors_of_length(request["input"]))]
    return 200, {}, json.dumps({"object": "list", "model": request["model"], "data": rows[::-1]}).encode()


def answering(*data: Any, status: int = 200, **headers: str) -> Answer:
    body = data[0] if data and isinstance(data[0], bytes) else json.dumps(data[0] if data else {}).encode()
    return lambda _request: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def answering_always(vector: list[float]) -> Answer:
    """Answer this vector to every text."""
    return lambda request: answering({"data": [{"index": index, "embedding": vector} for index in range(len(request["input"]))]})(request)


@dataclass
class RunningServer:
    """Its address, the answers that it gives before all others, and the requests it got."""

    url: str
    next_answers: list[Answer] = field(default_factory=list)
    always: Answer = right
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    slow: float = 0


@contextmanager
def model_server() -> Iterator[RunningServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            running.requests.append(request)
            running.headers.append(dict(self.headers))
            answer = running.next_answers.pop(0) if running.next_answers else running.always
            status, headers, body = answer(request) if self.path == "/v1/embeddings" else (404, {}, b"no")
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for byte in range(0, len(body), 1 if running.slow else len(body)):
                    self.wfile.write(body[byte : byte + (1 if running.slow else len(body))])
                    self.wfile.flush()
                    time.sleep(running.slow)
            except OSError:  # who asked has gone away
                pass

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        running = RunningServer(f"http://127.0.0.1:{server.server_address[1]}/v1")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
