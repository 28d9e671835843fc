"""Jobs as each release stored them: one file per release, made by `record.py`."""
