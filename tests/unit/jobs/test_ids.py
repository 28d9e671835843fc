"""No two jobs have the same id, wherever they are enqueued."""

from __future__ import annotations

import re

from django_jobs.jobs.ids import new_job_id, new_job_ids
from tests.support.threads import in_threads


def test_an_id_is_24_hexadecimal_digits() -> None:
    assert re.fullmatch("[0-9a-f]{24}", new_job_id())
    assert new_job_ids(0) == []


def test_threads_get_ids_of_their_own() -> None:
    ids: list[str] = []

    def draw(_: int) -> None:
        for number in (1, 2, 1, 100) * 100:
            ids.extend(new_job_ids(number))

    in_threads(8, draw)
    assert len(set(ids)) == len(ids) == 8 * 104 * 100
