"""What a job becomes a member of, and who adds it."""

from __future__ import annotations

from typing import NamedTuple


class Membership(NamedTuple):
    """Of which batch new jobs are members, and who adds them.

    Attributes:
        batch: its id.
        adder: id of the running member that adds them, or "" for the block that opened the batch.
        token: of the adder's claim.
    """

    batch: str
    adder: str = ""
    token: int = 0
