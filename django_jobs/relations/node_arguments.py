"""Finds the nodes among the arguments of a call, and puts references in their places."""

from __future__ import annotations

from typing import Any, TypeVar

from django_jobs.serialization.encode import MAX_DEPTH
from django_jobs.serialization.results import ResultReference

from .nodes import Node

T = TypeVar("T")


def with_references(value: Any, found: dict[str, Node[Any]], depth: int = 0) -> Any:
    """Return a value in which each node is a reference to its result.

    Nodes may be items of lists and tuples, and values of dicts.

    Args:
        found: gets the nodes by their ids.
    """
    if isinstance(value, Node):
        found[value.id] = value
        return ResultReference(value.id)
    if depth > MAX_DEPTH:
        return value  # who encodes it says so
    if type(value) in (list, tuple):
        return [with_references(item, found, depth + 1) for item in value]
    if type(value) is dict:
        return {key: with_references(item, found, depth + 1) for key, item in value.items()}
    return value
