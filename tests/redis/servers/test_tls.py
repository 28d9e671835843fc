"""TLS: to one server, with and without a certificate of the client, to sentinels and clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from django_jobs.backends import RedisBackend
from tests.apps.worker_site import tasks
from tests.redis.servers.helpers import pushed, refusal
from tests.support.certificates import Certificate, make_certificate
from tests.support.cluster import SLOTS
from tests.support.redis_server import RedisServer, knows_tls
from tests.support.sentinels import SentinelGroup, started_group
from tests.support.workers import Site

Factory = Callable[..., RedisServer]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    if not knows_tls():
        pytest.skip("This redis-server was built without TLS.")
    return make_certificate(tmp_path_factory.mktemp("certificates"), "server")


def without_authority(url: str) -> str:
    return url.partition("?")[0]


def test_jobs_run_over_tls_with_the_certificate_of_an_own_authority(
    redis_server_factory: Factory,
    certificate: Certificate,
    configure: Callable[..., RedisBackend],
    site: Site,
) -> None:
    url = redis_server_factory(certificate=certificate).url
    configure(url=url)
    site.options["url"] = url
    worker = site.start("-c", "2")
    assert f"keeps jobs in {url}, namespace " in worker.said
    tasks.note.enqueue("over tls")
    site.notes.wait_for("over tls")
    assert worker.stop() == 0


def test_a_certificate_that_nobody_vouches_for_is_refused(
    redis_server_factory: Factory, certificate: Certificate
) -> None:
    url = without_authority(redis_server_factory(certificate=certificate).url)
    assert "certificate verify failed" in refusal(url)
    assert pushed(f"{url}?ssl_cert_reqs=none") == 1


def test_a_server_may_require_a_certificate_of_the_client(
    redis_server_factory: Factory, certificate: Certificate
) -> None:
    url = redis_server_factory("tls-auth-clients yes", certificate=certificate).url
    assert "does not answer" in refusal(url)
    own = f"&ssl_certfile={certificate.path}&ssl_keyfile={certificate.key}"
    assert pushed(url + own) == 1


def test_a_node_of_a_cluster_is_reached_over_tls(
    redis_server_factory: Factory, certificate: Certificate
) -> None:
    server = redis_server_factory("cluster-enabled yes", certificate=certificate)
    with server.client() as client:
        client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
    url = server.url.replace("rediss://", "rediss+cluster://")
    assert pushed(url, socket_timeout=20) == 1


@pytest.fixture(scope="module")
def group(certificate: Certificate) -> Iterator[SentinelGroup]:
    made = started_group(replicas=1, sentinels=1, certificate=certificate)
    yield made
    made.stop()


def test_sentinels_and_the_primary_are_reached_over_tls(
    group: SentinelGroup, certificate: Certificate
) -> None:
    url = f"{group.url}?ssl_ca_certs={certificate.path}"
    assert url.startswith("rediss+sentinel://")
    assert pushed(url) == 1
    assert "certificate verify failed" in refusal(group.url)
    group.hand_over()
    assert pushed(url, socket_timeout=20) == 2
