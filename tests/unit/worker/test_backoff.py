"""Pauses between attempts to reach a broker grow to a limit."""

from __future__ import annotations

import pytest

from django_jobs.worker.backoff import PAUSES, BrokerBackoff


def test_pauses_grow_to_a_limit_however_long_an_outage_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = BrokerBackoff("do it")
    pauses = [outage.failed(ValueError("no")) for _ in range(3000)]
    outage.over()
    outage.over()
    assert pauses == [*PAUSES, *[PAUSES[-1]] * (3000 - len(PAUSES))]
    assert [record.getMessage() for record in caplog.records] == [
        "Can't do it at the moment, and will keep trying: no",
        "Can do it again, after 3000 failures.",
    ]
