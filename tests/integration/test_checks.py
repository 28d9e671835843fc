"""What `manage.py check` says about jobs."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import django
import pytest
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from django_jobs.backends import our_backend, prepare_process
from django_jobs.checks.databases import needed_connections
from django_jobs.conf import tasks_from_env
from django_jobs.periodic_tasks.registry import isolated_registry, periodic
from django_jobs.tasks.registry import import_task_modules
from tests.apps.registered.tasks import greet
from tests.support.driver import Driver
from tests.support.paths import ROOT
from tests.support.ports import HOST, free_port
from tests.support.postgres_server import PostgresServer, is_installed
from tests.support.redis_server import RedisServer

SINCE_6 = django.VERSION >= (6, 0)
BACKPORT = [] if SINCE_6 else ["django_tasks"]
DJANGO_S_OWN = f"{'django.tasks' if SINCE_6 else 'django_tasks'}.backends.dummy.DummyBackend"
LATER_MAIL = "django_jobs.mail.LaterEmailBackend"

StartServer = Callable[..., RedisServer]


@pytest.fixture(autouse=True)
def _no_periodic_tasks() -> Iterator[None]:
    import_task_modules()  # now, as what is registered while the registry is isolated is forgotten
    with isolated_registry():
        yield


def tasks_on(backend: str, **options: Any) -> override_settings:
    return override_settings(TASKS={"default": {"BACKEND": backend, "OPTIONS": options}})


def on_threads() -> override_settings:
    return tasks_on("django_jobs.backends.ThreadPoolBackend")


def on_redis(url: str) -> override_settings:
    return tasks_on("django_jobs.backends.RedisBackend", url=url)


def with_apps(*names: str) -> override_settings:
    return override_settings(INSTALLED_APPS=["django.contrib.contenttypes", *names])


def found(check_id: str, *, deploy: bool = False) -> list[CheckMessage]:
    messages = run_checks(tags=["django_jobs"], include_deployment_checks=deploy)
    return [message for message in messages if message.id == f"django_jobs.{check_id}"]


# --- jobs that a restart forgets ---------------------------------------------------------------


def test_in_production_jobs_in_memory_are_worth_a_warning() -> None:
    with on_threads():
        (message,) = found("W001", deploy=True)
    assert message.msg.startswith("The jobs of TASKS['default'] do not outlive the process")
    assert "JOB_BACKEND=redis" in (message.hint or "")


def test_in_development_jobs_in_memory_are_as_they_should_be() -> None:
    with on_threads(), override_settings(DEBUG=True):
        assert not found("W001", deploy=True)
    with on_threads():
        assert not found("W001")


def test_jobs_in_redis_outlive_the_process(redis_url: str) -> None:
    with on_redis(redis_url):
        assert not found("W001", deploy=True)


def test_a_backend_of_another_package_is_not_judged() -> None:
    with tasks_on(DJANGO_S_OWN):
        assert not found("W001", deploy=True)


# --- periodic tasks ----------------------------------------------------------------------------


def test_periodic_tasks_on_a_backend_that_forgets_are_named() -> None:
    periodic("0 8 * * *")(greet)
    periodic("0 9 * * *", name="second greeting")(greet)
    with on_threads():
        (message,) = found("W002")
    assert "TASKS['default'], which is not persistent: second greeting, tests." in message.msg
    assert "tests.apps.registered.tasks.greet" in message.msg


def test_periodic_tasks_run_on_a_persistent_backend(redis_url: str) -> None:
    periodic("0 8 * * *")(greet)
    with on_redis(redis_url):
        assert not found("W002")


def test_without_periodic_tasks_there_is_nothing_to_say() -> None:
    with on_threads():
        assert not found("W002")


def test_the_package_s_own_periodic_tasks_are_left_to_their_own_checks() -> None:
    from django_jobs.recap.tasks import enqueue_due_recaps

    periodic("0 * * * *")(enqueue_due_recaps)
    with on_threads():
        assert not found("W002")


def test_a_cron_line_that_never_comes_true_is_an_error() -> None:
    with with_apps(*BACKPORT, "django_jobs", "tests.apps.misdeclared"):
        (message,) = found("E001")
    assert "tests.apps.misdeclared.tasks.celebrate" in message.msg


# --- the other runworker -----------------------------------------------------------------------


def test_a_backoff_that_is_not_there_is_an_error() -> None:
    threads = "django_jobs.backends.ThreadPoolBackend"
    for backoff, problem in (
        ("tests.integration.test_checks.no_such_function", "no_such_function"),
        ("tests.integration.test_checks.SINCE_6", "is not a function"),
    ):
        with override_settings(TASKS={"default": {"BACKEND": threads, "BACKOFF": backoff}}):
            (message,) = found("E002")
        assert message.msg.startswith("TASKS['default']['BACKOFF']: ")
        assert problem in message.msg
    with override_settings(TASKS={"default": {"BACKEND": threads, "BACKOFF": f"{__name__}.found"}}):
        assert not found("E002")


def test_an_earlier_app_with_a_runworker_of_its_own_is_named() -> None:
    with with_apps(*BACKPORT, "tests.apps.rival", "django_jobs"):
        (message,) = found("W003")
    assert "the command of 'tests.apps.rival', which comes before 'django_jobs'" in message.msg
    assert "manage.py jobs work" in (message.hint or "")


def test_a_later_app_with_a_runworker_of_its_own_does_not_matter() -> None:
    with with_apps(*BACKPORT, "django_jobs", "tests.apps.rival"):
        assert not found("W003")


# --- the setting -------------------------------------------------------------------------------


def test_an_installed_app_without_a_backend_of_its_own_is_reported() -> None:
    with tasks_on(DJANGO_S_OWN):
        (message,) = found("W016")
    assert "TASKS = tasks_from_env()" in (message.hint or "")
    with on_threads():
        assert not found("W016")


def test_a_backend_without_the_app_tells_django_s_own_check() -> None:
    with on_threads():
        backend = our_backend("default")
        assert backend is not None
        assert not backend.check()
        with with_apps(*BACKPORT):
            (message,) = backend.check()
    assert message.id == "django_jobs.W017"
    assert message.msg.startswith("TASKS['default'] is a backend of django_jobs, but 'django_jobs'")
    assert "Add 'django_jobs' to INSTALLED_APPS" in (message.hint or "")


def test_a_site_that_runs_no_checks_hears_of_it_with_its_first_job(
    caplog: pytest.LogCaptureFixture, redis_url: str
) -> None:
    for tasks in (on_threads(), on_redis(redis_url)):
        with tasks, with_apps(*BACKPORT):
            greet.enqueue()
            greet.enqueue()
            assert caplog.text.count("'django_jobs' is not in INSTALLED_APPS") == 1
        caplog.clear()


def test_a_setting_that_is_no_dictionary_is_refused_when_the_site_starts() -> None:
    with (
        override_settings(TASKS=tasks_from_env),
        pytest.raises(ImproperlyConfigured, match=r"call the function: TASKS = tasks_from_env\(\)"),
    ):
        prepare_process()


# --- the backport ------------------------------------------------------------------------------


def test_only_django_5_2_needs_the_app_of_the_backport() -> None:
    with with_apps("django_jobs"):
        messages = found("W004")
    assert [message.hint for message in messages] == (
        []
        if SINCE_6
        else ["Add 'django_tasks' to INSTALLED_APPS; Django 6.0 and newer need no app for it."]
    )


def test_with_the_app_of_the_backport_there_is_nothing_to_say() -> None:
    with with_apps("django_tasks", "django_jobs") if BACKPORT else with_apps("django_jobs"):
        assert not found("W004")


# --- Redis -------------------------------------------------------------------------------------


def test_redis_that_throws_keys_away_is_reported(redis_server_factory: StartServer) -> None:
    server = redis_server_factory("maxmemory 100mb", "maxmemory-policy allkeys-lru")
    with on_redis(server.url):
        (message,) = found("W005", deploy=True)
    assert message.msg.startswith("TASKS['default']: ")
    assert "allkeys-lru" in message.msg


def test_redis_that_throws_away_keys_that_expire_is_reported(
    redis_server_factory: StartServer,
) -> None:
    server = redis_server_factory("maxmemory 100mb", "maxmemory-policy volatile-lru")
    with on_redis(server.url):
        (message,) = found("W005", deploy=True)
    assert "volatile-lru). No job is one of them, but metrics and marks" in message.msg


def test_redis_that_keeps_nothing_on_disk_is_reported(redis_server_factory: StartServer) -> None:
    server = redis_server_factory("appendonly no", "save ''")
    with on_redis(server.url):
        (message,) = found("W005", deploy=True)
    assert "appendonly yes" in message.msg


def test_redis_that_keeps_snapshots_only_is_reported(redis_server_factory: StartServer) -> None:
    server = redis_server_factory("appendonly no", "save 3600 1 300 100 60 10000")
    with on_redis(server.url):
        (message,) = found("W005", deploy=True)
    assert "Its crash loses every job that was enqueued after the last one" in message.msg


def test_redis_that_does_not_answer_is_reported_without_its_password() -> None:
    with on_redis(f"redis://:hunter2@127.0.0.1:{free_port()}/0"):
        (message,) = found("W005", deploy=True)
    assert "127.0.0.1" in message.msg
    assert "hunter2" not in message.msg


def test_redis_that_is_set_up_well_is_not_mentioned(redis_url: str) -> None:
    with on_redis(redis_url):
        assert not found("W005", deploy=True)


def test_redis_is_not_asked_outside_of_deployment_checks() -> None:
    with on_redis(f"redis://127.0.0.1:{free_port()}/0"):
        assert not found("W005")


def test_checks_of_every_day_connect_to_nothing(postgres: Postgres) -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        postgres.change(HOST=HOST, PORT=port)
        import_module(settings.ROOT_URLCONF)  # declares tasks, for queues that on_redis has not
        with on_redis(f"redis://{HOST}:{port}/0"):
            run_checks()
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_lease_that_one_slow_heartbeat_can_cost_is_worth_a_warning() -> None:
    backend, url = "django_jobs.backends.RedisBackend", f"redis://127.0.0.1:{free_port()}/0"
    with tasks_on(backend, url=url, lease=6, socket_timeout=5):
        (message,) = found("W009", deploy=True)
        assert not found("W009")
    assert "a lease of 6 s" in message.msg
    assert "Set lease to 6.66667 or more" in (message.hint or "")
    with tasks_on(backend, url=url):
        assert not found("W009", deploy=True)


# --- mail --------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The EMAIL_BACKEND setting is deprecated")
def test_mail_that_is_sent_later_from_memory_is_worth_a_warning() -> None:
    with on_threads(), override_settings(EMAIL_BACKEND=LATER_MAIL):
        assert found("W006", deploy=True)


@pytest.mark.filterwarnings("ignore:The EMAIL_BACKEND setting is deprecated")
def test_mail_that_is_sent_later_from_redis_is_safe(redis_url: str) -> None:
    with on_redis(redis_url), override_settings(EMAIL_BACKEND=LATER_MAIL):
        assert not found("W006", deploy=True)


def test_mail_that_is_sent_at_once_is_not_mentioned() -> None:
    with on_threads():
        assert not found("W006", deploy=True)


def test_django_6_1_s_mailers_are_looked_at_too() -> None:
    mailers = {"default": {"BACKEND": LATER_MAIL}, "bulk": {}}
    with on_threads(), override_settings(MAILERS=mailers):
        assert found("W006", deploy=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "MAILERS['default']: OPTIONS must define 'using'"),
        ({"using": "smpt"}, "MAILERS has no mailer 'smpt'. It has: 'default', 'smtp'."),
        ({"using": "default"}, "which itself sends later"),
        ({"using": "smtp", "host": "mail.example.com"}, "host"),
    ],
)
def test_a_mailer_that_could_not_send_is_an_error(options: dict[str, str], said: str) -> None:
    smtp = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}
    mailers = {"default": {"BACKEND": LATER_MAIL, "OPTIONS": options}, "smtp": smtp}
    with on_threads(), override_settings(MAILERS=mailers):
        (message,) = found("E003")
    assert message.is_serious()
    assert said in message.msg


def test_a_mailer_with_another_one_behind_it_can_send() -> None:
    later = {"BACKEND": LATER_MAIL, "OPTIONS": {"using": "smtp"}}
    mailers = {"default": later, "smtp": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}
    with on_threads(), override_settings(MAILERS=mailers):
        assert found("E003") == []


@pytest.mark.filterwarnings("ignore:The EMAIL_BACKEND setting is deprecated")
@pytest.mark.parametrize("behind", [LATER_MAIL, "mysite.mail.EmailBackend"])
def test_an_email_backend_that_could_not_send_is_an_error(behind: str) -> None:
    with on_threads(), override_settings(EMAIL_BACKEND=LATER_MAIL, JOB_EMAIL_BACKEND=behind):
        (message,) = found("E003")
    assert message.msg.startswith("JOB_EMAIL_BACKEND")


@pytest.mark.filterwarnings("ignore:The EMAIL_BACKEND setting is deprecated")
def test_large_attachments_without_a_place_are_worth_a_warning(tmp_path: Path) -> None:
    with on_threads(), override_settings(EMAIL_BACKEND=LATER_MAIL, MEDIA_ROOT=""):
        [message] = found("W008", deploy=True)
        assert "MEDIA_ROOT is not set" in message.msg
    with on_threads(), override_settings(EMAIL_BACKEND=LATER_MAIL, MEDIA_ROOT=str(tmp_path)):
        assert not found("W008", deploy=True)
    with on_threads(), override_settings(MEDIA_ROOT=str(tmp_path), JOB_EMAIL_STORAGE="privat"):
        [message] = found("W008", deploy=True)
        assert "JOB_EMAIL_STORAGE names the storage 'privat'" in message.msg


# --- SQLite ------------------------------------------------------------------------------------


@pytest.fixture
def new_project_s_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default database as `startproject` writes it; the check looks at it without opening."""
    monkeypatch.setitem(connections["default"].settings_dict, "OPTIONS", {})


