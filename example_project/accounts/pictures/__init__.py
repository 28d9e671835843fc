"""Profile pictures downloaded from addresses that members enter."""
