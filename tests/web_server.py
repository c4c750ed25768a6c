"""An HTTP server on loopback for tests with real processes: what it was asked, and what it answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class WebServer:
    """Answers by path: ``/status/N``, ``/hang`` until ``let_go``, ``/flap`` 503 twice and then 200."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    """``METHOD path``, in order."""
    let_go: threading.Event = field(default_factory=threading.Event)

    def count(self, asked: str) -> int:
        """How often that was asked."""
        return self.asked.count(asked)


@contextmanager
def web_server() -> Iterator[WebServer]:
    """A server that ends with the block."""
    state = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = f"{self.command} {self.path}"
            state.asked.append(asked)
            status = 200
            if self.path == "/hang":
                state.let_go.wait()
            elif self.path == "/flap":
                status = 503 if state.count(asked) < 3 else 200
            elif self.path.startswith("/status/"):
                status = int(self.path.rpartition("/")[2])
            body = f"{asked} {status}\n".encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                # Whoever asked has gone.
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_HEAD = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        state.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
