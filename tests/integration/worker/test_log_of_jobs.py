"""The lines that a job's own code logs: with the job, and as JSON where that is wanted."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError

from django_jobs.backends import RedisBackend, prepare_process
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.logs.fields import JOB_LOGGER
from tests.apps.worker_site import logging_tasks, tasks
from tests.support.workers import Site

QUIETLY = ("--burst", "--skip-checks")  # Django prints what it finds as text
JSON = (*QUIETLY, "--log-format", "json", "--log-level", "info")
SITES_OWN = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"job": {"()": "django_jobs.logs.JobFields"}},
    "formatters": {"own": {"format": "%(levelname)s own %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "own"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}


class Keeping(logging.Handler):
    """A handler that keeps its records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def parsed(said: str) -> list[dict[str, Any]]:
    """Return the lines of a log, each of which has to be a JSON object."""
    return [json.loads(line) for line in said.splitlines()]


def test_each_line_of_a_job_has_the_job_wherever_its_code_runs(site: Site) -> None:
    function = logging_tasks.log_from_function.using(queue_name="low").enqueue()
    coroutine = logging_tasks.log_from_coroutine.enqueue()

    worker = site.start(*JSON, ready=False)
    assert worker.end() == 0, worker.said

    lines = [line for line in parsed(worker.said) if line["logger"] == "shop.stock"]
    texts = {line["message"]: line for line in lines}
    assert set(texts) == {
        *("from the function", "from a thread", "from the coroutine", "from an asyncio task"),
        *("from to_thread", "from sync_to_async"),
    }
    for text, line in texts.items():
        is_first = text in {"from the function", "from a thread"}
        result, queue = (function, "low") if is_first else (coroutine, "default")
        assert line["job_id"] == result.id
        assert line["task"] == result.task.module_path
        assert line["queue"] == queue
        assert line["attempt"] == 1
        assert line["backend"] == "default"
        assert line["worker"]
        assert line["level"] == "INFO"
        assert line["process"] == worker.process.pid
        assert "extra" not in line


def test_every_line_of_a_worker_is_one_json_object(site: Site) -> None:
    failed = logging_tasks.log_and_fail.enqueue()
    logging_tasks.log_hostile_values.enqueue()
    tasks.note.enqueue("fine")

    worker = site.start(*JSON, WORKER_LOGGING=json.dumps(SITES_OWN), ready=False)
    assert worker.end() == 0, worker.said

    lines = parsed(worker.said)
    assert {"time", "level", "logger", "message", "process", "thread"} <= set.intersection(
        *(set(line) for line in lines)
    )
    (end,) = (line for line in lines if line.get("state") == "dead")
    assert end["logger"] == JOB_LOGGER
    assert end["level"] == "ERROR"
    assert end["job_id"] == failed.id
    assert end["exception"] == "builtins.ValueError"
    assert end["duration"] >= 0
    assert end["traceback"].endswith("ValueError: no luck")
    assert end["worker"]
    assert end["backend"] == "default"
    (caught,) = (line for line in lines if line["message"] == "caught")
    assert "KeyError: 'stock'" in caught["traceback"]
    assert caught["job_id"] == failed.id
    (warning,) = (line for line in lines if line["logger"] == "py.warnings")
    assert warning["job_id"] == failed.id
    assert sum(line["logger"] == "shop.stock" for line in lines) == 7
    assert lines[0]["message"].startswith("TASKS['default'] is RedisBackend ")
    greeting = lines[1]
    assert greeting["message"].startswith("Worker ")
    assert greeting["logger"] == "django_jobs"
    assert greeting["worker"] == end["worker"]


def test_extra_of_the_sites_own_stands_apart_and_never_hides_the_job(site: Site) -> None:
    result = logging_tasks.log_with_extra.enqueue()

    worker = site.start(*JSON, ready=False)
    assert worker.end() == 0, worker.said

    (line,) = (line for line in parsed(worker.said) if line["message"] == "with extra")
    assert line["job_id"] == result.id
    assert line["task"] == result.task.module_path
    assert line["extra"] == {"task": "mine", "job_id": "mine", "order": {"id": 7}}


def test_as_text_the_lines_of_a_job_begin_with_its_task_and_id(site: Site) -> None:
    result = logging_tasks.log_from_function.enqueue()

    worker = site.start("--burst", "--log-level", "INFO")
    assert worker.end() == 0

    job = f"[{result.task.module_path} {result.id} default]"
    assert f"INFO {job} from the function\n" in worker.said
    assert f"INFO {job} from a thread\n" in worker.said


def test_formats_and_filters_of_the_sites_own_get_the_fields(site: Site) -> None:
    result = logging_tasks.log_from_function.enqueue()
    own = json.loads(json.dumps(SITES_OWN))
    own["formatters"]["own"] = {
        "()": "logging.Formatter",
        "fmt": "%(message)s | %(job_id)s %(task)s %(queue)s %(worker)s",
        "defaults": {"job_id": "-", "task": "-", "queue": "-", "worker": "-"},
    }

    worker = site.start("--burst", WORKER_LOGGING=json.dumps(own))
    assert worker.end() == 0

    (line,) = (one for one in worker.said.splitlines() if one.startswith("from the function"))
    _, fields = line.split(" | ")
    assert fields.split()[:3] == [result.id, result.task.module_path, "default"]


def test_the_fields_can_be_turned_off(site: Site) -> None:
    logging_tasks.log_from_function.enqueue()
    site.options["log_job_fields"] = False
    own = json.loads(json.dumps(SITES_OWN))
    own["formatters"]["own"] = {
        "()": "logging.Formatter",
        "fmt": "%(message)s | %(job_id)s",
        "defaults": {"job_id": "-"},
    }

    worker = site.start("--burst", WORKER_LOGGING=json.dumps(own))
    assert worker.end() == 0
    assert "from the function | -\n" in worker.said


def test_a_line_is_written_once_although_django_shows_it_in_debug(site: Site) -> None:
    note = tasks.note.enqueue("fine")

    worker = site.start("--burst", "--log-level", "INFO", WORKER_DEBUG="1")
    assert worker.end() == 0

    assert worker.said.count(f"{note.id} path={tasks.note.module_path} state=SUCCESSFUL") == 1


def test_an_inline_job_has_its_fields_too(settings: Any) -> None:
    handler = Keeping()
    logger = logging.getLogger("shop.stock")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    settings.TASKS = {"default": {"BACKEND": "django_jobs.backends.InlineBackend"}}
    try:
        prepare_process()
        result = logging_tasks.log_from_function.enqueue()
        logger.info("outside")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)

    assert [getattr(one, "job_id", None) for one in handler.records] == [result.id, result.id, None]


def test_a_wrong_format_or_level_is_refused() -> None:
    with pytest.raises(CommandError, match=r"give 'text' or 'json', not 'yaml'\."):
        call_command("runworker", "--log-format", "yaml")
    levels = r"give DEBUG, INFO, WARNING, ERROR or CRITICAL, not 'loud'\."
    with pytest.raises(CommandError, match=levels):
        call_command("runworker", "--log-level", "loud")
    with pytest.raises(ImproperlyConfigured, match="log_format"):
        RedisOptions.from_dict("default", {"log_format": "yaml"})
    assert RedisOptions.from_dict("default", {"log_level": "debug"}).log_level == "DEBUG"


def test_the_format_comes_from_the_settings_too(site: Site, backend: RedisBackend) -> None:
    site.options["log_format"] = "json"

    worker = site.start(*QUIETLY, ready=False)
    assert worker.end() == 0, worker.said

    assert parsed(worker.said)
