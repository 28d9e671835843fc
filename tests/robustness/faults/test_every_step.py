"""Whatever goes wrong at whatever call of a path, nothing is lost and nothing happens twice."""

from __future__ import annotations

import os

import pytest

from tests.robustness.faults.added_paths import ADDED_PATHS
from tests.robustness.faults.batch_paths import BATCH_PATHS
from tests.robustness.faults.every_point import try_every_point
from tests.robustness.faults.faulty_connection import FAULTS
from tests.robustness.faults.job_paths import JOB_PATHS, claim, push
from tests.robustness.faults.limit_paths import LIMIT_PATHS
from tests.robustness.faults.loss_paths import LOSS_PATHS
from tests.robustness.faults.maintenance_paths import CARE_PATHS
from tests.robustness.faults.moving_paths import MOVING_PATHS
from tests.robustness.faults.path import Path
from tests.robustness.faults.relation_paths import RELATION_PATHS
from tests.robustness.faults.repair_paths import REPAIR_PATHS
from tests.robustness.faults.shared_server import SharedServer
from tests.robustness.faults.tick_paths import TICK_PATHS
from tests.robustness.faults.unique_paths import UNIQUE_PATHS
from tests.robustness.faults.workflow_paths import WORKFLOW_PATHS

EVERY_PATH = (
    *(*JOB_PATHS, *UNIQUE_PATHS, *LIMIT_PATHS, *TICK_PATHS, *LOSS_PATHS),
    *(*BATCH_PATHS, *WORKFLOW_PATHS, *ADDED_PATHS, *RELATION_PATHS),
    *(*CARE_PATHS, *MOVING_PATHS, *REPAIR_PATHS),
)
COLD_PATHS = EVERY_PATH if int(os.environ.get("CHAOS_SCALE", "1")) > 1 else (push, claim)
"""Paths that begin without connection and scripts; by default those with which a process begins."""


@pytest.mark.parametrize("path", EVERY_PATH, ids=lambda path: path.__name__)
def test_every_point_of_a_path_is_survived(path: Path, server: SharedServer) -> None:
    _survives(path, server, cold=False)


@pytest.mark.parametrize("path", COLD_PATHS, ids=lambda path: path.__name__)
def test_every_point_of_a_first_call_is_survived(path: Path, server: SharedServer) -> None:
    """With those of connecting, and of loading the script."""
    _survives(path, server, cold=True)


def _survives(path: Path, server: SharedServer, *, cold: bool) -> None:
    report = try_every_point(path, server, cold=cold)
    print(f"{report.calls} calls, {report.points} points, {report.again} jobs ran again")
    assert report.points == report.calls * len(FAULTS) > 0
    assert report.wrong == (), "\n".join(report.wrong)
