"""The URLs of the dashboard. Include them anywhere in the site's URLconf."""

from __future__ import annotations

from django.urls import path

from .views import (
    api,
    batch,
    batches,
    job,
    job_actions,
    jobs,
    limits,
    metrics,
    overview,
    periodic,
    prometheus,
    queues,
    workers,
    workflow,
    workflows,
)

app_name = "django_jobs_dashboard"
urlpatterns = [
    path("", overview.overview_page, name="overview"),
    path("stats.json", api.stats, name="stats"),
    path("health/", api.health, name="health"),
    path("list/", jobs.job_list, name="jobs"),
    path("job/", job.job_detail, name="job"),
    path("action/", job_actions.apply, name="apply_action"),
    path("bulk/", job_actions.bulk, name="bulk"),
    path("bulk/step/", job_actions.bulk_step, name="bulk_step"),
    path("batches/", batches.batch_list, name="batches"),
    path("batch/", batch.batch_detail, name="batch"),
    path("batch/cancel/", batch.cancel, name="cancel_batch"),
    path("batch/retry/", batch.retry_dead, name="retry_batch"),
    path("workflows/", workflows.workflow_list, name="workflows"),
    path("workflow/", workflow.workflow_detail, name="workflow"),
    path("workflow/cancel/", workflow.cancel, name="cancel_workflow"),
    path("workflow/retry/", workflow.retry_dead, name="retry_workflow"),
    path("queues/", queues.queue_list, name="queues"),
    path("queues/pause/", queues.pause, name="pause_queue"),
    path("queues/resume/", queues.resume, name="resume_queue"),
    path("queues/clear/", queues.clear, name="clear_queue"),
    path("limits/", limits.limit_list, name="limits"),
    path("limits/limit/", limits.limit_detail, name="limit"),
    path("limits/key/", limits.limit_key, name="limit_key"),
    path("limits/pause/", limits.pause, name="pause_limit"),
    path("limits/resume/", limits.resume, name="resume_limit"),
    path("limits/number/", limits.set_number, name="set_limit_number"),
    path("limits/reset/", limits.reset_number, name="reset_limit_number"),
    path("workers/", workers.worker_list, name="workers"),
    path("workers/quiet/", workers.quiet, name="quiet_worker"),
    path("workers/stop/", workers.stop, name="stop_worker"),
    path("periodic/", periodic.periodic_list, name="periodic"),
    path("periodic/run/", periodic.run, name="run_periodic"),
    path("periodic/off/", periodic.switch_off, name="switch_off_periodic"),
    path("periodic/on/", periodic.switch_on, name="switch_on_periodic"),
    path("metrics/", metrics.task_list, name="metrics"),
    path("metrics/task/", metrics.task_detail, name="task"),
    path("prometheus/", prometheus.prometheus_metrics, name="prometheus"),
]
