"""A small Django site whose tasks are measured."""
