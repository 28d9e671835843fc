"""Sends the metrics to clients, in a thread, as the broker may take its time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus

from django_jobs.brokers.prometheus import CONTENT_TYPE
from django_jobs.errors import BrokerError

from .messages import Response, plain, send

SENDING = 10.0
"""Seconds that a client may take to receive the metrics."""


class Scrapes:
    """Answers one scrape at a time.

    Args:
        render: returns the metrics as text.
    """

    def __init__(self, render: Callable[[], str]) -> None:
        self._render = render
        self._busy = threading.Lock()

    def answer(self, client: socket.socket) -> None:
        """Start to answer a client, or refuse it if another one is being answered."""
        client.settimeout(SENDING)
        if not self._busy.acquire(blocking=False):
            send(client, plain(HTTPStatus.SERVICE_UNAVAILABLE, "Another scrape is under way."))
            return
        thread = threading.Thread(
            target=self._run, args=[client], name="django-jobs-scrape", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the process may have no more threads, or be ending
            self._busy.release()
            client.close()

    def _run(self, client: socket.socket) -> None:
        try:
            send(client, self._response())
        finally:
            client.close()
            self._busy.release()

    def _response(self) -> Response:
        try:
            return Response(HTTPStatus.OK, self._render(), CONTENT_TYPE)
        except BrokerError:  # its message has the address of the broker
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "The broker does not answer.")
