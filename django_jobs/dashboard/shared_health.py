"""The health that anybody may ask for, and that holds no web thread while a broker hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from weakref import WeakKeyDictionary

from django_jobs.brokers.base import Broker
from django_jobs.brokers.health import Health

MAX_AGE = 1.0
"""Seconds for which one look serves everybody."""

TIMEOUT = 1.0
"""Seconds for which a request waits for the first answer of a look."""

NO_ANSWER = Health(problems=("The broker takes too long to answer.",))


class SharedHealth:
    """Looks at one thing on behalf of everybody who asks.

    Only one look is under way at a time, in a thread of its own. Requests wait for it until it has
    taken a second; after that they hear at once that there is no answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: Future[Health] = Future()
        self._began = -MAX_AGE
        self._ended = -MAX_AGE
        self._latest.set_result(NO_ANSWER)

    def health(self, examine: Callable[[], Health]) -> Health:
        """Return what was found within the last second, or what is found within the next one.

        Args:
            examine: finds it out; it may take long.
        """
        with self._lock:
            now = monotonic()
            if self._latest.done() and now - self._ended >= MAX_AGE:
                found: Future[Health] = Future()
                threading.Thread(target=self._run, args=[examine, found], daemon=True).start()
                # Not before it has started: nobody would ever end one that could not.
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


def shared_health(broker: Broker, examine: Callable[[], Health]) -> Health:
    """Return the health of a broker, as somebody found it lately or as `look` finds it now."""
    with _lock:
        shared = _by_broker.setdefault(broker, SharedHealth())
    return shared.health(examine)
