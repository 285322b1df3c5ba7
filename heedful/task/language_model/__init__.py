"""Text in, a model out that says how likely text is and goes on with it."""
