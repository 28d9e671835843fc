"""Settings of the example site, read from the environment."""

from __future__ import annotations

from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf import tasks_from_env
from example.common import *  # noqa: F403
from example.common import BASE_DIR, MIDDLEWARE
from example.mail_settings import mail_settings
from example.recap_settings import recap_settings
from example.secret_checks import check_password, check_secret_key

env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
PORT = env.int("PORT", default=8000)

SECRET_KEY = env.str("SECRET_KEY", default="only-for-development" if DEBUG else "")
if not DEBUG:
    check_secret_key(SECRET_KEY)
    for name in ("REDIS_PASSWORD", "JOB_DASHBOARD_PASSWORD", "JOB_DASHBOARD_TOKEN"):
        check_password(name, env.str(name, default=""))

SITE_URL = env.str("SITE_URL", default=f"http://127.0.0.1:{PORT}" if DEBUG else "").rstrip("/")
if not SITE_URL:
    raise ImproperlyConfigured(
        "SITE_URL is not set. Set it to the public address of the site, which links in mails use, "
        "such as https://feedback.example.com."
    )
HTTPS = SITE_URL.startswith("https://")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if DEBUG else [urlsplit(SITE_URL).hostname])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if HTTPS else 0
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if not DEBUG:
    check_password("DATABASE_URL", DATABASES["default"].get("PASSWORD"))
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Requests and jobs write at the same time. With IMMEDIATE, a transaction waits when it begins;
    # by default, SQLite fails at once if a transaction that has read wants to write.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

TASKS = tasks_from_env()
# The default backend is the thread pool, which has no periodic tasks and no recaps. The site says
# so where it matters, so newcomers need not read warnings first.
SILENCED_SYSTEM_CHECKS = ["django_jobs.W002", "django_jobs_recap.W001"]
JOB_RECAP = recap_settings(env, site_url=SITE_URL)

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Larder feedback <hello@example.com>")
SHOW_SENT_MAILS = DEBUG
vars().update(mail_settings(env, keep_sent_mails=SHOW_SENT_MAILS))

if not DEBUG:
    MIDDLEWARE = [MIDDLEWARE[0], "whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE[1:]]
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / "media"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s  %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        name: {"handlers": ["console"], "level": "INFO", "propagate": False}
        for name in ("django_jobs", "example")
    },
}
