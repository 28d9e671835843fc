"""The URL of Redis: what is accepted, what is refused, and that no secret is shown."""

from __future__ import annotations

import pytest

from django_jobs.conf.redis_options import RedisOptions
from django_jobs.conf.redis_url import Form, read_redis_url, redact_url
from tests.unit.conf.helpers import refusal


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis",
        "redis://127.0.0.1:6379/0",
        "redis://[::1]:6379/15",
        "redis://h:6379/",
        "redis://h:6379?db=3",
        "rediss://h:6380/0?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=2",
        "redis+sentinel://a:26379,b:26380,c/shop-1/2?client_name=x",
        "rediss+sentinel://[::1]:26379,[::2]/shop?ssl_ca_certs=/etc/ca.pem",
        "redis+cluster://a:7000,b",
        "rediss+cluster://a/0?ssl_check_hostname=false",
    ],
)
def test_an_address_without_secrets_stays_as_it_is(url: str) -> None:
    options = RedisOptions.from_dict("default", {"url": url})
    assert (options.url, options.username, options.password) == (url, None, None)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("valkey://h:6379/1", "redis://h:6379/1"),
        ("valkeys://h:6379/1", "rediss://h:6379/1"),
        ("REDIS://h:6379/1", "redis://h:6379/1"),
        ("  redis://h:6379/1\n", "redis://h:6379/1"),
        ("valkeys+sentinel://h/shop", "rediss+sentinel://h/shop"),
        ("valkey+cluster://h", "redis+cluster://h"),
    ],
)
def test_synonyms_are_written_as_redis_knows_them(given: str, url: str) -> None:
    assert read_redis_url(given).url == url


@pytest.mark.parametrize(
    ("given", "url", "username", "password"),
    [
        ("redis://:secret@h:6379/0", "redis://h:6379/0", None, "secret"),
        ("redis://ann:p%40ss%2F%3F%23%25@h/0", "redis://h/0", "ann", "p@ss/?#%"),
        ("redis://ann@h/0", "redis://h/0", "ann", None),
        ("unix://ann:secret@/run/r.sock?db=1", "unix:///run/r.sock?db=1", "ann", "secret"),
        ("unix:///r.sock?username=ann&db=1&password=a%26b", "unix:///r.sock?db=1", "ann", "a&b"),
        ("redis://h?password=secret", "redis://h", None, "secret"),
        ("redis+cluster://ann:p%40@h:1,i:2", "redis+cluster://h:1,i:2", "ann", "p@"),
    ],
)
def test_credentials_leave_the_url(
    given: str, url: str, username: str | None, password: str | None
) -> None:
    options = RedisOptions.from_dict("default", {"url": given})
    assert (options.url, options.username, options.password) == (url, username, password)


def test_sentinels_have_a_login_of_their_own() -> None:
    given = "redis+sentinel://ann:a@h,i/shop?sentinel_username=bob&db=3&sentinel_password=b%26"
    options = RedisOptions.from_dict("default", {"url": given})
    assert (options.username, options.password) == ("ann", "a")
    assert (options.sentinel_username, options.sentinel_password) == ("bob", "b&")
    assert options.url == "redis+sentinel://h,i/shop?db=3"


def test_an_address_of_sentinels_has_their_urls_and_what_to_ask_them_for() -> None:
    address = read_redis_url("rediss+sentinel://a:1,[::1],c/shop/2?ssl_cert_reqs=none")
    assert (address.form, address.service, address.database) == (Form.SENTINEL, "shop", 2)
    assert address.servers == (
        "rediss://a:1?ssl_cert_reqs=none",
        "rediss://[::1]:26379?ssl_cert_reqs=none",
        "rediss://c:26379?ssl_cert_reqs=none",
    )
    assert read_redis_url("redis+sentinel://a/shop?db=3").database == 3


def test_an_address_of_a_cluster_has_the_urls_of_its_nodes() -> None:
    address = read_redis_url("redis+cluster://ann:x@a:7000,b/0?db=0&client_name=x")
    assert address.form is Form.CLUSTER
    assert address.servers == ("redis://a:7000?client_name=x", "redis://b?client_name=x")


def test_credentials_in_the_url_win_over_the_options() -> None:
    given = {"url": "redis://:inside@h", "username": "ann", "password": "given"}
    options = RedisOptions.from_dict("default", given)
    assert (options.username, options.password) == ("ann", "inside")


def test_a_separate_password_is_taken_as_it_is() -> None:
    options = RedisOptions.from_dict("default", {"url": "redis://h", "password": "p%40 /#@"})
    assert options.password == "p%40 /#@"


@pytest.mark.parametrize(
    "given",
    [
        {"url": "redis://:hunter2@h"},
        {"password": "hunter2"},
        {"url": "redis+sentinel://h/shop?sentinel_password=hunter2"},
        {"sentinel_password": "hunter2"},
    ],
)
def test_the_password_is_in_no_repr(given: dict) -> None:
    assert "hunter2" not in repr(RedisOptions.from_dict("default", given))
    assert "hunter2" not in repr(read_redis_url("redis://:hunter2@h"))
    sentinels = "redis+sentinel://h/shop?sentinel_password=hunter2"
    assert "hunter2" not in repr(read_redis_url(sentinels))


