"""Downloads from untrusted addresses: public hosts only, limited in time and size."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Timer
from time import monotonic
from urllib.parse import urljoin

from accounts.pictures.errors import PictureRefused, PictureUnavailable
from accounts.pictures.rules import PUBLIC, Rules
from accounts.pictures.target import Target, resolve_target

REDIRECTS = {301, 302, 303, 307, 308}
IMAGE_TYPES = {"image/jpeg", "image/png", "image/webp", "image/gif"}
CHUNK = 64 * 1024
HEADERS = {
    "Accept": ", ".join(sorted(IMAGE_TYPES)),
    # A compressed response could unpack to any size.
    "Accept-Encoding": "identity",
    "User-Agent": "LarderPictures/1.0",
}


def download(address: str, rules: Rules = PUBLIC) -> bytes:
    """Download an image file.

    Args:
        address: where it is. Each redirect is checked like a new address.
        rules: the limits, for all redirects together.

    Returns:
        The bytes that the server sent, which may not be an image.

    Raises:
        PictureRefused: the address, a redirect or the response is not allowed.
        PictureUnavailable: no valid response in time.
    """
    deadline = monotonic() + rules.max_seconds
    for _ in range(rules.max_redirects + 1):
        target = resolve_target(address, rules)
        with _request(target, deadline) as response:
            if response.status not in REDIRECTS:
                return _read_image(response, target, rules)
            address = urljoin(address, response.headers.get("Location", ""))
    raise PictureRefused(f"The address redirects more than {rules.max_redirects} times.")


class _PinnedConnection(HTTPConnection):
    """A connection to a checked IP address; TLS and the Host header use the host name."""

    def __init__(self, target: Target, timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self.target = target
        self.default_port = 443 if target.secure else 80
        self.was_cut = False
        # http.client hands `sock` to the response if the server closes the connection after it.
        self.wire: socket.socket | None = None

    def connect(self) -> None:
        self.wire = socket.create_connection((self.target.ip, self.target.port), self.timeout)
        if self.target.secure:
            # Starts the handshake only when `cut` can reach its socket.
            tls = ssl.create_default_context().wrap_socket(
                self.wire, server_hostname=self.target.host, do_handshake_on_connect=False
            )
            self.wire = tls
            tls.do_handshake()
        self.sock = self.wire

    def cut(self) -> None:
        """End the connection, called from another thread."""
        self.was_cut = True
        if self.wire is not None:
            with suppress(OSError):
                self.wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        if self.wire is not None:
            self.wire.close()


@contextmanager
def _request(target: Target, deadline: float) -> Iterator[HTTPResponse]:
    remaining = deadline - monotonic()
    if remaining <= 0:
        raise _too_slow(target)
    connection = _PinnedConnection(target, timeout=remaining)
    # A socket's timeout restarts with every byte that arrives; this timer does not.
    timer = Timer(remaining, connection.cut)
    timer.daemon = True
    timer.start()
    try:
        connection.request("GET", target.path, headers=HEADERS)
        with connection.getresponse() as response:
            yield response
    except Exception as error:
        if connection.was_cut or isinstance(error, TimeoutError):
            raise _too_slow(target) from error
        if isinstance(error, (OSError, HTTPException)):
            raise PictureUnavailable(f"{target.host} did not send a valid response.") from error
        raise
    finally:
        timer.cancel()
        connection.close()
    # A connection that was cut can look like the regular end of a response.
    if connection.was_cut:
        raise _too_slow(target)


def _read_image(response: HTTPResponse, target: Target, rules: Rules) -> bytes:
    _check_headers(response, target, rules)
    received = bytearray()
    while chunk := response.read(CHUNK):
        received += chunk
        if len(received) > rules.max_bytes:
            raise _too_large(rules)
    if response.length:
        raise PictureUnavailable(f"{target.host} stopped sending before the end of the picture.")
    return bytes(received)


def _check_headers(response: HTTPResponse, target: Target, rules: Rules) -> None:
    if response.status >= 500 or response.status == 429:
        raise PictureUnavailable(f"{target.host} has a problem (HTTP {response.status}).")
    if response.status != 200:
        raise PictureRefused(f"{target.host} refuses to send the picture (HTTP {response.status}).")
    if response.headers.get_content_type() not in IMAGE_TYPES:
        raise PictureRefused("There is no JPEG, PNG, WebP or GIF picture at this address.")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise PictureRefused(f"{target.host} sends the picture in an encoding we do not accept.")
    if response.length is not None and response.length > rules.max_bytes:
        raise _too_large(rules)


def _too_large(rules: Rules) -> PictureRefused:
    return PictureRefused(f"The file is larger than {rules.max_bytes // 1024**2} MB.")


def _too_slow(target: Target) -> PictureUnavailable:
    return PictureUnavailable(f"{target.host} takes too long to answer.")
