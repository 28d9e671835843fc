"""The HTTP requests of probes, and the responses to them."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

LONGEST_REQUEST = 8192
"""Bytes of a request line with its headers."""

TEXT = "text/plain; charset=utf-8"

_FIRST_LINE = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.[01]\r?\n")
_LAST_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a page.

    Attributes:
        path: without the query.
        wants_body: whether it is GET, not HEAD.
    """

    path: str
    wants_body: bool


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent back before the connection is closed."""

    status: HTTPStatus
    text: str
    content_type: str = TEXT

    def encoded(self, *, with_body: bool = True) -> bytes:
        """Return the bytes to send."""
        body = self.text.encode(errors="replace")
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        if self.status is HTTPStatus.METHOD_NOT_ALLOWED:
            lines.append("Allow: GET, HEAD")
        head = "".join(f"{line}\r\n" for line in [*lines, ""]).encode()
        return head + body if with_body else head


def plain(status: HTTPStatus, text: str = "") -> Response:
    """Return a response with a line of text, by default the phrase of its status."""
    return Response(status, f"{text or status.phrase}\n")


def send(client: socket.socket, response: Response, *, with_body: bool = True) -> None:
    """Send a response, unless the client is gone, and close the connection."""
    with client, suppress(OSError):
        client.sendall(response.encoded(with_body=with_body))
        client.shutdown(socket.SHUT_WR)


def parse(received: bytes) -> Request | Response | None:
    """Return a request, the response that refuses it, or None while its end has not arrived."""
    if not _LAST_LINE.search(received):
        if len(received) > LONGEST_REQUEST:
            return plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return None
    match = _FIRST_LINE.match(received)
    if not match:
        return plain(HTTPStatus.BAD_REQUEST)
    method, target = match[1].decode(), match[2].decode()
    if method not in {"GET", "HEAD"}:
        return plain(HTTPStatus.METHOD_NOT_ALLOWED)
    return Request(target.partition("?")[0], wants_body=method == "GET")
