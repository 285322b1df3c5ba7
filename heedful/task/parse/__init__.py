"""Parsing: models that generate constituency trees symbol by symbol."""
