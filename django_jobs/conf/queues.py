"""Queue names with their weights, and the ways to write them."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MAX_WEIGHT = 1000
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)
NAME_RULE = "1 to 100 letters a-z, digits, '-', '_' or '.'"


@dataclass(frozen=True, slots=True)
class QueueWeight:
    """A queue, and how often a worker takes from it in proportion to the others."""

    name: str
    weight: int = 1


def check_queue_name(name: object) -> str:
    """Return a queue's name if it is a valid one.

    Raises:
        ValueError: a sentence that says what is allowed.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"the queue name {reprlib.repr(name)} is not allowed: use {NAME_RULE}.")
    return name


def parse_queue(text: str) -> QueueWeight:
    """Return the queue that `NAME` or `NAME:WEIGHT` describes; the default weight is 1.

    Raises:
        ValueError: a sentence that says what is allowed.
    """
    name, colon, weight = text.strip().partition(":")
    return _queue(name.strip(), _number(weight.strip()) if colon else 1)


def parse_queues(text: str) -> tuple[QueueWeight, ...]:
    """Return the queues of a line such as `critical:100,default:50,low`.

    Raises:
        ValueError: a sentence that says which queue is wrong and what is allowed.
    """
    return _without_duplicates(parse_queue(part) for part in text.split(","))


def queue_weights(value: object) -> tuple[QueueWeight, ...]:
    """Return the queues of an option in any of its notations.

    Args:
        value: a line as for `parse_queues`, a mapping of names to weights, or a sequence whose
            items are `NAME`, `NAME:WEIGHT`, pairs of name and weight, or `QueueWeight`.

    Raises:
        ValueError: a sentence that says which queue is wrong and what is allowed.
    """
    if isinstance(value, str):
        return parse_queues(value)
    if isinstance(value, Mapping):
        return _without_duplicates(_queue(*item) for item in value.items())
    if isinstance(value, Sequence):
        return _without_duplicates(map(_from_item, value))
    raise ValueError(
        "give 'NAME:WEIGHT,NAME:WEIGHT', a mapping of names to weights, or a sequence of pairs,"
        f" not {reprlib.repr(value)}."
    )


def _from_item(item: object) -> QueueWeight:
    match item:
        case QueueWeight(name, weight) | (name, weight):
            return _queue(name, weight)
        case str():
            return parse_queue(item)
    raise ValueError(
        f"{reprlib.repr(item)} is not a queue: give NAME, NAME:WEIGHT or a pair of both."
    )


def _queue(name: object, weight: object) -> QueueWeight:
    checked = check_queue_name(name)
    if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= MAX_WEIGHT:
        raise ValueError(
            f"the weight of queue {checked!r} must be a whole number from 1 to {MAX_WEIGHT},"
            f" not {reprlib.repr(weight)}."
        )
    return QueueWeight(checked, weight)


def _number(text: str) -> int | str:
    """Return a text as a whole number, or unchanged for the error message."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _without_duplicates(queues: Iterable[QueueWeight]) -> tuple[QueueWeight, ...]:
    seen: dict[str, QueueWeight] = {}
    for queue in queues:
        if queue.name in seen:
            raise ValueError(f"queue {queue.name!r} is named twice: name it once.")
        seen[queue.name] = queue
    return tuple(seen.values())
