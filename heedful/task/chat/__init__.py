"""Chat: trains a partner on dialogues, which replies and shows its attention."""
