"""Runs inside a booted Debian: tries the units, writes what it saw as JSON, and switches off."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

DEADLINE = 180.0
NOTES = Path("/var/lib/shop/notes")
SERVICES = ("shop-web", "shop-worker")
SEVERAL = "shop-several"

seen: dict[str, object] = {}


def sh(command: str) -> str:
    words = ["sh", "-c", command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def show(unit: str, name: str) -> str:
    return sh(f"systemctl show --property={name} --value {unit}")


def log(unit: str, pid: str) -> str:
    """What a process of a unit has logged."""
    return sh(f"journalctl --no-pager --unit {unit} _PID={pid}")


def until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.1)


def is_active(unit: str) -> bool:
    return show(unit, "ActiveState") == "active"


def enqueue(text: str) -> None:
    urllib.request.urlopen(f"http://127.0.0.1:8000/enqueue/{text}/", timeout=60).read()


def notes() -> list[str]:
    return NOTES.read_text().splitlines() if NOTES.exists() else []


def wait_for_note(text: str) -> None:
    until(lambda: text in notes(), f"the job {text}")


def start_at_boot() -> None:
    until(lambda: all(map(is_active, SERVICES)), "the services after the boot")
    seen["status"] = show("shop-worker", "StatusText")
    seen["users"] = sorted({show(unit, "User") for unit in SERVICES})
    enqueue("boot")
    wait_for_note("boot")


def held() -> None:
    """The status counts a job while it runs."""
    enqueue("held")
    wait_for_note("held begins")
    until(lambda: show("shop-worker", "StatusText") == "Jobs running: 1", "a job in the status")
    NOTES.with_name("go on").touch()
    wait_for_note("held")
    until(lambda: show("shop-worker", "StatusText") == "Jobs running: 0", "no job in the status")


def crash() -> None:
    pid = show("shop-worker", "MainPID")
    sh(f"kill -KILL {pid}")
    until(lambda: show("shop-worker", "MainPID") not in ("0", pid), "another process")
    until(lambda: is_active("shop-worker"), "the restart")
    seen["restarts"] = show("shop-worker", "NRestarts")
    enqueue("crash")
    wait_for_note("crash")


def watchdog() -> None:
    """A job that lets no other thread run: the process lives, but makes no progress."""
    sh("mkdir -p /run/systemd/system/shop-worker.service.d")
    drop_in = Path("/run/systemd/system/shop-worker.service.d/soon.conf")
    drop_in.write_text("[Service]\nWatchdogSec=5\n")
    sh("systemctl daemon-reload && systemctl restart shop-worker")
    before = show("shop-worker", "NRestarts")
    enqueue("hang")
    until(lambda: show("shop-worker", "NRestarts") > before, "the watchdog")
    until(
        lambda: "Watchdog timeout" in sh("journalctl --unit shop-worker --no-pager"),
        "a line about the watchdog",
    )
    wait_for_note("hang")  # its second attempt
    drop_in.unlink()
    sh("systemctl daemon-reload && systemctl restart shop-worker")


def reload_and_deploy() -> None:
    pid = show("shop-worker", "MainPID")
    sh("systemctl reload shop-worker")
    until(lambda: "Quiet" in log("shop-worker", pid), "a quiet worker")
    seen["pid after a reload"] = show("shop-worker", "MainPID") == pid
    enqueue("deploy")
    seen["notes of a quiet worker"] = "deploy" in notes()
    seen["deploy user may restart"] = sh(
        "su deploy -s /bin/sh -c 'sudo -n systemctl restart shop-web shop-worker' && echo allowed"
    )
    seen["deploy user may not stop"] = sh(
        "su deploy -s /bin/sh -c 'sudo -n systemctl stop shop-web' || echo refused"
    )
    wait_for_note("deploy")


def stop() -> None:
    until(lambda: all(map(is_active, SERVICES)), "the services after the deploy")
    enqueue("slow")
    wait_for_note("slow begins")
    sh("systemctl stop shop-worker")
    seen["notes after a stop"] = notes()[-1]
    seen["result of a stop"] = show("shop-worker", "Result")


def reload_several() -> None:
    """A reload of processes that a template forks: new ones run the new code, one by one."""
    sh(f"systemctl start {SEVERAL}")
    serving = seen["status of several"] = show(SEVERAL, "StatusText")
    enqueue("release")
    wait_for_note("first release")
    parent = show(SEVERAL, "MainPID")
    old = processes(SEVERAL) - {parent}
    tasks = Path(show(SEVERAL, "WorkingDirectory"), "shop", "tasks.py")
    tasks.write_text(tasks.read_text().replace("first release", "second release"))

    said = []

    def is_over() -> bool:
        said.append((show(SEVERAL, "ActiveState"), show(SEVERAL, "StatusText")))
        return said[-1] == ("active", serving) and not old & processes(SEVERAL)

    # systemctl may wait until the service is ready again, so this does not wait for systemctl.
    sh(f"systemctl reload --no-block {SEVERAL}")
    try:
        until(is_over, "the end of the old processes")
    finally:
        seen["reload of several"] = sorted(set(said))
    seen["the parent stayed"] = show(SEVERAL, "MainPID") == parent
    seen["restarts of several"] = show(SEVERAL, "NRestarts")
    enqueue("release")
    wait_for_note("second release")
    sh(f"systemctl stop {SEVERAL}")
    seen["result of the stop of several"] = show(SEVERAL, "Result")


def processes(unit: str) -> set[str]:
    """The ids of all processes of a unit."""
    group = show(unit, "ControlGroup")
    found = sh(f"cat /sys/fs/cgroup/systemd{group}/cgroup.procs /sys/fs/cgroup{group}/cgroup.procs")
    return {word for word in found.split() if word.isdigit()}


def main() -> None:
    try:
        steps = (start_at_boot, held, crash, watchdog, reload_and_deploy, stop, reload_several)
        for step in steps:
            step()
            seen[step.__name__] = "done"
    except Exception as error:
        seen["error"] = repr(error)
        seen["log"] = sh("journalctl --no-pager -n 300 -u shop-* -u redis-server")
        seen["state"] = sh("systemctl status --no-pager shop-*")
    Path("/seen.json").write_text(json.dumps(seen, indent=1))
    os.sync()
    sh("systemctl poweroff --force")


if __name__ == "__main__":
    main()