def test_a_password_of_a_wrong_type_is_refused_without_showing_it() -> None:
    message = refusal({"password": b"hunter2"})
    assert message.endswith("['password']: give a text or None, not a value of type bytes.")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (None, "this one has no 'redis://'"),
        ("localhost:6379", "this one has no 'redis://'"),
        ("reddis://h", "Unknown scheme 'reddis'. Did you mean 'redis'?"),
        ("http://h", "Unknown scheme 'http'."),
        ("redis:///0", "has no host"),
        ("redis://:6379/0", "has no host"),
        ("redis://h:0/0", "has port 0"),
        ("redis://h:65536/0", "has no valid host and port"),
        ("redis://[::1/0", "has no valid host and port"),
        ("redis://h /0", "contains white space"),
        ("redis://h/jobs", "has an odd database 'jobs'"),
        ("redis://h?db=one", "needs a whole number for 'db'"),
        ("redis://h#1", "cannot be read"),
        ("redis://h?decode_responses=True", "Unknown parameter 'decode_responses'"),
        ("redis://h?ssl_ca_certs=/ca.pem", "has 'ssl_ca_certs', which needs rediss://"),
        ("rediss://h?ssl_ca_cert=/ca.pem", "Did you mean 'ssl_ca_certs'?"),
        ("rediss://h?ssl_cert_reqs=maybe", "needs none, optional or required"),
        ("redis://a:1,b:2/0", "names several hosts, which only redis+sentinel://"),
        ("redis+sentinel://a:1,b:2", "has no name of the service"),
        ("redis+sentinel://a/shop/jobs", "has no name of the service"),
        ("redis+sentinel://a,,b/shop", "has no host: write redis+sentinel://HOST:26379"),
        ("redis+sentinel://a:0,b/shop", "has port 0"),
        ("redis+sentinel://a,b:x/shop", "has no valid host and port"),
        ("redis+sentinel://a/shop?ssl_keyfile=x", "which needs rediss://"),
        ("redis+sentinel://a/shop?db=x", "needs a whole number for 'db'"),
        ("redis+cluster://a,b/1", "a cluster has only database 0"),
        ("redis+cluster://a,b?db=1", "a cluster has only database 0"),
        ("redis+cluster://a?sentinel_password=x", "Unknown parameter 'sentinel_password'"),
        ("sentinel://a", "Unknown scheme 'sentinel'. Did you mean 'redis+sentinel'?"),
        ("unix://", "names no socket"),
        ("unix://run/redis.sock", "names no socket"),
    ],
)
def test_a_malformed_address_says_what_is_wrong_with_it(url: str | None, complaint: str) -> None:
    message = refusal({"url": url})
    assert message.startswith("TASKS['default']['OPTIONS']['url']: ")
    assert complaint in message


SPELLINGS = ("Password", "PASSWORD", "passwd", "pwd", "auth", "pass%77ord", "sslkey", "db_", "x")
"""How people write a password's parameter, right or wrong."""


@pytest.mark.parametrize(
    "url",
    [
        "redis://ann:hunter2@h:port/0",
        "redis://ann:hunter2/x@h:6379/0",
        "redis://ann:x#hunter2@h:6379/0",
        "redis://ann:x?hunter2@h:6379/0",
        "redis://ann:hunter2@@h:6379/jobs",
        "redis://ann:hunter2 @h",
        "redis://:hunter2",
        "redis://hunter2@h/jobs",
        "http://ann:hunter2@h",
        "redis://h/jobs?password=hunter2",
        "unix://h/jobs?db=1&password=hunter2",
        *(f"redis://h/jobs?{name}=hunter2" for name in SPELLINGS),
        *(f"redis://h/jobs?db=1&{name}=hunter2&client_name=x" for name in SPELLINGS),
        "redis://h?db=1;password=hunter2",
        "redis://h?client_name=x;auth=hunter2&db=x",
        "redis://h?hunter2",
        "redis://h?db=1#hunter2",
        "redis://h#hunter2",
        "ann:hunter2@h",
        "hunter2",
        "redis+sentinel://:hunter2@h,i",
        "redis+sentinel://ann:x,hunter2@h:1,i:2",
        "redis+sentinel://h:1,i:hunter2/shop",
        "redis+sentinel://h:hunter2,i:1/shop",
        "redis+sentinel://h,i/shop?sentinel_password=hunter2&x=1",
        "redis+cluster://ann:hunter2@h:1,i:2/jobs",
        "redis+cluster://h:1,i?password=hunter2,x&db=2",
    ],
)
def test_no_message_about_a_malformed_address_shows_its_password(url: str) -> None:
    assert "hunter2" not in refusal({"url": url})
    assert "hunter2" not in redact_url(url)


def test_a_redacted_url_still_shows_where_it_points() -> None:
    assert redact_url("rediss://ann:x@h:6379/0?db=1") == "rediss://ann:***@h:6379/0?db=1"
    assert redact_url("redis://[::1]:6379/0") == "redis://[::1]:6379/0"
    assert redact_url("redis+sentinel://a:1,[::1]:2,c/shop/0") == (
        "redis+sentinel://a:1,[::1]:2,c/shop/0"
    )
    assert redact_url("unix:///run/redis.sock?db=1") == "unix:///run/redis.sock?db=1"
    parameters = "?ssl_ca_certs=/etc/ssl/ca%20two.pem&client_name=shop-1&password=***&x=***"
    assert redact_url(f"rediss://h{parameters.replace('***', 'x')}") == f"rediss://h{parameters}"


def test_a_password_is_kept_apart_however_its_parameter_is_encoded() -> None:
    address = read_redis_url("redis://h/1?pass%77ord=hunter2&db=1&user%6Eame=ann")

    assert (address.username, address.password) == ("ann", "hunter2")
    assert address.url == "redis://h/1?db=1"
