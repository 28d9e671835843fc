"""The helpers in Django's own kind of tests."""

from __future__ import annotations

from django.core.cache import cache
from django.test import TestCase

from django_jobs.testing import (
    assert_enqueued,
    assert_not_enqueued,
    override_backend,
    run_enqueued,
)
from tests.integration.testing import tasks


@override_backend("dummy")
class SiteTests(TestCase):
    """A class that is decorated as a whole."""

    def setUp(self) -> None:
        assert_not_enqueued()

    @classmethod
    def setUpTestData(cls) -> None:
        tasks.note.using(enqueue_on_commit=False).enqueue("of no single test")

    def test_captured_callbacks_enqueue(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            tasks.note.enqueue("hello")
            assert_not_enqueued()
        assert_enqueued(tasks.note, args=["hello"])

    @override_backend("dummy", enqueue_on_commit=False)
    def test_a_method_may_have_options_of_its_own(self) -> None:
        tasks.note.enqueue("hello")
        assert_enqueued(tasks.note, args=["hello"])

    def test_jobs_run_once_within_captured_callbacks(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            tasks.note_twice.enqueue("hello")
        with self.captureOnCommitCallbacks(execute=True):
            ran = run_enqueued()
        assert len(ran) == 3
        assert cache.get("notes") == ["hello once", "hello twice"]
        assert_not_enqueued()
