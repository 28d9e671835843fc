"""The feedback board: posts, votes, comments, moderation."""
