"""What somebody else wrote into Redis, or into a form, harms nothing but itself."""