@pytest.mark.usefixtures("new_project_s_database")
def test_threads_that_write_to_sqlite_are_worth_a_warning(redis_url: str) -> None:
    with on_threads():
        (message,) = found("W007")
    assert "DATABASES['default'] is SQLite" in message.msg
    assert "database is locked" in message.msg
    assert '"transaction_mode": "IMMEDIATE"' in (message.hint or "")
    with on_redis(redis_url):
        assert found("W007")


@pytest.mark.usefixtures("new_project_s_database")
def test_jobs_that_run_in_the_caller_do_not_lock_it_out() -> None:
    with tasks_on("django_jobs.backends.InlineBackend"):
        assert not found("W007")


@pytest.mark.parametrize("mode", ["IMMEDIATE", "exclusive"])
def test_sqlite_that_lets_writers_wait_is_not_mentioned(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "transaction_mode", mode)
    with on_threads():
        assert not found("W007")


# --- connections to databases ------------------------------------------------------------------

THREADS = "django_jobs.backends.ThreadPoolBackend"
REDIS = "django_jobs.backends.RedisBackend"


class Postgres(NamedTuple):
    """A database that no check of the settings connects to."""

    settings: dict[str, Any]

    def change(self, **settings: Any) -> None:
        self.settings.update(settings)


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """The settings of one more database, in PostgreSQL."""
    with another_database({"ENGINE": "django.db.backends.postgresql", "NAME": "x"}) as wrapper:
        yield Postgres(wrapper.settings_dict)


@contextmanager
def another_database(settings: dict[str, Any]) -> Iterator[BaseDatabaseWrapper]:
    """Add the database "remote" to the settings."""
    before = connections.settings
    connections.settings = connections.configure_settings({**before, "remote": settings})
    try:
        yield connections["remote"]
    finally:
        connections["remote"].settings_dict["OPTIONS"] = {}  # no pool, which close() would make
        connections["remote"].close()
        del connections["remote"]
        connections.settings = before


@pytest.mark.parametrize(
    ("pool", "size"),
    [(True, 4), ({"min_size": 2}, 2), ({"max_size": 9}, 9), ({"min_size": 1, "max_size": 3}, 3)],
)
def test_a_pool_with_fewer_connections_than_threads_is_worth_a_warning(
    postgres: Postgres, pool: object, size: int
) -> None:
    postgres.change(OPTIONS={"pool": pool})
    with tasks_on(REDIS):  # with 10 threads
        (message,) = found("W010")
    assert f"DATABASES['remote'] has {size} connections in each process" in message.msg
    assert "a worker of TASKS['default'] 10 threads" in message.msg
    assert '["pool"] = {"max_size": 10}' in (message.hint or "")


@pytest.mark.parametrize("pool", [None, False, {"max_size": 5}, {"min_size": 8}])
def test_a_pool_that_is_large_enough_is_not_mentioned(postgres: Postgres, pool: object) -> None:
    postgres.change(OPTIONS={"pool": pool})
    with tasks_on(THREADS):  # with 5 threads
        assert not found("W010")


