"""What to write instead of methods, attributes and options that other job systems have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, TypeVar, cast

from django_jobs.suggest import unknown_name

Function = TypeVar("Function", bound=Callable[..., Any])

ENQUEUE = "Enqueue a job with task.enqueue(…)."
OPTIONS = (
    "Give options first, then the arguments: task.using(run_after=timedelta(seconds=60),"
    " queue_name='low').enqueue(…)."
)
CALL = "To run the function here, write task.call(…)."
MANY = "Enqueue many jobs with task.bulk_enqueue([[1], [2]])."
RELATED = (
    "Jobs that wait for others are in a django_jobs.Workflow, Chain or Batch:"
    " Chain('name').add(task, …).add(other_task).enqueue()."
)
WAIT = (
    "No call waits for a result: after result.refresh(), read result.is_finished and"
    " result.return_value."
)
STATUS = "After result.refresh(), read result.status."

_TASK = {
    ENQUEUE: "delay delay_on_commit perform_later perform_async send defer",
    OPTIONS: (
        "apply_async apply_async_on_commit send_with_options options set configure schedule"
        " enqueue_in enqueue_at perform_in perform_at"
    ),
    CALL: "apply run fn call_local perform_now perform_inline",
    MANY: "map starmap chunks perform_bulk",
    RELATED: "s si signature subtask message then chain link",
    "Read a result with task.get_result(id).": "AsyncResult",
}
_RESULT = {
    WAIT: "get wait join result latest_result ready",
    STATUS: "state successful failed get_status is_queued is_started is_failed",
    "End the job with result.cancel().": "revoke abort terminate delete",
    "Read result.metadata.": "meta info save_meta",
}
_CONTEXT = {
    "Read context.attempt, which counts from 1, and context.task_result.id.": (
        "request retries id job_id job task_id"
    ),
    "Raise django_jobs.errors.RetryLater(timedelta(seconds=60)), or just let the error through.": (
        "retry"
    ),
    "Report progress with django_jobs.set_progress(done, total).": "update_state update_progress",
    "Change context.metadata, and call context.save_metadata().": "meta save_meta",
}
_OPTIONS = {
    "run_after": "countdown eta delay wait_until",
    "queue_name": "queue queue_as",
    "timeout": "time_limit soft_time_limit job_timeout",
    "max_attempts": "max_retries retries retry_limit",
    "backoff": "retry_backoff retry_delay default_retry_delay",
    "retry": "autoretry_for retry_on",
    "takes_context": "bind context",
    "limits": "rate_limit lock",
    "expires": "ttl",
    "metadata": "headers meta",
}


def _by_name(table: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(
        {name: advice for advice, names in table.items() for name in names.split()}
    )


OF_TASKS = _by_name(_TASK)
OF_RESULTS = _by_name(_RESULT)
OF_CONTEXTS = _by_name(_CONTEXT)
ALL_OPTIONS = _by_name(_OPTIONS)


def missing(owner: object, name: str, foreign: Mapping[str, str]) -> AttributeError:
    """Return the error for an attribute that does not exist, with what to write instead.

    Args:
        foreign: names of other job systems, each with advice.
    """
    kind, advice = type(owner).__name__, foreign.get(name)
    return AttributeError(
        f"{kind!r} object has no attribute {name!r}{f'. {advice}' if advice else ''}",
        name=name,
        obj=owner,
    )


def refuse_options(where: str, given: Collection[str], known: Collection[str]) -> None:
    """Refuse options that do not exist, and suggest those that are meant.

    Raises:
        TypeError: for the first of them.
    """
    for name in given:
        if name not in known:
            meant = {other: ours for other, ours in ALL_OPTIONS.items() if ours in known}
            raise TypeError(f"{where}: {unknown_name('option', name, known, meant)}")


def suggests_options(method: Function) -> Function:
    """Let a method with keyword-only options suggest the one that an unknown one stands for."""

    @wraps(method)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return method(*args, **options)
        except TypeError:
            refuse_options(f"{method.__name__}()", options, method.__kwdefaults__ or ())
            raise

    return cast(Function, call)
