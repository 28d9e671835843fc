"""A site with this package, its dashboard and another package, as a program of its own."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.processes import output_of_python

SITE = """
import sys, warnings
warnings.simplefilter("error")
import django
from django.conf import settings
from django.urls import include, path

def site(apps, *, first=(), middleware=(), urls=None, **others):
    backport = ["django_tasks"] if django.VERSION < (6, 0) else []
    settings.configure(
        SECRET_KEY="tests",
        DEBUG=True,
        ALLOWED_HOSTS=["*"],
        INTERNAL_IPS=["127.0.0.1"],
        INSTALLED_APPS=[
            *first,
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            *backport,
            "django_jobs",
            "django_jobs.dashboard",
            *apps,
        ],
        MIDDLEWARE=[
            *middleware,
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]},
        }],
        DATABASES={"default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sys.argv[1] + "/site.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
        }},
        ROOT_URLCONF="__main__",
        STATIC_URL="/static/",
        STATIC_ROOT=sys.argv[1] + "/static",
        TASKS={"default": {"BACKEND": "django_jobs.backends.ThreadPoolBackend", "QUEUES": []}},
        **others,
    )
    django.setup()
    from django.contrib import admin
    from django.core.management import call_command
    call_command("migrate", verbosity=0)
    return [
        path("admin/", admin.site.urls),
        path("jobs/", include("django_jobs.dashboard.urls")),
    ]

def superuser():
    from django.contrib.auth.models import User
    from django.test import Client
    client = Client()
    client.force_login(User.objects.create_superuser("ann", "a@example.com", "secret"))
    return client
"""


def run_site(program: str, folder: Path) -> None:
    """Run a program that sets the site up with `site` and looks at it; it must end well."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    output_of_python(["-c", SITE + program, str(folder)], ROOT, environment)