def test_jobs_that_run_in_the_caller_need_no_pool(postgres: Postgres) -> None:
    postgres.change(OPTIONS={"pool": True})
    with tasks_on("django_jobs.backends.InlineBackend"):
        assert not found("W010")


def test_a_connection_for_each_job_is_worth_a_warning(postgres: Postgres) -> None:
    with tasks_on(THREADS):
        (message,) = found("W012", deploy=True)
        assert not found("W012")
    assert "DATABASES['remote'], as CONN_MAX_AGE is 0" in message.msg
    assert '"CONN_MAX_AGE": 60' in (message.hint or "")


@pytest.mark.parametrize("change", [{"CONN_MAX_AGE": 60}, {"OPTIONS": {"pool": True}}])
def test_connections_that_are_kept_are_not_mentioned(
    postgres: Postgres, change: dict[str, Any]
) -> None:
    postgres.change(**change)
    with tasks_on(THREADS):
        assert not found("W012", deploy=True)


@pytest.mark.parametrize("age", [60, None])
def test_kept_connections_that_nobody_checks_are_worth_a_warning(
    postgres: Postgres, age: int | None
) -> None:
    postgres.change(CONN_MAX_AGE=age)
    with tasks_on(THREADS):
        (message,) = found("W013", deploy=True)
        assert "DATABASES['remote'] keeps connections without checking them" in message.msg
        postgres.change(CONN_HEALTH_CHECKS=True)
        assert not found("W013", deploy=True)
        postgres.change(CONN_MAX_AGE=0, CONN_HEALTH_CHECKS=False)
        assert not found("W013", deploy=True)


