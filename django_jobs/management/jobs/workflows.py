"""`jobs workflows`: lists workflows, shows one, cancels it, or retries its dead jobs."""

from __future__ import annotations

from .job_groups import JobGroups


class Workflows(JobGroups):
    name = "workflows"
    help = "Lists workflows with their counts, newest first, or shows, cancels or retries one."
    noun, nouns, members = "workflow", "workflows", "jobs"
    is_workflow = True
