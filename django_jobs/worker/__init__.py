"""The worker: it reserves jobs, runs them, settles them; the same in a web process and apart."""

from __future__ import annotations
