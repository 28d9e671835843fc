"""The addresses of the dashboard: include them anywhere in the site's URLconf."""

from __future__ import annotations

from django.urls import path

from .views import (
    job,
    jobs,
    machine,
    metrics,
    overview,
    periodic,
    prometheus,
    queues,
    repairs,
    workers,
)

app_name = "django_jobs_dashboard"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("stats.json", machine.stats, name="stats"),
    path("health/", machine.health, name="health"),
    path("list/", jobs.jobs, name="jobs"),
    path("job/", job.job, name="job"),
    path("repair/", repairs.repair, name="repair"),
    path("bulk/", repairs.bulk, name="bulk"),
    path("bulk/step/", repairs.bulk_step, name="bulk_step"),
    path("queues/", queues.queues, name="queues"),
    path("queues/pause/", queues.pause, name="pause_queue"),
    path("queues/resume/", queues.resume, name="resume_queue"),
    path("queues/clear/", queues.clear, name="clear_queue"),
    path("workers/", workers.workers, name="workers"),
    path("workers/quiet/", workers.quiet, name="quiet_worker"),
    path("workers/stop/", workers.stop, name="stop_worker"),
    path("periodic/", periodic.periodic, name="periodic"),
    path("periodic/run/", periodic.run, name="run_periodic"),
    path("periodic/off/", periodic.switch_off, name="switch_off_periodic"),
    path("periodic/on/", periodic.switch_on, name="switch_on_periodic"),
    path("metrics/", metrics.metrics, name="metrics"),
    path("metrics/task/", metrics.task, name="task"),
    path("prometheus/", prometheus.prometheus, name="prometheus"),
]
