"""Tasks whose jobs take turns."""

from __future__ import annotations

from django_jobs import task

ran: list[int] = []
"""The customers of the jobs that ran."""


@task(fair_by="customer")
def serve(customer: int, number: int = 0) -> None:
    ran.append(customer)


@task(fair_by=["customer", "number"])
async def serve_later(customer: int, number: int = 0) -> None:
    ran.append(customer)
