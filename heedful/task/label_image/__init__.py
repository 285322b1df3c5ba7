"""Labelling pictures: trains classifiers that choose where to look, and shows where they looked."""
