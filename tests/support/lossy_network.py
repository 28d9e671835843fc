"""A network that loses messages to Redis, delays them, and lets copies of them arrive late."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.brokers.redis.caller import Caller
from django_jobs.brokers.redis.raw_client import Command
from django_jobs.brokers.redis.scripts import Scripts
from django_jobs.brokers.redis.session import RedisSession
from django_jobs.conf.redis_url import read_redis_url


class Fate(Enum):
    """What becomes of a message."""

    ARRIVES = "it runs, and its reply comes back"
    IS_LOST = "it does not run; a copy of it may run late"
    REPLY_IS_LOST = "it runs, and nobody hears the reply"


class Message:
    """A call of a script, as it travels to Redis. Each delivery of it runs the script.

    Attributes:
        blocks: whether it waits in Redis behind a command that blocks.
    """

    def __init__(
        self, name: str, arguments: Sequence[str | int], run: Callable[[], Any], *, blocks: bool
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.run = run
        self.blocks = blocks


class LossyNetwork:
    """Decides what becomes of each message, and keeps copies of those that got lost.

    Attributes:
        fates: of the next messages; without any they arrive.
        copies: of all lost messages, and of those whose reply was lost.
        on_run: called around each run of a script, with the message and what runs it.
        while_blocked: called before a message that blocks runs, and again before its reply is read.
    """

    def __init__(self) -> None:
        self.fates: deque[Fate] = deque()
        self.copies: list[Message] = []
        self.on_run: Callable[[Message], Any] = lambda message: message.run()
        self.while_blocked: Callable[[Message], object] = lambda message: None

    def send(self, message: Message) -> Callable[[], Any]:
        """Deliver or lose a message, and return what waits for its reply."""
        fate = self.fates.popleft() if self.fates else Fate.ARRIVES
        if fate is not Fate.ARRIVES:
            self.copies.append(message)
        if message.blocks:
            return lambda: self._block(message, fate)
        reply = self._run(message, fate)
        return lambda: self._read(reply, fate)

    def _block(self, message: Message, fate: Fate) -> Any:
        self.while_blocked(message)
        reply = self._run(message, fate)
        self.while_blocked(message)
        return self._read(reply, fate)

    def _run(self, message: Message, fate: Fate) -> Any:
        return None if fate is Fate.IS_LOST else self.on_run(message)

    def _read(self, reply: Any, fate: Fate) -> Any:
        if fate is not Fate.ARRIVES:
            raise redis.ConnectionError("lost in the network of the tests")
        return reply

    def deliver_late(self, message: Message) -> Any:
        """Run a copy, whose reply nobody reads."""
        return self.on_run(message)


class LossyScripts:
    """Scripts whose messages travel through a lossy network; nothing is sent again."""

    def __init__(self, scripts: Scripts, network: LossyNetwork) -> None:
        self.client = scripts.client
        self._scripts = scripts
        self._network = network

    def __call__(self, name: str, *arguments: str | int) -> Any:
        return self.send(name, *arguments)()

    def send(
        self, name: str, *arguments: str | int, behind: Sequence[Command] = ()
    ) -> Callable[[], Any]:
        def run() -> Any:
            return self._scripts.send(name, *arguments, behind=behind)()

        return self._network.send(Message(name, arguments, run, blocks=bool(behind)))


class LossyCaller(Caller):
    """The caller of a session whose messages travel through a lossy network."""

    def __init__(self, url: str, clock: str | None, network: LossyNetwork, lease: float) -> None:
        super().__init__(
            read_redis_url(url),
            namespace="jobs",
            lease=lease,
            socket_timeout=5.0,
            clock=clock,
        )
        self._network = network
        self.scripts = LossyScripts(self.scripts, network)  # type: ignore[assignment]

    def scripts_sent_once(self, seconds: float) -> Scripts:
        return LossyScripts(super().scripts_sent_once(seconds), self._network)  # type: ignore[return-value]


class LossyBroker(RedisBroker):
    """A broker whose sessions talk to Redis through a lossy network."""

    def __init__(self, url: str, *, clock: str | None = None) -> None:
        super().__init__(url, clock=clock)
        self.network = LossyNetwork()
        self._lossy = LossyCaller(url, clock, self.network, self.lease)

    def session(self, worker_id: str) -> RedisSession:
        return RedisSession(worker_id, self._lossy)

    def close(self) -> None:
        super().close()
        self._lossy.close()
