"""The address of Redis, read from a URL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import unquote, unquote_plus, urlsplit

from django_jobs.suggest import unknown_name

from .faults import find_faults
from .forms import CREDENTIALS, EXAMPLES, FORMS, SYNONYMS, Form
from .parts import Parts, split_url
from .redaction import redact_url

SENTINEL_PORT = 26379
"""The port of a sentinel whose URL has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """The address of Redis, separated from the secrets.

    Attributes:
        url: without user names and passwords, so that it may be shown.
        form: what the servers are.
        servers: the URL of each, as redis-py reads it.
        service: what the sentinels call the primary and its replicas.
        database: the number of the database behind the sentinels.
        username: decoded, or None.
        password: decoded, or None.
        sentinel_username: decoded, or None.
        sentinel_password: decoded, or None.
    """

    url: str
    form: Form = Form.SERVER
    servers: tuple[str, ...]
    service: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)

    @property
    def login(self) -> dict[str, str | None]:
        """The user names and passwords, under the names of the options that take them."""
        return {
            "username": self.username,
            "password": self.password,
            "sentinel_username": self.sentinel_username,
            "sentinel_password": self.sentinel_password,
        }

    def with_login(
        self,
        *,
        username: str | None,
        password: str | None,
        sentinel_username: str | None,
        sentinel_password: str | None,
    ) -> RedisAddress:
        """Return the address with the user names and passwords that it lacks."""
        return replace(
            self,
            username=self.username or username,
            password=self.password or password,
            sentinel_username=self.sentinel_username or sentinel_username,
            sentinel_password=self.sentinel_password or sentinel_password,
        )


def read_redis_url(text: object) -> RedisAddress:
    """Return the address in a URL of one of the schemes in `FORMS`.

    In each of them, `valkey` means the same as `redis`.

    Raises:
        ValueError: a sentence that says what is wrong and shows the URL without its passwords.
    """
    if not isinstance(text, str) or "://" not in text:
        raise ValueError(f"give a URL such as {EXAMPLES[Form.SERVER]}; this one has no 'redis://'.")
    scheme, _, rest = text.strip().partition("://")
    scheme = scheme.lower()
    if scheme not in FORMS and scheme not in SYNONYMS:
        schemes = [*FORMS, *SYNONYMS]
        raise ValueError(f"{unknown_name('scheme', scheme, schemes)} ({redact_url(text)})")
    parts = split_url(SYNONYMS.get(scheme, scheme), rest)
    fault = next(find_faults(parts), None)
    if fault:
        raise ValueError(f"{redact_url(text.strip())} {fault}.")
    return _address(parts)


def _address(parts: Parts) -> RedisAddress:
    query = dict(parts.parameters)
    username, _, password = parts.login.partition(":")
    place = ",".join(parts.hosts) + parts.path
    _, service, database, *_ = f"{parts.path}//".split("/")
    return RedisAddress(
        url=f"{parts.scheme}://{place}{_without(parts, CREDENTIALS)}",
        form=parts.form,
        servers=_servers(parts),
        service=service if parts.form is Form.SENTINEL else "",
        database=int(query.get("db") or database or 0) if parts.form is Form.SENTINEL else 0,
        username=unquote(username) or query.get("username") or None,
        password=unquote(password) or query.get("password") or None,
        sentinel_username=query.get("sentinel_username") or None,
        sentinel_password=query.get("sentinel_password") or None,
    )


def _servers(parts: Parts) -> tuple[str, ...]:
    """Return the URL of each host, as redis-py reads it."""
    scheme, _, _ = parts.scheme.partition("+")
    if parts.form is Form.SERVER:
        return (f"{scheme}://{parts.hosts[0]}{parts.path}{_without(parts, CREDENTIALS)}",)
    parameters = _without(parts, CREDENTIALS | {"db"})
    return tuple(f"{scheme}://{_with_port(host, parts.form)}{parameters}" for host in parts.hosts)


def _with_port(host: str, form: Form) -> str:
    if form is Form.SENTINEL and not urlsplit(f"redis://{host}").port:
        return f"{host.removesuffix(':')}:{SENTINEL_PORT}"
    return host


def _without(parts: Parts, names: frozenset[str]) -> str:
    """Return the parameters without some of them, and with the `?` if there are any."""
    pairs = parts.query.split("&")
    kept = [one for one in pairs if unquote_plus(one.partition("=")[0]) not in names]
    return "?" + "&".join(kept) if any(kept) else ""
