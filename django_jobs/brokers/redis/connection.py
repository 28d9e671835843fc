"""Connections to Redis, and its errors in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from django_jobs.errors import BrokerError, BrokerRefused, BrokerUnavailable

MANY = 2**31
"""More connections than there can be."""

SETTINGS = "REDIS_URL or the option url of the RedisBackend"


def connect(
    url: str,
    *,
    username: str | None,
    password: str | None,
    socket_timeout: float,
) -> redis.Redis:
    """Return a client that connects when it is first used.

    It never resends a command or reconnects: `RawClient` does both, within one time limit. The
    number of connections is practically unlimited, as each thread that is making a call needs one;
    by default, redis-py refuses the hundred and first.
    """
    given: dict[str, Any] = {"username": username, "password": password}
    if not url.startswith("unix:"):
        given["socket_keepalive"] = True
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=socket_timeout,
        socket_connect_timeout=min(5, socket_timeout),
        max_connections=MANY,
        retry=Retry(NoBackoff(), 0),
        **{name: value for name, value in given.items() if value is not None},
    )


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

RIGHTS = "~{NAMESPACE}:* +@read +@write +@scripting +@connection +time +info"
"""What a user needs; the page on production has the whole line, without what is dangerous."""

ANSWERS: tuple[tuple[str, type[BrokerError], str], ...] = (
    (
        "OOM",
        BrokerRefused,
        "is full and stored nothing: raise its maxmemory, or let workers drain it.",
    ),
    (
        "READONLY",
        BrokerUnavailable,
        f"is a read-only replica, perhaps during a failover: let {SETTINGS} name the primary.",
    ),
    (
        "MISCONF",
        BrokerRefused,
        "can't write to its disk and takes no changes: make room there, and see its log.",
    ),
    ("BUSY", BrokerUnavailable, "is busy with somebody's script."),
    ("NOAUTH", BrokerRefused, "wants a password: set REDIS_PASSWORD."),
    (
        "Moved",
        BrokerRefused,
        f"is the wrong node of a cluster: let {SETTINGS} name the one that has the jobs.",
    ),
    ("ClusterDown", BrokerUnavailable, "is a node of a cluster that is down."),
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
    # redis-py takes the code away for errors that have a class of their own.
    text = f"{type(error).__name__} {error}".replace("OutOfMemory", "OOM")
    text = text.replace("ReadOnly", "READONLY").replace("NoPermission", "NOPERM")
    if any(sign in text for sign in FORBIDDEN):
        return BrokerRefused(f"Redis at {address} does not permit its user {_forbidden(text)}")
    for sign, kind, rest in ANSWERS:
        if sign in text:
            return kind(f"Redis at {address} {rest}")
    if found := WRONG_KEY.search(text):
        return BrokerRefused(
            f"The key {found['key']} in Redis at {address} is a {found['actual']}, and must be a"
            f" {found['wanted']}. {DOCTOR}"
        )
    if any(sign in text for sign in FOREIGN):
        return BrokerRefused(
            f"A key of the jobs in Redis at {address} is damaged ({error}). {DOCTOR}"
        )
    return BrokerRefused(f"Redis at {address} refused a call: {error}")
