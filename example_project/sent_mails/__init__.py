"""Shows the mails that a development site would have sent."""
