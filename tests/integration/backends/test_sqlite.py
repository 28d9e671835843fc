"""Jobs that write to SQLite at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

DEADLINE = 150.0
PROGRAM = "import django; django.setup(); from tests.apps.sqlite_site.writers import main; main()"


def count_twice(directory: Path, **options: Any) -> Any:
    """Return what the number has become, and the errors, in jobs and in receivers."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.apps.sqlite_site.settings",
            "SQLITE_FILE": str(directory / "db.sqlite3"),
            "SQLITE_OPTIONS": json.dumps({"timeout": 60} | options),
        },
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_writers_that_read_first_lock_each_other_out_by_default(tmp_path: Path) -> None:
    """However long the timeout is: SQLite sees that neither could ever go on."""
    locked = {"value": 1, "errors": ["database is locked"]}
    assert count_twice(tmp_path) == {"jobs": locked, "receivers": locked}


def test_writers_wait_for_each_other_in_immediate_transactions(tmp_path: Path) -> None:
    counted = {"value": 2, "errors": []}
    immediate = count_twice(tmp_path, transaction_mode="IMMEDIATE")
    assert immediate == {"jobs": counted, "receivers": counted}
