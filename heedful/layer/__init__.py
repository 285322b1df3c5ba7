"""Layers that models are assembled from: one file a kind."""
