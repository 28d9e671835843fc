"""Tasks of code that no installed app has, on a site of their own."""
