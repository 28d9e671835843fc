"""The subcommands of `manage.py jobs`."""

from __future__ import annotations

from .base import Subcommand
from .batches import Batches
from .check import Check
from .deployment import Compose, Kubernetes, Procfile, Systemd
from .deploys import MarkDeploy
from .dev import Dev
from .doctor import Doctor
from .import_beat import ImportBeat
from .job_actions import Cancel, Delete, Retry
from .limits import Limits
from .listing import List
from .moving import Move
from .periodic import Periodic
from .queues import Clear, Pause, Queues, Resume
from .show import Show
from .stats import Stats
from .work import Work
from .workers import Quiet, Stop, Workers
from .workflows import Workflows

SUBCOMMANDS: tuple[Subcommand, ...] = (
    Work(),
    Stats(),
    List(),
    Show(),
    Retry(),
    Cancel(),
    Delete(),
    Move(),
    Queues(),
    Pause(),
    Resume(),
    Clear(),
    Batches(),
    Workflows(),
    Limits(),
    Workers(),
    Quiet(),
    Stop(),
    Periodic(),
    ImportBeat(),
    Check(),
    Doctor(),
    MarkDeploy(),
    Dev(),
    Systemd(),
    Procfile(),
    Compose(),
    Kubernetes(),
)
"""In the order in which the help lists them."""
