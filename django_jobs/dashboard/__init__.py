"""The dashboard: an app whose pages show jobs and let people put them right."""
