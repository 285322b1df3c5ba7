"""Models that compare two texts: convolutions with attention between them, a siamese network, cross-attention."""
