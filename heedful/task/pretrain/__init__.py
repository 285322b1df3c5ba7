"""Pretraining: texts without labels in, the words and recurrent layers of a classifier to be out (SA-LSTM)."""
