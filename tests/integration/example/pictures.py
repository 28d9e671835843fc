"""A web server that serves pictures in every condition."""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from PIL import Image

from accounts.pictures.rules import Rules

HOST = "127.0.0.1"
Answer = Callable[[BaseHTTPRequestHandler], None]


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 400), colour: str = "teal") -> bytes:
    """A picture file of one colour."""
    target = BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def bomb(side: int) -> bytes:
    """A PNG file whose header promises side × side pixels, with next to no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1024)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


class PictureServer:
    """Answers each path as a test has told it; `seen` has the paths that were asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[str] = []
        self.released = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.seen.append(self.path)
                server.answers[self.path](self)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: object, client_address: object) -> None:
                """Clients that hang up are what the tests are about."""

        self.http = Quiet((HOST, 0), Handler)
        self.port = self.http.server_port
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.released.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def url(self, path: str) -> str:
        return f"http://{HOST}:{self.port}{path}"

    def rules(self, **changes: Any) -> Rules:
        """Rules under which this server alone may be reached."""
        only_here = Rules(lambda ip: str(ip) == HOST, frozenset({self.port}))
        return replace(only_here, **changes)

    def serve(
        self,
        path: str,
        body: bytes,
        content_type: str = "image/png",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Answer a path with a body; returns the address."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            sent = {"Content-Type": content_type, "Content-Length": str(len(body))}
            for name, value in (sent | (headers or {})).items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = answer
        return self.url(path)

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        return self.serve(path, b"", status=status, headers={"Location": target})

    def trickle(self, path: str, first: bytes) -> str:
        """Send a byte now and then, forever, after the first ones."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(first)
            while not self.released.wait(0.02):
                request.wfile.write(b"x")

        self.answers[path] = answer
        return self.url(path)

    def endless(self, path: str) -> str:
        """Send a body without a stated length that never ends."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n")
            while not self.released.is_set():
                request.wfile.write(b"x" * 65536)

        self.answers[path] = answer
        return self.url(path)
