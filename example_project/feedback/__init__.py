"""The feedback board: boards, posts, votes, comments, moderation."""
