"""Classification: trains classifiers that show which words and sentences a label is based on."""
