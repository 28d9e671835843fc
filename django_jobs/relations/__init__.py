"""Jobs that belong together: what a task declares about them, without the broker's part."""
