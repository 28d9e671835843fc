"""The `JOB_RECAP` setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_jobs.backends import is_persistent
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.relations.limits import AnyLimit, Limit, Rate, tidy_limits

CALLABLES = {
    "RECIPIENTS": "the function that returns the users who may get recaps",
    "CONTENT": "the function that returns the content of a recap",
}
KEYS = (*CALLABLES, "BASE_URL", "FROM_EMAIL", "LIMITS")


def recaps_run() -> bool:
    """Return whether recaps are sent: only if the default backend is persistent."""
    return is_persistent(DEFAULT_TASK_BACKEND_ALIAS)


def callable_of(key: str) -> Callable[..., Any]:
    """Return the site's function that `JOB_RECAP[key]` names.

    Args:
        key: "RECIPIENTS" or "CONTENT".

    Raises:
        ImproperlyConfigured: the key is missing, or does not name a function.
    """
    path = _setting().get(key)
    if not isinstance(path, str) or not path:
        raise ImproperlyConfigured(
            f"JOB_RECAP[{key!r}] is missing. Set it to the dotted path of {CALLABLES[key]}."
        )
    try:
        found = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"JOB_RECAP[{key!r}] names {path!r}, which cannot be imported ({error}). "
            f"Set it to the dotted path of {CALLABLES[key]}."
        ) from error
    if not callable(found):
        raise ImproperlyConfigured(
            f"JOB_RECAP[{key!r}] names {path!r}, which is not callable. "
            f"Set it to the dotted path of {CALLABLES[key]}."
        )
    return found  # type: ignore[no-any-return]


def base_url() -> str:
    """Return the scheme and host of the site, for absolute links.

    Raises:
        ImproperlyConfigured: `BASE_URL` is missing or invalid.
    """
    address = _setting().get("BASE_URL")
    parts = urlsplit(address) if isinstance(address, str) else urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ImproperlyConfigured(
            "JOB_RECAP['BASE_URL'] must be the scheme and host for links in recaps, "
            f"such as 'https://feedback.example.com', not {address!r}."
        )
    return f"{parts.scheme}://{parts.netloc}"


def absolute(url: str) -> str:
    """Return a path as an absolute URL, and an absolute URL unchanged."""
    return urljoin(base_url(), url)


def from_email() -> str | None:
    """Return the sender of recaps, or None for Django's `DEFAULT_FROM_EMAIL`."""
    sender = _setting().get("FROM_EMAIL")
    return str(sender) if sender else None


def limits() -> tuple[AnyLimit, ...]:
    """Return the limits of the jobs that send recaps.

    Raises:
        ImproperlyConfigured: `LIMITS` has something else.
    """
    found: tuple[AnyLimit, ...] = tidy_limits(_setting().get("LIMITS"))
    for limit in found:
        if not isinstance(limit, (Limit, Rate)):
            raise ImproperlyConfigured(
                "JOB_RECAP['LIMITS'] must be a django_jobs.Limit or django_jobs.Rate, or a list of"
                f" them, such as [Rate(60, per=60)], not {limit!r}."
            )
    return found


def problems() -> Iterator[str]:
    """Yield the problems of the setting, each as a sentence."""
    try:
        setting = _setting()
    except ImproperlyConfigured as error:
        yield str(error)
        return
    for key in setting:
        if key not in KEYS:
            yield f"JOB_RECAP has no key {key!r}. Its keys are {', '.join(KEYS)}."
    named = (partial(callable_of, key) for key in CALLABLES)
    readers: list[Callable[[], object]] = [*named, base_url, limits]
    for read in readers:
        try:
            read()
        except ImproperlyConfigured as error:
            yield str(error)


def _setting() -> Mapping[str, Any]:
    setting = getattr(settings, "JOB_RECAP", {})
    if not isinstance(setting, Mapping):
        raise ImproperlyConfigured(
            f"JOB_RECAP must be a dict with the keys {', '.join(KEYS)}, not {setting!r}."
        )
    return setting
