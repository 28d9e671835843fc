"""`override_backend` lends a test another backend."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from django_jobs.backends import DummyBackend, InlineBackend, ThreadPoolBackend
from django_jobs.compat import InvalidTask, TaskResultStatus, task_backends
from django_jobs.testing import assert_not_enqueued, enqueued_jobs, override_backend
from tests.integration.testing import tasks


def test_the_backend_is_lent_for_a_block() -> None:
    with override_backend("dummy"):
        assert isinstance(task_backends["default"], DummyBackend)
        tasks.note.enqueue("hello")
        assert len(enqueued_jobs()) == 1
    assert isinstance(task_backends["default"], ThreadPoolBackend)
    with override_backend("dummy"):
        assert_not_enqueued()


def test_without_a_name_jobs_wait() -> None:
    with override_backend():
        assert isinstance(task_backends["default"], DummyBackend)


@override_backend("inline")
def test_a_function_can_be_decorated() -> None:
    result = tasks.note.enqueue("hello", loud=True)
    assert result.status is TaskResultStatus.SUCCESSFUL
    assert result.return_value == "HELLO"


def test_overrides_stand_inside_each_other() -> None:
    with override_backend("dummy"), override_backend("inline", alias="other"):
        assert isinstance(task_backends["default"], DummyBackend)
        assert isinstance(task_backends["other"], InlineBackend)


def test_the_queues_stay() -> None:
    with override_backend("dummy"):
        assert settings.TASKS["default"]["QUEUES"] == ["critical", "default", "mailers", "low"]
        with pytest.raises(InvalidTask):
            tasks.note.using(queue_name="other").enqueue("hello")


def test_a_dotted_path_names_any_backend() -> None:
    with override_backend("django_jobs.backends.InlineBackend"):
        assert isinstance(task_backends["default"], InlineBackend)


def test_options_are_those_of_the_backend() -> None:
    with override_backend("dummy", max_payload=10):
        assert task_backends["default"].options == {"max_payload": 10}
    with override_backend("dummy", max_paylod=10), pytest.raises(ImproperlyConfigured):
        task_backends["default"]


def test_an_unknown_kind_is_refused_with_the_choices() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Unknown backend 'dumy'\. Did you mean"):
        override_backend("dumy")
