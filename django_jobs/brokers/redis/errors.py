"""The errors of Redis, in sentences that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import redis

from django_jobs.errors import BrokerError, BrokerRefused, BrokerUnavailable, WrongKeyType

from .lookup import PrimaryNotFound

SETTINGS = "REDIS_URL or the option url of the RedisBackend"


@contextmanager
def plain_errors(address: str) -> Iterator[None]:
    """Turn redis-py's errors into ours.

    Args:
        address: the URL without secrets, for the message.
    """
    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
        raise BrokerRefused(
            f"Redis at {address} rejects the user or the password ({error}). Check REDIS_PASSWORD"
            " and the user and password in REDIS_URL, or the options username and password of the"
            " RedisBackend."
        ) from error
    except redis.BusyLoadingError as error:
        raise BrokerUnavailable(
            f"Redis at {address} is still loading its data; it will answer when it is done."
        ) from error
    except PrimaryNotFound as error:
        raise BrokerUnavailable(
            f"Redis at {address} was not found: {error}. Are these servers running? Check"
            f" {SETTINGS}, and REDIS_SENTINEL_PASSWORD if sentinels require one."
        ) from error
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise BrokerUnavailable(
            f"Redis at {address} does not answer ({error}). Is it running? Check {SETTINGS}."
        ) from error
    except redis.InvalidResponse as error:
        raise BrokerRefused(f"The server at {address} is not Redis: check {SETTINGS}.") from error
    except redis.ResponseError as error:
        raise _refused(address, error) from error


WRONG_KEY = re.compile(r"WRONGKEY (?P<key>.+?) a (?P<actual>[a-z]+) for a (?P<wanted>[a-z]+)\b")
"""The error of `parts/expect.lua` for a key of another type."""

FOREIGN = ("WRONGTYPE", "not an integer", "not a valid float", "would overflow", "user_script")
"""Signs of a value that django_jobs did not write."""

DOCTOR = "Another program wrote there: run manage.py jobs doctor."

FORBIDDEN = ("NOPERM", "ACL failure", "can't run this command")
"""What Redis says of rights that its user lacks, also to a script."""

FORBIDDEN_COMMAND = re.compile(r"'([^']+)' command")

RIGHTS = "~{NAMESPACE}:* +@read +@write +eval +evalsha +time +info +select"
"""What a user needs; the page on Redis has the whole line, without what is dangerous."""

CODES: Mapping[type[redis.ResponseError], str] = MappingProxyType(
    {
        redis.OutOfMemoryError: "OOM",
        redis.ReadOnlyError: "READONLY",
        redis.exceptions.NoPermissionError: "NOPERM",
        redis.exceptions.MovedError: "MOVED",
        redis.exceptions.AskError: "ASK",
        redis.exceptions.TryAgainError: "TRYAGAIN",
        redis.exceptions.ClusterDownError: "CLUSTERDOWN",
        redis.exceptions.MasterDownError: "MASTERDOWN",
    }
)
"""The codes that redis-py takes away, as these errors have a class of their own."""

MIGRATES = "is moving the jobs to another node of its cluster; try again when that is done."

ANSWERS: tuple[tuple[str, type[BrokerError], str], ...] = (
    (
        "OOM",
        BrokerRefused,
        "is full and stored nothing: raise its maxmemory, or let workers drain it.",
    ),
    (
        "READONLY",
        BrokerUnavailable,
        (
            "is a read-only replica, perhaps during a failover: let"
            f" {SETTINGS} name the primary, or its sentinels (redis+sentinel://)."
        ),
    ),
    (
        "NOREPLICAS",
        BrokerUnavailable,
        (
            "has fewer replicas than its min-replicas-to-write, and takes no changes: start its"
            " replicas, or lower that setting."
        ),
    ),
    (
        "MASTERDOWN",
        BrokerUnavailable,
        (
            "is a replica that has lost its primary: wait for the failover, or let"
            f" {SETTINGS} name the primary or its sentinels (redis+sentinel://)."
        ),
    ),
    (
        "MISCONF",
        BrokerRefused,
        "can't write to its disk and takes no changes: make room there, and see its log.",
    ),
    ("BUSY", BrokerUnavailable, "is busy with somebody's script."),
    (
        "MOVED",
        BrokerRefused,
        (
            "is a node of a cluster, and another node has the jobs: write redis+cluster://"
            f" instead of redis:// in {SETTINGS}."
        ),
    ),
    ("ASK", BrokerUnavailable, MIGRATES),
    ("TRYAGAIN", BrokerUnavailable, MIGRATES),
    (
        "CLUSTERDOWN",
        BrokerUnavailable,
        (
            "is a node of a cluster that is down: wait for its failover, and see CLUSTER INFO on"
            " its nodes."
        ),
    ),
    ("DB index", BrokerRefused, f"has no such database: check the number in {SETTINGS}."),
)
"""What Redis answers, what it is to us, and how the sentence goes on."""


def _forbidden(text: str) -> str:
    """Return what Redis does not permit, as far as it says, and what to do."""
    if command := FORBIDDEN_COMMAND.search(text):
        what = f"the command {command[1].upper()}"
    elif "key" in text:
        what = "access to the keys of the jobs"
    else:
        what = "a command of a script, which it does not name"
    return f"{what}. Grant what django_jobs needs with ACL SETUSER: {RIGHTS}."


def _refused(address: str, error: redis.ResponseError) -> BrokerError:
    text = f"{CODES.get(type(error), '')} {error}"
    if any(sign in text for sign in FORBIDDEN):
        return BrokerRefused(f"Redis at {address} does not permit its user {_forbidden(text)}")
    for sign, kind, rest in ANSWERS:
        if re.search(rf"\b{sign}\b", text):
            return kind(f"Redis at {address} {rest}")
    if found := WRONG_KEY.search(text):
        return WrongKeyType(
            f"The key {found['key']} in Redis at {address} is a {found['actual']}, and must be a"
            f" {found['wanted']}. {DOCTOR}"
        )
    if any(sign in text for sign in FOREIGN):
        return BrokerRefused(
            f"A key of the jobs in Redis at {address} is damaged ({error}). {DOCTOR}"
        )
    return BrokerRefused(f"Redis at {address} refused a call: {error}")
