"""Shares health checks between public requests, so that a hanging broker blocks no web threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from weakref import WeakKeyDictionary

from django_jobs.brokers.base import Broker
from django_jobs.brokers.health import Health

MAX_AGE = 1.0
"""Seconds for which one result answers all requests."""

TIMEOUT = 1.0
"""Seconds after which a check counts as unanswered."""

NO_ANSWER = Health(problems=("The broker takes too long to respond.",))


class SharedHealth:
    """Checks the health of one broker for all requests.

    One check runs at a time, in its own thread. Requests wait until it has taken `TIMEOUT`; after
    that they get `NO_ANSWER` immediately.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: Future[Health] = Future()
        self._began = -MAX_AGE
        self._ended = -MAX_AGE
        self._latest.set_result(NO_ANSWER)

    def health(self, examine: Callable[[], Health]) -> Health:
        """Return a result no older than `MAX_AGE`, or that of a check that ends within `TIMEOUT`.

        Args:
            examine: runs the check; it may block.
        """
        with self._lock:
            now = monotonic()
            if self._latest.done() and now - self._ended >= MAX_AGE:
                found: Future[Health] = Future()
                threading.Thread(target=self._run, args=[examine, found], daemon=True).start()
                # Only after the thread has started, as no one else would resolve the future.
                self._latest, self._began = found, now
            latest, left = self._latest, self._began + TIMEOUT - now
        try:
            return latest.result(timeout=max(0.0, left))
        except TimeoutError:
            return NO_ANSWER

    def _run(self, examine: Callable[[], Health], found: Future[Health]) -> None:
        try:
            health = examine()
        except Exception as error:  # noqa: BLE001 (every request that waits for it raises it)
            self._ended = monotonic()
            found.set_exception(error)
        else:
            self._ended = monotonic()
            found.set_result(health)


_by_broker: WeakKeyDictionary[Broker, SharedHealth] = WeakKeyDictionary()
_lock = threading.Lock()


def recent_health(broker: Broker, examine: Callable[[], Health]) -> Health:
    """Return the health of a broker: a recent result, or that of a new check by `examine`."""
    with _lock:
        shared = _by_broker.setdefault(broker, SharedHealth())
    return shared.health(examine)
