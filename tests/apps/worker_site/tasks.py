"""Tasks whose effects can be counted: each writes lines into the file that WORKER_NOTES names."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import random
import sys
import threading
import time
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone, translation

from django_jobs import Retry, task
from django_jobs.errors import Discard, Fail, RetryLater, TaskTimeout

AT_ONCE = Retry(attempts=3, wait=0, jitter=0)


def write(line: object, name: str = "notes") -> None:
    """Append a line; short ones from several processes never mix."""
    path = Path(os.environ["WORKER_NOTES"]).with_name(name)
    note = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(note, f"{line}\n".encode())
    os.close(note)


def exists(name: str) -> bool:
    """Whether a test has created the file of this name next to the notes."""
    return Path(os.environ["WORKER_NOTES"]).with_name(name).exists()


@task
def note(text: str) -> str:
    write(text)
    return text


@task(takes_context=True)
def note_attempt(context: Any, text: str) -> None:
    write(f"{text} {context.attempt}")


@task(retry=AT_ONCE)
def fail(text: str) -> None:
    write(text)
    raise ValueError(text)


@task
def fail_by_default(text: str) -> None:
    write(text)
    raise ValueError(text)


@task(retry=Retry(attempts=12, wait=0, jitter=0), takes_context=True)
def fail_often(context: Any) -> None:
    raise ValueError(f"attempt {context.attempt}")


@task(retry=Retry(attempts=5, wait=0, jitter=0, on=(KeyError,)))
def fail_otherwise() -> None:
    raise ValueError("not worth another attempt")


@task(takes_context=True)
def come_back(context: Any, kind: str) -> None:
    write(f"{kind} {context.attempt}")
    if context.attempt == 1:
        later: dict[str, Any] = {
            "seconds": 0.01,
            "timedelta": timedelta(milliseconds=10),
            "datetime": timezone.now() + timedelta(milliseconds=10),
        }
        raise RetryLater(later[kind])


@task
def end_with(kind: str) -> None:
    write(kind)
    raise {"discard": Discard, "fail": Fail}[kind]("that is enough")


@task(discard_on=(LookupError,))
def look_up_nothing() -> None:
    raise KeyError("nothing")


@task
def leave() -> None:
    raise SystemExit("no")


@task
def return_text(size: int) -> str:
    return "x" * size


@task
async def return_text_in_loop(size: int) -> str:
    return "x" * size


@task
def return_a_lock() -> Any:
    return threading.Lock()


@task(takes_context=True)
def hold(context: Any, text: str, release: str = "release") -> None:
    """Run until the test releases it."""
    write(f"begin {text} {context.attempt}")
    while not exists(release):
        time.sleep(0.01)
    write(f"end {text} {context.attempt}")


@task
def compute_until_released(text: str) -> None:
    """Keep the interpreter busy until the test releases it."""
    write(f"begin {text}")
    while not exists("release"):
        sum(range(100_000))
    write(f"end {text}")


@task
async def hold_in_loop(text: str) -> None:
    write(f"begin {text}")
    try:
        while not exists("release"):
            await asyncio.sleep(0.01)
        write(f"end {text}")
    finally:
        write(f"finally {text}")


@task(timeout=0.1, retry=Retry(attempts=1))
def loop_for_ever() -> None:
    while True:
        try:
            while True:
                time.sleep(0.001)
        except Exception:
            write("swallowed")


door: SimpleQueue[None] = SimpleQueue()


@task(timeout=1, retry=Retry(attempts=1))
def wait_in_c() -> None:
    """Wait behind the door in one call into C, which nothing can interrupt."""
    door.get(timeout=60)


@task(timeout=0.1, retry=Retry(attempts=1))
async def wait_for_ever() -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        write("cleaned up")


@task(timeout=0.02, retry=Retry(attempts=1))
def end_at_timeout(number: int) -> None:
    """Stop at about the moment of the timeout, a little before or after it."""
    end = time.monotonic() + 0.0192 + number % 9 * 0.0002
    while time.monotonic() < end:
        pass
    write(f"ended {number}")


@task(timeout=0.02, retry=Retry(attempts=1))
async def end_at_timeout_in_loop(number: int) -> None:
    await asyncio.sleep(0.0192 + number % 9 * 0.0002)
    write(f"ended {number}")


@task(retry=Retry(attempts=1))
def count_loops(text: str) -> None:
    """Give the exception of an earlier job's timeout many chances to arrive."""
    try:
        for _ in range(20_000):
            pass
    except TaskTimeout:
        write(f"hit {text}")
    write(f"counted {text}")


