"""How good answers are, as numbers: what several tasks, or none alone, score by."""
