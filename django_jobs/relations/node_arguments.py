"""Finds the nodes among the arguments of a call, and puts references in their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from django_jobs.errors import InvalidWorkflow, UnserializableArgument
from django_jobs.serialization.encode import MAX_DEPTH
from django_jobs.serialization.results import ResultReference, ResultSource
from django_jobs.serialization.room import Room

from .nodes import Node, NodeEnd

TEXTS = (str, bytes, bytearray, memoryview, range)
"""Sequences that hold no nodes."""


def with_references(value: Any, found: dict[str, Node[Any]], room: Room, depth: int = 0) -> Any:
    """Return a value in which each node is a reference to its result.

    Nodes may be items of lists and tuples, and values of dicts. A value without any is returned as
    it is.

    Args:
        found: gets the nodes by their ids.
        room: for what the value takes as JSON.

    Raises:
        InvalidWorkflow: a node stands where its result cannot.
        OutOfRoom: the value is too large.
    """
    match value:
        case Node():
            found[value.id] = value
            return ResultReference(value.id)
        case NodeEnd():
            raise InvalidWorkflow(
                "Workflow.add: .ended of a job is no argument, as it has no value. Give it in"
                " after=[…]."
            )
    if depth > MAX_DEPTH:
        return value  # who encodes it says so
    match value:
        case Mapping():
            _refuse_in(value, "the key of a dict", "a value of the dict")
            members = {
                key: with_references(one, found, room, depth + 1)
                for key, one in room.each(value.items())
            }
            return members if _differ(members.values(), value.values()) else value
        case Set():
            _refuse_in(value, "an item of a set", "an item of a list")
        case Sequence() if not isinstance(value, TEXTS):
            items = [with_references(item, found, room, depth + 1) for item in room.each(value)]
            return items if _differ(items, value) else value
    return value


def with_added_results(value: Any, added: Set[str], room: Room) -> Any:
    """Return the return value of an attempt with references to the results of nodes in it.

    Args:
        added: ids of the nodes that the attempt has added.
        room: for what the value takes as JSON.

    Raises:
        OutOfRoom: the value is too large.
        UnserializableArgument: a node is none of these, or stands where its result cannot.
    """
    found: dict[str, Node[Any]] = {}
    try:
        value = with_references(value, found, room)
    except InvalidWorkflow as error:
        raise UnserializableArgument(f"The return value: {error}") from error
    for node in found.values():
        if node.id not in added:
            raise UnserializableArgument(
                f"The return value holds {node!r}, which this attempt has not added. Return a job"
                " that it has added and enqueued."
            )
    return value


def _differ(items: Iterable[object], others: Iterable[object]) -> bool:
    return any(one is not other for one, other in zip(items, others, strict=True))


def _refuse_in(items: Mapping[Any, Any] | Set[Any], what: str, instead: str) -> None:
    for item in items:
        if isinstance(item, ResultSource):
            raise InvalidWorkflow(
                f"Workflow.add: the result of a job cannot be {what}, as it is not known yet. Make"
                f" it {instead}, and build what the task needs there."
            )
