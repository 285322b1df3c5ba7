"""Language modelling: trains models that score text and continue it."""
