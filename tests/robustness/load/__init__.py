"""As fast with a million jobs as with a thousand, and within the memory that was promised."""
