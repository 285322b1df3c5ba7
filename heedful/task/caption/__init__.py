"""Captioning: says what is on a picture, and where it looked for each word."""
