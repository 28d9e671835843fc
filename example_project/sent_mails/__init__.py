"""The mails a development site would have sent, kept to be looked at."""