crowd: list[asyncio.Future[None]] = []


@task(timeout=30, retry=Retry(attempts=1))
async def wait_for_crowd(size: int) -> None:
    """End when so many of these run at the same time."""
    here = asyncio.get_running_loop().create_future()
    crowd.append(here)
    if len(crowd) == size:
        for each in crowd:
            each.set_result(None)
    await here
    write("met")


@task
def sleep(seconds: float, text: str = "") -> None:
    time.sleep(seconds)
    if text:
        write(f"{text} {os.getpid()}")


kept: list[bytes] = []


@task
def keep_megabytes(number: int) -> None:
    """Take memory, as a leak does over time."""
    kept.append(b"x" * (number * 1024 * 1024))
    write(f"kept {os.getpid()}")


@task
def crash() -> None:
    write("crash")
    os._exit(1)


@task
def leave_a_process_behind() -> int:
    """Fork a process that lives on when the worker has ended; return the worker's process id."""
    if os.fork() == 0:
        while not exists("release"):
            time.sleep(0.01)
        os._exit(0)
    return os.getpid()


def compute_for_ever(started: Event) -> None:
    started.set()
    while True:
        pass


@task
def terminate_a_forked_process(*, at_once: bool) -> int | None:
    """Return the exit code of a process that gets TERM, when it has started or before."""
    forks = multiprocessing.get_context("fork")
    started = forks.Event()
    process = forks.Process(target=compute_for_ever, args=[started])
    process.start()
    try:
        if not at_once:
            started.wait()
        process.terminate()
        process.join(60)
        return process.exitcode
    finally:
        process.kill()
        process.join()


@task
def say_version() -> None:
    """Tell which version of the code that a test has deployed runs here."""
    write(f"version {sys.modules['deployed.tasks'].VERSION}")


@task
def say_random_number() -> float:
    return random.random()


@task
def say_language() -> None:
    write(translation.get_language())


@task
def activate_german() -> None:
    translation.activate("de")
    write(translation.get_language())


@task
async def count_users_in_loop() -> int:
    return await User.objects.acount()


@task
async def name_database_thread() -> None:
    """Tell which connection a coroutine got, in the thread that the ORM uses."""

    def look() -> str:
        connection.ensure_connection()
        return f"{threading.current_thread().name}"

    write(await sync_to_async(look)())


