"""What all attempts of one worker have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

from django_jobs.compat import AnyTask, Task
from django_jobs.serialization.arguments import ReadResults, no_results
from django_jobs.tasks.on_death import DeathFunction
from django_jobs.tasks.policy import RunPolicy, policy_of
from django_jobs.tasks.retry import Retry

from .undecided import Undecided
from .unknown import UnknownJobs


class TaskInfo(NamedTuple):
    """What a worker reads of a task once, not for each job.

    Attributes:
        policy: what its declaration says.
        call: runs the task in a thread.
        on_death: called when no attempt follows, or None.
    """

    policy: RunPolicy
    call: Callable[..., Any]
    on_death: DeathFunction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What all attempts of one worker have in common.

    Attributes:
        alias: of the backend.
        sender: the backend's class, which sends the signals.
        worker: id of the worker.
        retry: the policy of tasks that declare none.
        max_result: the most bytes that a result may take as JSON.
        retries: whether a failed job may run again; False where no worker would come back to it.
        shares_jobs: whether workers of another release may take the same jobs; if not, a job whose
            task is unknown is dead, as nobody will ever know it.
        undecided: keeps what the attempts announce of which the broker decides what follows; None
            where an attempt is not settled.
        read_results: reads the results of other jobs that are arguments.
        policy: the policy of a job whose task was not found.
        unknown: reports what the worker does not know.
    """

    alias: str
    sender: type
    worker: str
    retry: Retry
    max_result: int
    retries: bool = True
    shares_jobs: bool = False
    undecided: Undecided | None = None
    read_results: ReadResults = no_results
    policy: RunPolicy = field(init=False)
    unknown: UnknownJobs = field(init=False)
    _task_infos: dict[str, TaskInfo] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", RunPolicy(retry=self.retry))
        object.__setattr__(self, "unknown", UnknownJobs(self.alias, self.worker))

    def task_info(self, name: str, task: AnyTask) -> TaskInfo:
        """Return the policy and the function of a task, read once per name."""
        info = self._task_infos.get(name)
        if info is None:
            info = TaskInfo(
                policy_of(task, self.retry), _caller(task), getattr(task, "on_death", None)
            )
            self._task_infos[name] = info
        return info


def _caller(task: AnyTask) -> Callable[..., Any]:
    """Return the function itself; `Task.call` would check its kind for each job."""
    has_own = type(task).call is not Task.call
    return task.call if has_own or iscoroutinefunction(task.func) else task.func
