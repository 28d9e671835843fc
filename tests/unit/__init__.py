"""Tests of single modules. They need no Redis, start no process, and mirror the package."""