@task
def use_connection() -> None:
    """Tell whether the connection works; leave it closed by the other side's hand."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    write("used")


@task
def began(due: float) -> None:
    """Tell whether it is started before its time."""
    write("early" if time.time() < due else "in time")


@task
async def greet_user_in_loop(user: User) -> None:
    write(user.username)


@task
def break_connection() -> None:
    """Do to the connection what a server does that was restarted."""
    connection.ensure_connection()
    connection.connection.close()
    connection.errors_occurred = True


@task
async def block_in_loop() -> None:
    """Wait for a thread that nobody can interrupt, nor wait for at exit."""
    write("blocked")
    await sync_to_async(time.sleep, thread_sensitive=False)(3600)


@task(timeout=0.1, retry=Retry(attempts=1))
async def end_too_late_unnoticed() -> None:
    """Block the loop until the time is over, and end before anything can be cancelled."""
    time.sleep(0.3)


@task(retry=AT_ONCE)
async def fail_in_loop() -> None:
    raise ValueError("in the loop")


@task
async def note_in_loop(text: str) -> None:
    write(text)


@task(retry=AT_ONCE)
async def stop_loop() -> None:
    asyncio.get_running_loop().stop()


@task(retry=Retry(attempts=1))
async def close_loop() -> None:
    """Close the loop, which takes some force while it runs."""
    loop = asyncio.get_running_loop()
    loop._thread_id = None  # type: ignore[attr-defined]  # noqa: SLF001
    loop.close()


@task(retry=AT_ONCE, takes_context=True)
async def hold_once(context: Any) -> None:
    write(f"begin {context.attempt}")
    if context.attempt == 1:
        await asyncio.sleep(3600)


@task(retry=Retry(attempts=1))
async def let_a_task_exit() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    await asyncio.create_task(leave())


@task(timeout=30)
async def cancel_itself_after_a_query() -> str:
    await User.objects.acount()
    task = asyncio.current_task()
    assert task
    task.cancel()
    return "done"


@task(timeout=30)
async def leave_a_time_limit_behind() -> str:
    """End in a block whose time is over, and which nobody ever leaves."""
    await User.objects.acount()
    limit = asyncio.timeout(0)
    await limit.__aenter__()
    return "done"


@task(retry=Retry(attempts=1))
async def cancel_all() -> str:
    for each in asyncio.all_tasks():
        each.cancel()
    return "done"


class RaisesAsText(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


def exit_instead_of_wait(attempt: int, error: BaseException) -> float:
    raise SystemExit(3)


@task(retry=Retry(attempts=1))
async def raise_what_exits_as_text() -> None:
    raise RaisesAsText


@task(retry=Retry(attempts=1))
def raise_what_exits_as_text_in_a_thread() -> None:
    raise RaisesAsText


ODD_PLACE: Any = ("file", 1, 1, 5)
"""Where an error of syntax is said to be; Python can't format the last part, which is no text."""


@task(retry=Retry(attempts=1))
async def raise_with_an_odd_line() -> None:
    raise SyntaxError("odd", ODD_PLACE)


@task(retry=Retry(attempts=1))
def raise_with_an_odd_line_in_a_thread() -> None:
    raise SyntaxError("odd", ODD_PLACE)


@task(discard_on=(RaisesAsText,))
async def discard_what_exits_as_text() -> None:
    raise RaisesAsText


@task(discard_on=(RaisesAsText,))
def discard_what_exits_as_text_in_a_thread() -> None:
    raise RaisesAsText


@task(retry=Retry(attempts=2, wait=exit_instead_of_wait))
async def fail_with_a_wait_that_exits() -> None:
    raise ValueError


@task(retry=Retry(attempts=2, wait=exit_instead_of_wait))
def fail_with_a_wait_that_exits_in_a_thread() -> None:
    raise ValueError


leaking = logging.getLogger("tests.leaking")


@task(timeout=0.1, retry=Retry(attempts=1))
def time_out_in_a_log_call() -> None:
    leaking.error("This call takes too long.")


@task(retry=Retry(attempts=1))
def run_until_cancelled(name: str) -> None:
    write(f"began {name}")
    try:
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                write("swallowed")
    finally:
        write(f"cleaned up {name}")


@task(retry=Retry(attempts=1))
async def await_until_cancelled(name: str) -> None:
    write(f"began {name}")
    try:
        await asyncio.sleep(3600)
    finally:
        write(f"cleaned up {name}")


@task(timeout=3600, retry=Retry(attempts=1))
def run_limited_until_cancelled(name: str) -> None:
    run_until_cancelled.call(name)


@task(retry=Retry(attempts=5))
async def swallow_cancellation(name: str) -> str:
    write(f"began {name}")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return "done all the same"
    return "never"
