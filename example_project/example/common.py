"""Settings that do not depend on the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django

BASE_DIR = Path(__file__).resolve().parent.parent

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *(["django_tasks"] if django.VERSION < (6, 0) else []),
    "django_jobs",
    "django_jobs.recap",
    "django_jobs.dashboard",
    "django_htmx",  # its script updates the pages of the dashboard
    "accounts",
    "feedback",
    "imports",
    "background",
    "sent_mails",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "example.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "example.middleware.BrokerErrorPage",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "background.context_processors.background",
                "sent_mails.context_processors.sent_mails",
            ],
            "builtins": ["example.ago", "accounts.members"],
        },
    },
]

ROOT_URLCONF = "example.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "static_root"

LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "feedback:posts"
LOGOUT_REDIRECT_URL = "feedback:posts"
AUTHENTICATION_BACKENDS = ["accounts.backends.ThrottledBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Whether a proxy is in front, whose headers can be trusted.
BEHIND_PROXY = False

# No form of this site takes more than a few thousand characters.
DATA_UPLOAD_MAX_MEMORY_SIZE = 128 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