def of_database(alias: str = "remote") -> list[CheckMessage]:
    messages = run_checks(tags=["database"], databases=[alias])
    return [message for message in messages if message.id == "django_jobs.W011"]


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    if not is_installed():
        pytest.skip("PostgreSQL is not installed")
    server = PostgresServer()
    server.start()
    yield server
    server.stop()


def test_threads_are_counted_against_the_limits_of_a_real_postgresql(
    postgres_server: PostgresServer, django_db_blocker: DjangoDbBlocker
) -> None:
    remote = another_database(postgres_server.database)
    with django_db_blocker.unblock(), remote as connection:
        # It accepts 100, of which 3 are reserved for superusers.
        with tasks_on(REDIS, processes=9, concurrency=10):
            assert not of_database()
        with tasks_on(REDIS, processes=10, concurrency=10):
            (message,) = of_database()
        assert "open up to 100 (10 processes with 10 each) connections" in message.msg
        assert "DATABASES['remote'], which accepts 97." in message.msg
        assert "lower JOB_PROCESSES or JOB_CONCURRENCY" in (message.hint or "")
        with connection.cursor() as cursor:
            cursor.execute("ALTER DATABASE postgres CONNECTION LIMIT 50")
            cursor.execute("ALTER ROLE test CONNECTION LIMIT 20")
        with tasks_on(THREADS, concurrency=21):
            (message,) = of_database()
        assert "open up to 21 connections to DATABASES['remote'], which accepts 20." in message.msg


def test_a_pool_bounds_the_connections_of_each_process(postgres: Postgres) -> None:
    with tasks_on(REDIS, processes=3, concurrency=10):
        backend = our_backend("default")
        assert backend is not None
        assert needed_connections(backend, connections["remote"]) == (3, 10)
        postgres.change(OPTIONS={"pool": {"max_size": 7}})
        assert needed_connections(backend, connections["remote"]) == (3, 7)


