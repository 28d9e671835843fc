"""Other packages for Django, each on a small site of its own."""
