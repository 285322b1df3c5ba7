"""Models: assembly only, one file or folder a family."""
