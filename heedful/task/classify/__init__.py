"""Classification: labelled texts in, a classifier out, with the words and sentences that it went by."""
