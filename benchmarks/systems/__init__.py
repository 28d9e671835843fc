"""One file per system: what it needs, how it is run, how it gets its jobs.

The head of a file (`# /// script`, as for scripts with dependencies) declares all that the runner
wants to know, so the runner never imports it: `benchmarks/declaration.py` explains each field.
In `worker` and `environment` the runner fills in `{url}` and `{port}` of Redis and `{file}`, the
path of the file itself; a command's first word is looked up in the system's own environment first.

The rest runs in that environment, in producers and in workers. It makes the system's tasks of the
functions in `benchmarks/jobs.py` (`noop`, `sleep`, `note`, `append`, and as coroutines
`noop_async`, `sleep_async`; `AS_COROUTINES` for a system that knows or likes nothing else), and has

- `enqueue(task, number)`: enqueue one job of the task with this name;
- `enqueue_many(task, numbers)`: enqueue many in one call, if the system has such a call;
- `enqueue_at(task, number, moment)`: enqueue one for this moment, in seconds since 1970;
- `close()`, a plain function: end what was opened for all jobs, if anything was;

the first three all plain functions, or all coroutine functions. `worker.default` runs with as many
threads or coroutines as make no-ops fastest, in one process; `worker.io` with 25,
`worker.io_async` with 500.
"""
