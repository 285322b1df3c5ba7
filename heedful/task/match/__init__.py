"""Matching pairs of texts: paraphrases, answers to questions, similar sentences."""