def test_a_database_that_does_not_answer_is_reported(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    away = {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "HOST": str(tmp_path)}
    remote = another_database({**away, "PASSWORD": "hunter2"})
    with django_db_blocker.unblock(), remote, tasks_on(REDIS):
        (message,) = of_database()
    assert "DATABASES['remote'] could not be asked how many connections it accepts" in message.msg
    assert "hunter2" not in message.msg


def test_other_databases_are_not_asked() -> None:
    with tasks_on(REDIS, processes=200):
        assert not of_database("default")
        assert not found("W011", deploy=True)


# --- Redis for the cache, too ------------------------------------------------------------------

CACHE = "django.core.cache.backends.redis.RedisCache"


@pytest.mark.parametrize(
    ("jobs", "location", "options"),
    [
        ("redis://h:6379/0", "redis://h", {}),
        ("redis://h:6379/2", "redis://:hunter2@h:6379/2", {}),
        ("redis://127.0.0.1/1", ["redis://other:6379/1", "redis://localhost:6379?db=1"], {}),
        ("redis://h/3", "redis://other/3;redis://h/3", {}),
        ("redis://h/3", "redis://h", {"db": 3}),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1", {}),
    ],
)
def test_a_cache_in_the_database_of_the_jobs_is_worth_a_warning(
    jobs: str, location: object, options: dict[str, object]
) -> None:
    caches = {"default": {"BACKEND": CACHE, "LOCATION": location, "OPTIONS": options}}
    with on_redis(jobs), override_settings(CACHES=caches):
        (message,) = found("W014")
    assert "CACHES['default'] is in the same database of Redis" in message.msg
    assert "cache.clear() empties that database" in message.msg
    assert "hunter2" not in message.msg


@pytest.mark.parametrize(
    "location",
    ["redis://h/1", "redis://other/0", "redis://h:6380/0", "unix:///h/0", "redis://h:port/0", ""],
)
def test_a_cache_elsewhere_is_not_mentioned(location: str) -> None:
    caches = {"default": {"BACKEND": CACHE, "LOCATION": location}}
    with on_redis("redis://h/0"), override_settings(CACHES=caches):
        assert not found("W014")


def test_threads_share_no_database_with_a_cache() -> None:
    caches = {"default": {"BACKEND": CACHE, "LOCATION": "redis://h/0"}}
    with on_threads(), override_settings(CACHES=caches):
        assert not found("W014")


# --- queues ------------------------------------------------------------------------------------


def test_a_queue_that_a_task_uses_and_nobody_serves_is_worth_a_warning(redis_url: str) -> None:
    with tasks_on(REDIS, url=redis_url, queues="mailers"):
        messages = found("W015", deploy=True)
        assert not found("W015")
    (message,) = [message for message in messages if "'default'," in message.msg]
    assert "No worker of TASKS['default'] serves the queue 'default', which" in message.msg
    assert "tests.apps.registered.tasks.greet" in message.msg
    assert "manage.py runworker -q default" in (message.hint or "")


def test_a_worker_that_runs_serves_the_queue_too(redis_url: str) -> None:
    with tasks_on(REDIS, url=redis_url, queues="mailers"):
        backend = our_backend("default")
        assert backend is not None
        worker = Driver(backend.broker, "w")
        worker.heartbeat(started_at=1, queues=())
        assert not found("W015", deploy=True)
        worker.heartbeat(started_at=1, queues=(), quiet=True)
        assert found("W015", deploy=True)


def test_queues_that_are_all_served_are_not_mentioned() -> None:
    with override_settings(TASKS={"default": {"BACKEND": THREADS, "QUEUES": []}}):
        assert not found("W015", deploy=True)


def test_without_redis_the_queues_are_not_judged() -> None:
    with tasks_on(REDIS, url=f"redis://127.0.0.1:{free_port()}/0", queues="mailers"):
        assert not found("W015", deploy=True)
        assert found("W005", deploy=True)


# --- the page about them -----------------------------------------------------------------------


def test_the_reference_lists_every_check() -> None:
    package = ROOT / "django_jobs"
    others = (package / "dashboard" / "checks.py", package / "backends" / "installed.py")
    sources = [*(package / "checks").glob("*.py"), *others]
    source = "".join(path.read_text().replace("{APP}", "django_jobs_dashboard") for path in sources)
    page = (ROOT / "docs" / "reference" / "checks.md").read_text()
    declared = {part.partition('"')[0] for part in re.split(r'id=f?"', source)[1:]}
    assert declared == {part.partition("`")[0] for part in page.split("\n| `")[1:]}
