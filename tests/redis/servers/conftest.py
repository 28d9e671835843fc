"""Workers with a real Redis."""

from __future__ import annotations

from tests.support.worker_fixtures import (  # noqa: F401 (fixtures)
    backend,
    configure,
    no_thread_dies_unheard,
    notes,
    site,
)
