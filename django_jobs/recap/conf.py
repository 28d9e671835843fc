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

CALLABLES = {
    "RECIPIENTS": "the function that returns the users who may get recaps",
    "CONTENT": "the function that returns what a recap says",
}
KEYS = (*CALLABLES, "BASE_URL", "FROM_EMAIL")


def recaps_run() -> bool:
    """Return whether recaps exist here at all: only where jobs outlive the process."""
    return is_persistent(DEFAULT_TASK_BACKEND_ALIAS)


def callable_of(key: str) -> Callable[..., Any]:
    """Return the function of the site that `JOB_RECAP[key]` names.

    Args:
        key: "RECIPIENTS" or "CONTENT".

    Raises:
        ImproperlyConfigured: there is no such function.
    """
    path = _setting().get(key)
    if not isinstance(path, str) or not path:
        raise ImproperlyConfigured(
            f"JOB_RECAP[{key!r}] is missing: set it to the dotted path of {CALLABLES[key]}."
        )
    try:
        found = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"JOB_RECAP[{key!r}] names {path!r}, which cannot be imported ({error}): "
            f"set it to the dotted path of {CALLABLES[key]}."
        ) from error
    if not callable(found):
        raise ImproperlyConfigured(
            f"JOB_RECAP[{key!r}] names {path!r}, which cannot be called: "
            f"set it to the dotted path of {CALLABLES[key]}."
        )
    return found  # type: ignore[no-any-return]


def base_url() -> str:
    """Return scheme and host of the site, for absolute links.

    Raises:
        ImproperlyConfigured: it is missing, or something else.
    """
    address = _setting().get("BASE_URL")
    parts = urlsplit(address) if isinstance(address, str) else urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ImproperlyConfigured(
            "JOB_RECAP['BASE_URL'] must be the scheme and host for the links in recaps, "
            f"such as 'https://feedback.example.com', not {address!r}."
        )
    return f"{parts.scheme}://{parts.netloc}"


def absolute(url: str) -> str:
    """Return a path of the site as an absolute address; an absolute one stays as it is."""
    return urljoin(base_url(), url)


def from_email() -> str | None:
    """Return the sender of recaps, or None for Django's `DEFAULT_FROM_EMAIL`."""
    sender = _setting().get("FROM_EMAIL")
    return str(sender) if sender else None


def problems() -> Iterator[str]:
    """Yield what is wrong with the setting, one sentence each."""
    try:
        setting = _setting()
    except ImproperlyConfigured as error:
        yield str(error)
        return
    for key in setting:
        if key not in KEYS:
            yield f"JOB_RECAP has no key {key!r}: it knows {', '.join(KEYS)}."
    named = (partial(callable_of, key) for key in CALLABLES)
    readers: list[Callable[[], object]] = [*named, base_url]
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
