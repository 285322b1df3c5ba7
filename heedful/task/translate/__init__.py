"""Translation: trains translators on sentence pairs, which show their attention."""
