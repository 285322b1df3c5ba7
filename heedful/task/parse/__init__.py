"""Parsing: sentences in, constituency trees out, said symbol by symbol."""
