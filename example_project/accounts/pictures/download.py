"""A download from an untrusted address that cannot reach inside, nor last, nor swell."""

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
from accounts.pictures.target import Target, find_target

REDIRECTS = {301, 302, 303, 307, 308}
IMAGE_TYPES = {"image/jpeg", "image/png", "image/webp", "image/gif"}
PIECE = 64 * 1024
HEADERS = {
    "Accept": ", ".join(sorted(IMAGE_TYPES)),
    # A compressed answer could unpack to any size.
    "Accept-Encoding": "identity",
    "User-Agent": "LarderPictures/1.0",
}


def download(address: str, rules: Rules = PUBLIC) -> bytes:
    """Fetch an image file.

    Args:
        address: where it is. Each redirect is checked like a new address.
        rules: the limits, for all redirects together.

    Returns:
        The bytes as the server sent them. They are not known to be an image yet.

    Raises:
        PictureRefused: the address, a redirect or the answer is not allowed.
        PictureUnavailable: no proper answer in time.
    """
    ends_at = monotonic() + rules.max_seconds
    for _ in range(rules.max_redirects + 1):
        target = find_target(address, rules)
        with _ask(target, ends_at) as response:
            if response.status not in REDIRECTS:
                return _read_image(response, target, rules)
            address = urljoin(address, response.headers.get("Location", ""))
    raise PictureRefused(f"The address redirects more than {rules.max_redirects} times.")


class _PinnedConnection(HTTPConnection):
    """A connection to the checked address; the name is for TLS and the Host header alone."""

    def __init__(self, target: Target, timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self.target = target
        self.default_port = 443 if target.secure else 80
        self.was_cut = False
        # `sock` is given away to the answer where the server closes after it.
        self.wire: socket.socket | None = None

    def connect(self) -> None:
        self.wire = socket.create_connection((self.target.ip, self.target.port), self.timeout)
        if self.target.secure:
            # The handshake waits until `cut` can reach the socket that makes it.
            tls = ssl.create_default_context().wrap_socket(
                self.wire, server_hostname=self.target.host, do_handshake_on_connect=False
            )
            self.wire = tls
            tls.do_handshake()
        self.sock = self.wire

    def cut(self) -> None:
        """End whatever is being waited for, from another thread."""
        self.was_cut = True
        if self.wire is not None:
            with suppress(OSError):
                self.wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        if self.wire is not None:
            self.wire.close()


@contextmanager
def _ask(target: Target, ends_at: float) -> Iterator[HTTPResponse]:
    seconds_left = ends_at - monotonic()
    if seconds_left <= 0:
        raise _too_slow(target)
    connection = _PinnedConnection(target, timeout=seconds_left)
    # A socket's timeout starts anew with each byte that trickles in; this one does not.
    timer = Timer(seconds_left, connection.cut)
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
            raise PictureUnavailable(f"{target.host} did not answer properly.") from error
        raise
    finally:
        timer.cancel()
        connection.close()
    # Being cut off in the middle can look like the proper end of an answer.
    if connection.was_cut:
        raise _too_slow(target)


def _read_image(response: HTTPResponse, target: Target, rules: Rules) -> bytes:
    _check_headers(response, target, rules)
    received = bytearray()
    while piece := response.read(PIECE):
        received += piece
        if len(received) > rules.max_bytes:
            raise _too_large(rules)
    if response.length:
        raise PictureUnavailable(f"{target.host} stopped in the middle of the picture.")
    return bytes(received)


def _check_headers(response: HTTPResponse, target: Target, rules: Rules) -> None:
    if response.status >= 500 or response.status == 429:
        raise PictureUnavailable(f"{target.host} is having trouble (HTTP {response.status}).")
    if response.status != 200:
        raise PictureRefused(f"{target.host} does not give it out (HTTP {response.status}).")
    if response.headers.get_content_type() not in IMAGE_TYPES:
        raise PictureRefused("There is no JPEG, PNG, WebP or GIF picture at this address.")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise PictureRefused(f"{target.host} sends the picture in a form we do not accept.")
    if response.length is not None and response.length > rules.max_bytes:
        raise _too_large(rules)


def _too_large(rules: Rules) -> PictureRefused:
    return PictureRefused(f"The file is larger than {rules.max_bytes // 1024**2} MB.")


def _too_slow(target: Target) -> PictureUnavailable:
    return PictureUnavailable(f"{target.host} takes too long to answer.")
