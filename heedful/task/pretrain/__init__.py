"""Pretraining on unlabelled text: initial embeddings and recurrent layers for a classifier (SA-LSTM)."""
