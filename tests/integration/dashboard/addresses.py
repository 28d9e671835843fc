"""Every address of the dashboard, with who may use it how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

VIEW, MANAGE, CONTROL = "view_dashboard", "manage_jobs", "control_workers"


@dataclass(frozen=True)
class Address:
    """One line of `urls.py`.

    Attributes:
        right: the permission that it needs, "figures" where a token does, too, "" for nothing.
        method: the one that it answers in addition to HEAD and OPTIONS.
        args: parts of its path.
        query: parameters behind it.
        data: what is posted.
    """

    name: str
    right: str
    method: str = "GET"
    args: tuple[Any, ...] = ()
    query: str = ""
    data: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        path = reverse(f"django_jobs_dashboard:{self.name}", args=self.args)
        return f"{path}?{self.query}" if self.query else path


LIMIT = {"limit": "cmail%20server"}
BATCH = {"batch": "b1"}
QUEUE, WORKER, PERIODIC = {"queue": "default"}, {"worker": "w1"}, {"name": "report"}

ADDRESSES = (
    Address("overview", VIEW),
    Address("stats", "figures"),
    Address("health", ""),
    Address("prometheus", "figures"),
    Address("metrics", VIEW),
    Address("task", VIEW, query="task=shop.tasks.ship"),
    Address("jobs", VIEW),
    Address("job", VIEW, query="id=one"),
    Address("apply_action", MANAGE, "POST", data={"do": "cancel", "id": "one"}),
    Address("bulk", MANAGE, query="do=delete"),
    Address("bulk_step", MANAGE, "POST", data={"run": "forged"}),
    Address("batches", VIEW),
    Address("batch", VIEW, query="id=b1"),
    Address("cancel_batch", MANAGE, "POST", data=BATCH),
    Address("retry_batch", MANAGE, "POST", data=BATCH),
    Address("workflows", VIEW),
    Address("workflow", VIEW, query="id=f1"),
    Address("cancel_workflow", MANAGE, "POST", data={"batch": "f1"}),
    Address("retry_workflow", MANAGE, "POST", data={"batch": "f1"}),
    Address("queues", VIEW),
    Address("pause_queue", MANAGE, "POST", data=QUEUE),
    Address("resume_queue", MANAGE, "POST", data=QUEUE),
    Address("clear_queue", MANAGE, "POST", data={**QUEUE, "typed": "default"}),
    Address("limits", VIEW),
    Address("limit", VIEW, query="limit=cmail%2520server"),
    Address("limit_key", VIEW, query="limit=cmail%2520server&key=7"),
    Address("pause_limit", MANAGE, "POST", data={**LIMIT, "key": "7"}),
    Address("resume_limit", MANAGE, "POST", data=LIMIT),
    Address("set_limit_number", MANAGE, "POST", data={**LIMIT, "number": "3"}),
    Address("reset_limit_number", MANAGE, "POST", data=LIMIT),
    Address("workers", VIEW),
    Address("quiet_worker", CONTROL, "POST", data=WORKER),
    Address("stop_worker", CONTROL, "POST", data=WORKER),
    Address("periodic", VIEW),
    Address("run_periodic", MANAGE, "POST", data=PERIODIC),
    Address("switch_off_periodic", MANAGE, "POST", data=PERIODIC),
    Address("switch_on_periodic", MANAGE, "POST", data=PERIODIC),
)
PAGES = tuple(one for one in ADDRESSES if one.method == "GET" and one.right in {VIEW, MANAGE})
ACTIONS = tuple(one for one in ADDRESSES if one.method == "POST")
