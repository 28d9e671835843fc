"""What test processes tell each other about their tests."""

from __future__ import annotations

from typing import Any


def sendable(value: Any) -> Any:
    """Return the data of a report with lone surrogates in its texts escaped.

    The processes of xdist send UTF-8, and tests of hostile values log such texts.
    """
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {sendable(key): sendable(one) for key, one in value.items()}
        case list():
            return [sendable(one) for one in value]
        case tuple():
            return tuple(sendable(one) for one in value)
    return value
