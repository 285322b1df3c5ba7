"""Chat: dialogues in, a partner out that replies, with where it looks."""
