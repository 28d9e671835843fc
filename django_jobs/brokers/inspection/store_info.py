"""What a broker tells of the place where it keeps jobs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What endangers jobs in a store.

    Attributes:
        text: one sentence, which says what to do.
        is_risk: whether it costs jobs only when the machine or the server crashes, which a site may
            accept. A health check warns of it, and is not failed.
    """

    text: str
    is_risk: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """What a broker keeps jobs in.

    Attributes:
        name: "Redis", "Valkey" or "memory".
        version: of the server, or "".
        address: where it is, without secrets, or "".
        memory: bytes that are used, by everybody who shares it; None where it is not known.
        memory_limit: bytes at which it is full, or None for no limit.
        is_full: whether it has reached that limit.
        is_replica: whether it only follows another server, and takes no changes.
        persistence: "log" (each write), "snapshots" (now and then), "none", or "" for not known.
        eviction: what it does when it is full, by the name that the server has for it.
    """

    name: str
    version: str = ""
    address: str = ""
    memory: int | None = None
    memory_limit: int | None = None
    is_full: bool = False
    is_replica: bool = False
    persistence: str = ""
    eviction: str = ""

    @property
    def evicts_jobs(self) -> bool:
        """Whether it throws away jobs when it is full."""
        return self.eviction.startswith("allkeys")

    @property
    def evicts_expiring_keys(self) -> bool:
        """Whether it throws away keys with an expiry when it is full: metrics, but no jobs."""
        return self.eviction.startswith("volatile")

    @property
    def refuses_jobs(self) -> bool:
        """Whether it is full and throws away nothing that would make room."""
        return self.is_full and not self.evicts_jobs

    @property
    def forgets_jobs(self) -> bool:
        """Whether its restart loses every job."""
        return self.persistence == "none"

    @property
    def forgets_latest(self) -> bool:
        """Whether its crash loses all that came after the last snapshot."""
        return self.persistence == "snapshots"
