"""What a Redis server has written of the slots of limits, read from its append-only file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class SlotsInFile:
    """All slots that were ever given, in the order in which the server has written them.

    Args:
        directory: of a server with `auto-aof-rewrite-percentage 0`, which keeps each command.
        prefix: of the keys.

    Attributes:
        most_held: how many jobs held the slots of a key at once, at most, by keys.
        starts: when jobs started under a key, in milliseconds, by keys.
    """

    def __init__(self, directory: Path, prefix: str) -> None:
        self.most_held: defaultdict[str, int] = defaultdict(int)
        self.starts: defaultdict[str, list[int]] = defaultdict(list)
        for path in sorted(directory.rglob("*.incr.aof")):
            with path.open("rb") as file:
                for command in commands(file):
                    self._follow(command, prefix)

    def _follow(self, command: list[str], prefix: str) -> None:
        name, key, *values = (*command, "")
        family, _, rest = key.removeprefix(prefix).partition(":")
        match name.upper(), family:
            case "HSET", "h":  # how many jobs hold slots, by values of one limit
                for value, held in zip(values[::2], values[1::2], strict=False):
                    known = self.most_held[f"{rest}:{value}"]
                    self.most_held[f"{rest}:{value}"] = max(known, int(held))
            case "RPUSH", "r":
                self.starts[rest] += [int(value) for value in values if value]

    def shortest_period(self, key: str, starts: int) -> int:
        """Return the shortest time in which more jobs than so many have started."""
        times = self.starts[key]
        return min(
            (last - first for first, last in zip(times, times[starts:], strict=False)),
            default=10**9,
        )


def commands(file: BinaryIO) -> Iterator[list[str]]:
    """Yield the commands of an append-only file up to where it breaks off."""
    while head := file.readline():
        if not head.startswith(b"*"):
            continue  # a comment, such as a time
        words: list[str] = []
        for _ in range(int(head[1:])):
            length = file.readline()
            if not length.endswith(b"\n"):
                return
            words.append(file.read(int(length[1:]) + 2)[:-2].decode(errors="replace"))
        yield words
