"""One worker behind a network that loses its messages, in a store that may go back in time."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import redis

from django_jobs.brokers.messages import HeartbeatReport, Reply
from django_jobs.errors import BrokerUnavailable
from tests.robustness.stateful.worker_claims import UnderWay, WorkerClaims, fence
from tests.support.builders import given_back, make_jobs, retrying, succeeded
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK, Clock
from tests.support.driver import Driver, taking
from tests.support.lossy_network import Fate, LossyBroker, Message

PREFIX = "{jobs}:"
FLIGHT = f"{PREFIX}f:lossy"
SCARCE = 200
"""How many copies of lost messages are kept: enough for some to be old."""


class LossyWalk:
    """Takes random steps, and checks after each run of a script what it did to the worker's claims.

    Args:
        url: of an empty Redis.
        seed: the same seed takes the same steps.

    Attributes:
        claims: those that the worker answers for.
    """

    def __init__(self, url: str, seed: int) -> None:
        self._random = random.Random(seed)
        self._client = redis.Redis.from_url(url, decode_responses=True)
        self._client.flushall()
        self._clock = Clock()
        self._clock.tell(lambda now: self._client.set(CLOCK_KEY, now))
        self._broker = LossyBroker(url, clock=MOVABLE_CLOCK)
        self._network = self._broker.network
        self._network.on_run = self._run
        self._network.while_blocked = self._step_while_blocked
        self._worker = Driver(self._broker, "lossy")
        self._other = Driver(self._broker, "other")
        self._reliable = self._other.session = super(LossyBroker, self._broker).session("other")
        self.claims = WorkerClaims()
        self._report: HeartbeatReport | None = None
        self._snapshot: dict[str, bytes] = {}
        self._must_beat = True

    def step(self) -> None:
        """Do one thing at random."""
        steps = {
            self._exchange: 30,
            self._read_reply: 30,
            self._listen: 8,
            self._interrupt: 3,
            self._end_a_job: 25,
            self._abandon: 1,
            self._beat: 12,
            self._deliver_a_copy: 12,
            self._push: 8,
            self._let_the_other_work: 6,
            self._move_the_clock: 4,
            self._remember: 2,
            self._go_back: 0.7,
            self._wipe: 0.3,
        }
        (chosen,) = self._random.choices(list(steps), list(steps.values()))
        chosen()

    # --- what the worker does ------------------------------------------------------------------

    def _fate(self) -> None:
        (fate,) = self._random.choices(list(Fate), [6, 1, 1])
        self._network.fates.append(fate)

    def _exchange(self) -> None:
        if len(self.claims.calls) == 3:
            return
        limit = self._random.choice([0, 0, 1, 2, 5])
        ended, self.claims.unsent = self.claims.unsent, []
        self.claims.sent |= {fence(claim): claim for claim, _ in ended}
        settlements = [settlement for _, settlement in ended]
        self._fate()
        pending = self._worker.session.exchange(settlements, taking("default", limit=limit))
        self.claims.calls.append(UnderWay(pending, pending.tag, settlements))  # type: ignore[attr-defined]

    def _read_reply(self) -> None:
        if not self.claims.calls:
            return
        call = self.claims.calls.popleft()
        try:
            reply = call.pending.result()
        except BrokerUnavailable:
            self.claims.unsent += [
                (self.claims.sent.pop(fence(one)), one) for one in call.settlements
            ]
            self._must_beat = True
            return
        for one in call.settlements:
            del self.claims.sent[fence(one)]
        self.claims.check_refused(call.settlements, reply.refused)
        self._accept(reply)

    def _accept(self, reply: Reply) -> None:
        self.claims.running |= {fence(claim): claim for claim in reply.claims}
        self._must_beat |= reply.must_beat

    def _listen(self) -> None:
        """Listen, while other steps are taken before it runs and before its reply is read."""
        if self.claims.listening is not None:
            return
        queues = self._random.choice([(), ("default",)])
        take = taking("default", limit=self._random.choice([1, 2, 5]))._replace(queues=queues)
        self._fate()
        try:
            reply = self._worker.session.listen(take, 0.001)
        except BrokerUnavailable:
            self._must_beat = True
        else:
            self._accept(reply)
        finally:
            self.claims.listening = None

    def _step_while_blocked(self, message: Message) -> None:
        self.claims.listening = int(message.arguments[1])
        for _ in range(self._random.randint(0, 6)):
            self.step()

    def _interrupt(self) -> None:
        self._fate()
        with suppress(BrokerUnavailable):
            self._worker.session.interrupt()

    def _abandon(self) -> None:
        """Give up on a settlement: the next heartbeat that is answered takes its job back."""
        if self.claims.unsent:
            _, settlement = self.claims.unsent.pop()
            self._worker.session.abandon(settlement)

    def _end_a_job(self) -> None:
        if not self.claims.running:
            return
        claim = self.claims.running.pop(self._random.choice(list(self.claims.running)))
        how = self._random.choice([succeeded, succeeded, retrying, given_back])
        self.claims.unsent.append((claim, how(claim)))

    def _beat(self) -> None:
        # A heartbeat that failed is sent again, unless the worker has something new to say.
        self._report = self._report or self._worker.report(succeeded=1)
        awaited = self.claims.awaited
        self._fate()
        try:
            reply = self._worker.session.heartbeat(self._report)
        except BrokerUnavailable:
            return
        self._report = None
        self._must_beat = False
        if reply.lost:
            self.claims.let_go()
        self.claims.check_nothing_is_hidden(self._flight(), awaited)

    # --- what happens around it ----------------------------------------------------------------

    def _push(self) -> None:
        self._broker.push(make_jobs(self._random.randint(1, 8)))

    def _deliver_a_copy(self) -> None:
        copies = self._network.copies
        del copies[:-SCARCE]
        if copies:
            self._network.deliver_late(self._random.choice(copies))

    def _let_the_other_work(self) -> None:
        before = self._flight()
        self._other.heartbeat()
        if before and not self._flight():
            self.claims.let_go()
        self._other.settle(*map(succeeded, self._other.take(self._random.randint(1, 3))))

    def _move_the_clock(self) -> None:
        self._clock.advance(self._random.choice([-30_000, -3_000, 200, 3_000, 3_000, 30_000]))

    def _remember(self) -> None:
        self._snapshot = {}
        with redis.Redis.from_url(self._url) as raw:
            for key in raw.scan_iter(f"{PREFIX}*", count=10_000):
                self._snapshot[key] = raw.dump(key)

    def _go_back(self) -> None:
        """Lose what came after the last snapshot, as by a power cut or a failover."""
        self._wipe()
        with redis.Redis.from_url(self._url) as raw:
            for key, value in self._snapshot.items():
                raw.restore(key, 0, value)

    def _wipe(self) -> None:
        self._client.flushall()
        self._clock.advance(0)
        self.claims.let_go()

    @property
    def _url(self) -> str:
        kwargs = self._client.connection_pool.connection_kwargs
        return f"redis://{kwargs['host']}:{kwargs['port']}/{kwargs['db']}"

    # --- what must hold ------------------------------------------------------------------------

    def _flight(self) -> dict[str, str]:
        """What the worker holds in Redis: fences by id."""
        held: dict[str, str] = self._client.hgetall(FLIGHT)  # type: ignore[assignment]
        return {job_id: ":".join(value.split(":")[:2]) for job_id, value in held.items()}

    def _run(self, message: Message) -> Any:
        before = self._flight()
        has_lease = self._client.zscore(f"{PREFIX}leases", "lossy") is not None
        answer = message.run()
        if message.name == "exchange":
            self.claims.check_exchange(message, before, self._flight(), has_lease=has_lease)
        else:
            self.claims.check_given_back(before, self._flight())
        return answer

    # --- the end -------------------------------------------------------------------------------

    def settle_down(self) -> None:
        """Restore the network, finish everything, and check that no job stayed behind."""
        while self.claims.calls:
            self._read_reply()
        self._network.fates.clear()
        for _ in range(50):
            reply = self._worker.heartbeat()
            if reply.lost:
                self.claims.let_go()
            self._running_end()
            self._exchange_reliably(limit=10)
            self._other.heartbeat()
            self._other.settle(*map(succeeded, self._other.take(10)))
            self._clock.advance(1)
        self._running_end()
        self._exchange_reliably(limit=0)
        self._worker.heartbeat()
        assert self._flight() == {}
        counts = {str(state): count for state, count in self._broker.inspection.counts().items()}
        assert not any(counts[name] for name in ("queued", "running", "retrying"))

    def _running_end(self) -> None:
        while self.claims.running:
            _, claim = self.claims.running.popitem()
            self.claims.unsent.append((claim, succeeded(claim)))

    def _exchange_reliably(self, limit: int) -> None:
        ended, self.claims.unsent = self.claims.unsent, []
        take = taking("default", limit=limit)
        reply = self._worker.session.exchange([one for _, one in ended], take).result()
        self._accept(reply)

    def close(self) -> None:
        self._broker.close()
        self._client.close()
