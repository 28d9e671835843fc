"""A TCP proxy that treats connections as bad networks do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from tests.support.ports import HOST

CHUNK = 65536


class Proxy:
    """Passes bytes between its own port and a server's.

    Attributes:
        lag: seconds by which each portion of bytes is late, in both directions.
        swallowing: whether what the server answers is taken and thrown away.
    """

    def __init__(self, target: int) -> None:
        self.lag = 0.0
        self.swallowing = False
        self._target = target
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._closed = False
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((HOST, 0))
        self.url = f"redis://{HOST}:{self._listener.getsockname()[1]}/0"
        self._start(self._accept)

    def cut(self) -> int:
        """End all connections at once, whatever is on the way; return how many."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        return self._shut_down(pairs, socket.SHUT_RDWR)

    def half_close(self) -> int:
        """Tell clients that the server says no more, while it still hears them."""
        # The pairs stay: a client that is idle doesn't notice, so `cut` has to end them later.
        with self._lock:
            clients = [(client,) for client, _ in self._pairs]
        return self._shut_down(clients, socket.SHUT_WR)

    def close(self) -> None:
        """Accept nothing more, and end all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        with self._lock:
            self._closed = True
        self.cut()
        for thread in self._threads:
            thread.join()

    def _shut_down(self, connections: Sequence[tuple[socket.socket, ...]], how: int) -> int:
        for connection in connections:
            for end in connection:
                with suppress(OSError):
                    end.shutdown(how)
        return len(connections)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection((HOST, self._target)) as server:
            with self._lock:
                if self._closed:
                    return
                self._pairs.append((client, server))
            answers = self._start(self._pass_on, server, client, True)
            self._pass_on(client, server, False)
            answers.join()

    def _start(self, function: Callable[..., None], *args: object) -> threading.Thread:
        thread = threading.Thread(target=function, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                time.sleep(self.lag)
                if not (is_answer and self.swallowing):
                    sink.sendall(data)
        # The other direction has a thread of its own, and ends by itself.
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
