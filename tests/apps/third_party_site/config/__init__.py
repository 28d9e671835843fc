"""The project's own package, which is no installed app either."""
