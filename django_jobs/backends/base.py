"""The base class of all backends: it enqueues jobs, reads results, and makes workers."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from django.utils import timezone

from django_jobs.backends.on_commit import open_transactions, run_after_all_commits
from django_jobs.brokers.base import Broker
from django_jobs.compat import AnyTask, task_enqueued
from django_jobs.conf.options import BackendOptions
from django_jobs.conf.queues import QueueWeight
from django_jobs.errors import DuplicateJob
from django_jobs.jobs import observers
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from django_jobs.jobs.result import AnyJobResult, enqueued_results
from django_jobs.jobs.workflows import NewNode
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.periodic_tasks.registry import registered_tasks
from django_jobs.tasks.calls import Arguments
from django_jobs.tasks.definition import Task as JobTask
from django_jobs.tasks.max_attempts import retry_from_settings
from django_jobs.tasks.registry import check_importable, import_task_modules, is_declared
from django_jobs.tasks.retry import Retry
from django_jobs.worker.background.host import new_worker_id
from django_jobs.worker.background.periodic import Ticker
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.run import job_log
from django_jobs.worker.run.announcements import is_heard
from django_jobs.worker.run.context import RunContext
from django_jobs.worker.run.undecided import Undecided
from django_jobs.worker.worker import Worker

from .batches import BackendBatches
from .given_up import give_up_jobs
from .installed import InstalledBackend
from .job_builder import JobBuilder, with_instant
from .merged_calls import announce_merged
from .results import cancel_job, find_result
from .task_checks import check_queue, check_queue_names, check_ranges
from .workflows import BackendWorkflows

DEFAULT_RETRY = Retry()
"""The policy if neither the task nor the settings give one."""


class JobBackend(InstalledBackend):
    """A backend that builds jobs and pushes them to a broker.

    Django creates an instance for each thread and each asyncio context. So an instance holds no
    state of its own: brokers belong to the process (see `per_process`).
    """

    task_class = JobTask
    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True

    persistent: ClassVar[bool] = False
    """Whether jobs outlive this process."""

    options_class: type[BackendOptions] = BackendOptions
    configuration: BackendOptions

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, dict(params))
        check_queue_names(self.queues, alias)
        self.configuration = self.options_class.from_dict(alias, self.options)
        self.retry = retry_from_settings(alias, params, self.configuration.retry) or DEFAULT_RETRY
        """The policy of tasks without one of their own."""
        self._builder = JobBuilder(alias, self.configuration, self.retry)

    @property
    @abstractmethod
    def broker(self) -> Broker:
        """The broker of this alias: one for the whole process."""

    # --- enqueueing --------------------------------------------------------------------------

    def validate_task(self, task: AnyTask) -> None:
        """Check what Django checks, but more strictly; `run_after` may also be a timedelta."""
        check_ranges(task)
        check_queue(task, self.queues, self.alias)
        if isinstance(task.run_after, timedelta):
            # The copy has a datetime, and validates itself here.
            dataclasses.replace(task, run_after=timezone.now() + task.run_after)
        else:
            super().validate_task(task)

    def enqueue(self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Enqueue one call of a task."""
        try:
            return self.bulk_enqueue(task, [(args, kwargs)])[0]
        except DuplicateJob as error:
            raise DuplicateJob(error.task, error.holder) from None  # it is no item of a bulk

    def bulk_enqueue(
        self, task: AnyTask, calls: Sequence[Arguments], membership: Membership | None = None
    ) -> list[AnyJobResult]:
        """Enqueue many calls of a task; see `Task.bulk_enqueue`.

        Args:
            membership: of the batch whose members they are; then the backend's own
                `enqueue_on_commit` holds.
        """
        task = self._checked(task)
        if not calls:
            return []
        if not observers.observers:
            return self._enqueue(task, calls, {}, membership)
        about = observers.EnqueuedCalls(task.module_path, task.queue_name, self.alias, len(calls))
        with observers.enqueuing(about) as carried:
            return self._enqueue(task, calls, carried, membership)

    def _checked(self, task: AnyTask) -> AnyTask:
        """Return a task that can be enqueued, with a datetime as its `run_after`, if any."""
        if is_declared(task):
            check_queue(task, self.queues, self.alias)  # the rest was checked at the declaration
            return task
        self.validate_task(task)
        check_importable(task)
        return with_instant(task)

    def _enqueue(
        self,
        task: AnyTask,
        calls: Sequence[Arguments],
        carried: Mapping[str, Any],
        membership: Membership | None,
    ) -> list[AnyJobResult]:
        transactions = open_transactions() if self._waits_for_commit(task, membership) else ()
        batch = membership.batch if membership else ""
        jobs = self._builder.build(
            task, calls, carried, after_commit=bool(transactions), batch=batch
        )
        results = enqueued_results(task, jobs, self.alias)
        push = partial(self._push, jobs, results, membership)
        give_up = partial(give_up_jobs, jobs, self, membership)
        run_after_all_commits(transactions, push, give_up, self.alias)
        return results

    def make_job(self, task: AnyTask) -> Job:
        """Return a new job that calls a task without arguments, for its periodic ticks."""
        return self.build_jobs(task, [((), {})])[0]

    def build_jobs(self, task: AnyTask, calls: Sequence[Arguments]) -> list[Job]:
        """Return new jobs, which the caller stores in its own way."""
        return self._builder.build(with_instant(task), calls)

    def build_checked(self, task: AnyTask, calls: Sequence[Arguments], batch: str) -> list[Job]:
        """Return new jobs of a batch or a workflow, after all checks of `enqueue`."""
        task = self._checked(task)
        about = observers.EnqueuedCalls(task.module_path, task.queue_name, self.alias, len(calls))
        with observers.enqueuing(about) as carried:
            return self._builder.build(task, calls, carried, batch=batch)

    def _waits_for_commit(self, task: AnyTask, membership: Membership | None) -> bool:
        if membership or not isinstance(task, JobTask) or task.enqueue_on_commit is None:
            return self.configuration.enqueue_on_commit
        return task.enqueue_on_commit

    def _push(
        self,
        jobs: Sequence[Job],
        results: Sequence[AnyJobResult],
        membership: Membership | None = None,
    ) -> None:
        self._announce(jobs, self._store(jobs, membership), results)

    def _store(self, jobs: Sequence[Job], membership: Membership | None) -> list[str]:
        """Store jobs; return for each the id of the job that stands for it."""
        store = self.broker.batches
        return store.add(jobs, membership) if membership else self.broker.push(jobs)

    def _announce(
        self, jobs: Sequence[Job], ids: Sequence[str], results: Sequence[AnyJobResult]
    ) -> None:
        """Announce which calls were enqueued, and which unique ones were merged with others.

        Args:
            ids: of the jobs that stand for the calls.
            results: those of merged calls get the ids of the jobs that stand for them, unless they
                were returned before the commit.
        """
        if jobs[-1].lock is not None:  # all of one call are unique, or none
            jobs, results = announce_merged(jobs, ids, results, self.alias, type(self))
        job_log.write_enqueued(jobs, self.alias)
        if is_heard(task_enqueued):
            for result in results:
                # The jobs are stored: an error of a receiver must not look like a failed enqueue.
                task_enqueued.send_robust(sender=type(self), task_result=result)

    def _announce_merged_tick(self, task: AnyTask, job: Job) -> None:
        """Announce that the job of a tick was merged with another one, if it was."""
        found = self.broker.inspection.find(job.id)
        if found is not None and found.job.id != job.id:
            results = enqueued_results(task, [job], self.alias)
            announce_merged([job], [found.job.id], results, self.alias, type(self))

    @property
    def batches(self) -> BackendBatches:
        """What `django_jobs.Batch` asks of this backend."""
        return BackendBatches(self)

    @property
    def workflows(self) -> BackendWorkflows:
        """What `django_jobs.Workflow` asks of this backend."""
        return BackendWorkflows(self)

    def store_nodes(
        self, nodes: Sequence[NewNode], results: Sequence[AnyJobResult], store: Callable[[], None]
    ) -> None:
        """Store nodes of a workflow as `store` does, and announce them."""
        store()
        jobs = [node.job for node in nodes]
        self._announce(jobs, [job.id for job in jobs], results)

    def batch_changed(self, batch_id: str) -> None:
        """Take note that a batch may have started callbacks: workers hear of them by themselves."""

    # --- running -----------------------------------------------------------------------------

    def run_context(self, worker: str) -> RunContext:
        """Return what all attempts in a worker of this backend have in common."""
        return RunContext(
            alias=self.alias,
            sender=type(self),
            worker=worker,
            retry=self.retry,
            max_result=self.configuration.max_result,
            shares_jobs=self.persistent,
            read_results=self.broker.batches.results,
        )

    def worker_options(self) -> WorkerOptions:
        """Return the options of a worker as the settings of this backend say."""
        configured = self.configuration
        return WorkerOptions(
            queues=configured.queues or tuple(map(QueueWeight, sorted(self.queues))),
            concurrency=configured.concurrency,
            async_concurrency=configured.async_concurrency,
            shutdown_timeout=configured.shutdown_timeout,
            log_job_fields=configured.log_job_fields,
        )

    def make_worker(self, options: WorkerOptions | None = None) -> Worker:
        """Return a new worker for the jobs of this backend.

        Args:
            options: by default those of the settings.

        Raises:
            Exception: whatever a module of tasks raises as it is imported.
        """
        ticker = Ticker(
            self.broker, self._periodic_tasks(), self.make_job, self._announce_merged_tick
        )
        undecided = Undecided(self.broker.inspection)
        context = dataclasses.replace(self.run_context(new_worker_id()), undecided=undecided)
        return Worker(self.broker, context, options or self.worker_options(), ticker)

    def _periodic_tasks(self) -> tuple[PeriodicTask, ...]:
        """Return the periodic tasks to enqueue: none if the jobs end with this process."""
        if not self.persistent:
            return ()
        import_task_modules()
        return registered_tasks(self.alias)

    # --- results -----------------------------------------------------------------------------

    def get_result(self, result_id: str) -> AnyJobResult:
        """Return the result of a job that any thread or process may have enqueued.

        Raises:
            TaskResultDoesNotExist: there is no such job any more, or it cannot be read.
        """
        return find_result(self.broker, str(result_id), self.alias)

    def cancel(self, result_id: str) -> bool:
        """End a job as discarded: at once while it waits, within a heartbeat while it runs.

        Returns:
            False if it has ended, waits for a commit, or is no longer kept.
        """
        return cancel_job(self.broker, str(result_id))

    def prepare_process(self) -> None:
        """Set up this process; called once, when Django itself is set up."""

    def close(self) -> None:
        """Release connections; they are opened again at the next use."""
        self.broker.close()
