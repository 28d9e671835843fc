"""`jobs batches`: lists batches, shows one, cancels it, or retries its dead members."""

from __future__ import annotations

from .job_groups import JobGroups


class Batches(JobGroups):
    name = "batches"
    help = "Lists batches with their counts, newest first, or shows, cancels or retries one."
    noun, nouns, members = "batch", "batches", "members"
    is_workflow = False
