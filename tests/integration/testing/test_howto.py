"""The page on testing shows tests that pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from inspect import cleandoc
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "howto" / "testing.md"
FILE = re.compile(r"^```(?:python|ini)\n# (\S+\.(?:py|ini))\n(.*?)^```", re.MULTILINE | re.DOTALL)

# What the page takes for granted: a shop.
SHOP = {
    "settings.py": """
        import django
        from django_jobs.conf import tasks_from_env
        SECRET_KEY = "shop"
        USE_TZ = True
        ROOT_URLCONF = "shop.urls"
        INSTALLED_APPS = ["django.contrib.contenttypes", "shop", "django_jobs"]
        INSTALLED_APPS += ["django_tasks"] if django.VERSION < (6, 0) else []
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        TASKS = tasks_from_env()
        if django.VERSION >= (6, 1):
            MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
        """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models
        class Order(models.Model):
            email = models.EmailField()
        """,
    "shop/tasks.py": """
        from django.core.mail import send_mail
        from django_jobs import Batch, task
        from shop.models import Order

        @task
        def send_receipt(pk: int) -> int:
            return send_mail("Thank you", "…", None, [Order.objects.get(pk=pk).email])

        @task
        def remind(order: Order) -> None: ...

        @task
        def close(order: Order) -> None:
            ask_for_a_review.enqueue(order)

        @task
        def ask_for_a_review(order: Order) -> None:
            send_mail("How was it?", "…", None, [order.email])

        @task
        def report(batch_id: str) -> None: ...

        def close_all() -> None:
            with Batch(on_success=report, name="closing") as batch:
                for order in Order.objects.all():
                    batch.enqueue(ask_for_a_review, order)
        """,
    "shop/urls.py": """
        from datetime import timedelta
        from django.http import HttpResponse
        from django.urls import path
        from shop.models import Order
        from shop.tasks import remind, send_receipt

        def pay(request, pk):
            if request.method == "POST":
                order = Order.objects.get(pk=pk)
                send_receipt.enqueue(order.pk)
                remind.using(run_after=timedelta(days=7), queue_name="low").enqueue(order)
            return HttpResponse("Thank you")

        urlpatterns = [path("pay/<int:pk>/", pay)]
        """,
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with the tests of the page."""
    shown = dict(FILE.findall(PAGE.read_text()))
    for name, text in (SHOP | shown).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{cleandoc(text)}\n")
    return tmp_path


def test_the_tests_on_the_page_pass(shop: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYT"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=shop,
        env=environment | {"PYTHONPATH": f"{shop}{os.pathsep}{ROOT}"},
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout
