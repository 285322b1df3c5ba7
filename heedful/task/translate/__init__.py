"""Translation: sentence pairs in, a translator out, with where it looks."""
