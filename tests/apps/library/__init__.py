"""An app with models of every kind of row that a job may have to carry."""
