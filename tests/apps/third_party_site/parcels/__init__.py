"""A library with tasks that nobody has to put into INSTALLED_APPS."""
