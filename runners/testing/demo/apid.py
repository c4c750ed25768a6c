#!/usr/bin/env python3
"""The demo's service: answers its release over HTTP; `--status` says who holds its port, `--probe` asks it."""

import errno
import glob
import http.server
import os
import signal
import sys
import time
import urllib.request


def token() -> str:
    """What opens /private; read again for every request."""
    try:
        with open(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "..", "etc", "api.token")) as file:
            return file.read().strip()
    except OSError:
        return ""


def serve(release: str, port: int, pid_file: str) -> int:
    """Serve until TERM."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            granted = self.path != "/private" or self.headers.get("Authorization") == f"Bearer {token()}"
            self.send_response(200 if granted else 401)
            self.end_headers()
            self.wfile.write(release.encode() if granted else b"who are you?")

        def log_message(self, *words: object) -> None:
            """Nothing: the log is for starts and stops."""

    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = True

        def server_bind(self) -> None:
            # Without the look-up of our own name, which can take seconds on a host without DNS.
            import socketserver

            socketserver.TCPServer.server_bind(self)
            self.server_name, self.server_port = "localhost", port

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server = Server(("127.0.0.1", port), Answer)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        print(f"bind: address already in use (127.0.0.1:{port})")
        print("api: cannot start listener http-public", flush=True)
        return 1
    with open(pid_file, "w") as file:
        file.write(str(os.getpid()))
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.serve_forever()
    return 0


def status(port: int, pid_file: str) -> int:
    """Say who listens on the port, from /proc alone."""
    with open("/proc/net/tcp") as sockets:
        rows = [line.split() for line in sockets][1:]
    inodes = {row[9] for row in rows if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    ours = ""
    if os.path.exists(pid_file):
        with open(pid_file) as file:
            ours = file.read().strip()
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith("socket:[") and target[8:-1] in inodes:
            pid = link.split("/")[2]
            with open(f"/proc/{pid}/cmdline") as file:
                command = file.read().replace("\0", " ").strip()
            owner = "the service" if pid == ours else "not started by this service"
            print(f"port {port} is held by pid {pid}, {owner}: {command}")
            return 0
    print(f"nobody listens on port {port}")
    return 3


def probe(port: int, release: str) -> int:
    """Wait until the service answers with this release."""
    for _ in range(20):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                found = answer.read().decode()
        except OSError as error:
            found = str(error)
        print(f"GET 127.0.0.1:{port}/health  {found}", flush=True)
        if found == release:
            return 0
        time.sleep(0.3)
    print(f"error: release {release} does not answer")
    return 1


if __name__ == "__main__":
    if sys.argv[1] == "--status":
        sys.exit(status(int(sys.argv[2]), sys.argv[3]))
    if sys.argv[1] == "--probe":
        sys.exit(probe(int(sys.argv[2]), sys.argv[3]))
    sys.exit(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
