"""The examples of how-to pages run, on a site of their files."""

from __future__ import annotations

import os
import re
import sys
from inspect import cleandoc
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.processes import output_of, output_of_python

HOWTO = ROOT / "docs" / "howto"
FILE = re.compile(r"^```python\n# (\S+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)

# What the pages take for granted: a site with orders and accounts, and a bank.
SITE = {
    "settings.py": """
        import django
        SECRET_KEY = "howto"
        USE_TZ = True
        INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_jobs"]
        INSTALLED_APPS += ["shop"]
        INSTALLED_APPS += ["django_tasks"] if django.VERSION < (6, 0) else []
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "db.sqlite3",
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
            }
        }
        DUMMY = "django_jobs.backends.DummyBackend"
        TASKS = {"default": {"BACKEND": DUMMY, "QUEUES": ["default", "low"]}}
        """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models

        class Account(models.Model):
            points = models.IntegerField(default=0)

        class Order(models.Model):
            account = models.ForeignKey(Account, models.CASCADE)
            points = models.IntegerField(default=0)
            credited_at = models.DateTimeField(null=True)
            archived = models.BooleanField(default=False)

        class Invoice(models.Model):
            order = models.OneToOneField(Order, models.CASCADE)
        """,
    "shop/bank.py": """
        charged = {}

        def charge(account, points, *, key):
            charged.setdefault(key, (account, points))
        """,
}

BEGIN = """
import warnings
warnings.simplefilter("error")
import django
django.setup()
from django.core.management import call_command
from django_jobs.testing import run_enqueued
from shop.models import Account, Invoice, Order

call_command("migrate", run_syncdb=True, verbosity=0)
account = Account.objects.create()
orders = [Order.objects.create(account=account, points=5) for _ in range(250)]
"""

# What each page promises.
SCRIPTS = {
    "batches": """
        import io
        from contextlib import redirect_stdout
        from django_jobs.testing import assert_batch_failed
        from shop import support, tasks
        from shop.test_batches import test_rows_are_imported

        printed = io.StringIO()
        with redirect_stdout(printed):
            test_rows_are_imported(db=None)
            with open("rows.csv", "w") as file:
                file.write("3,30\\n4,40\\n")
            batch_id = tasks.import_files(["rows.csv"])
            run_enqueued()
        assert printed.getvalue().splitlines() == [
            "points by user 7: 2 of 2 rows",
            "files by user 7: 3 of 3 rows",
        ]
        points = list(Order.objects.order_by("pk").values_list("points", flat=True)[:5])
        assert points == [10, 20, 30, 40, 5]
        assert support.progress(batch_id) == "succeeded: 3 of 3, 0 dead"
        assert support.progress("unknown") == "unknown"

        batch_id = tasks.import_files(["missing.csv"])
        run_enqueued(raise_errors=False, retries=True)
        assert support.progress(batch_id) == "failed: 1 of 1, 1 dead"
        assert support.try_again(batch_id) == 1
        support.give_up(batch_id)
        run_enqueued()
        assert assert_batch_failed(name="files").counts.discarded == 1
        """,
    "idempotent": """
        from shop import bank, tasks
        from shop.test_tasks import test_points_are_credited_once

        test_points_are_credited_once(db=None)
        assert tasks.create_invoice.call(orders[0]) == tasks.create_invoice.call(orders[0])
        assert Invoice.objects.count() == 1
        result = tasks.charge.enqueue(orders[1])
        run_enqueued()
        assert bank.charged == {result.id: (account.pk, 5)}
        """,
    "long-jobs": """
        from shop import tasks

        tasks.archive_orders.enqueue()
        run_enqueued()
        assert Order.objects.filter(archived=True).count() == 250

        half = orders[99].pk
        tasks.export_orders.using(metadata={"position": half}).enqueue("orders.txt")
        run_enqueued()
        with open("orders.txt") as file:
            lines = file.read().split()
        assert lines == [str(order.pk) for order in orders[100:]]
        """,
    "many-jobs": """
        from shop import tasks

        for enqueue_all in (tasks.archive_all, tasks.archive_in_portions):
            Order.objects.update(archived=False)
            enqueue_all.enqueue()
            run_enqueued()
            assert not Order.objects.filter(archived=False)
        """,
    "workflows": """
        from django_jobs.testing import assert_workflow_succeeded
        from shop import pages, support, tasks

        flow_id = tasks.process(7)
        assert support.progress(flow_id) == "order is running: 3 of 3 jobs left"
        run_enqueued()
        assert support.progress(flow_id) == "order is succeeded: 0 of 3 jobs left"

        chain_id = pages.index("https://example.org/")
        run_enqueued()
        assert assert_workflow_succeeded(name="page").id == chain_id

        flow_id = tasks.process_and_close(8)
        run_enqueued()
        assert support.progress(flow_id) == "order is succeeded: 0 of 3 jobs left"
        assert support.try_again(flow_id) == 0
        """,
}

BROKER = """
from django_jobs.brokers.memory import MemoryBroker


class YourBroker(MemoryBroker):
    pass
"""

ADD = """
from django_jobs import task


@task
def add(a: int, b: int) -> int:
    return a + b
"""


def write_site(directory: Path, page: str, files: dict[str, str]) -> None:
    """Write the files of a site, with those of a page at their end."""
    texts = {name: cleandoc(text) + "\n" for name, text in files.items()}
    for name, text in FILE.findall((HOWTO / f"{page}.md").read_text()):
        texts[name] = texts.get(name, "") + text
    for name, text in texts.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)


def environment(site: Path, **variables: str) -> dict[str, str]:
    """Return that of a process which imports the modules of a site."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return kept | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}"} | variables


def run(site: Path, program: str) -> str:
    """Run a program with a site to its end, and return what it printed."""
    variables = environment(site, DJANGO_SETTINGS_MODULE="settings")
    return output_of_python(["-c", program], site, variables)


@pytest.mark.parametrize("page", SCRIPTS)
def test_the_tasks_of_the_page_do_their_work(page: str, tmp_path: Path) -> None:
    write_site(tmp_path, page, SITE)
    script = BEGIN + cleandoc(SCRIPTS[page])
    run(tmp_path, script)


def test_another_broker_is_run_through_the_contract(tmp_path: Path, redis_url: str) -> None:
    package = {"yours/__init__.py": "", "yours/broker.py": BROKER}
    write_site(tmp_path, "brokers", package)
    command = [sys.executable, "-m", "pytest", "tests/contract/test_queues.py"]
    command += ["-p", "yours.contract", "-k", "yours", "-q", "-n", "0"]
    said = output_of(command, ROOT, environment(tmp_path, CONTRACT_BROKERS="yours"))
    assert re.search(r"\b[1-9]\d* passed", said)
    assert "failed" not in said


def test_a_backend_of_another_broker_runs_jobs(tmp_path: Path) -> None:
    package = {"yours/__init__.py": "", "yours/broker.py": BROKER}
    ours = {name: text for name, text in SITE.items() if name != "settings.py"}
    write_site(tmp_path, "brokers", package | ours | {"base.py": SITE["settings.py"]})
    settings = tmp_path / "settings.py"
    settings.write_text(f"from base import *\n{settings.read_text()}")
    (tmp_path / "shop/tasks.py").write_text(ADD)
    script = """
        import django
        django.setup()
        from django.core.management import call_command
        from shop.tasks import add

        result = add.enqueue(2, 3)
        call_command("runworker", burst=True)
        result.refresh()
        print(result.return_value)
        """
    said = run(tmp_path, cleandoc(script))
    assert said.split()[-1] == "5"
