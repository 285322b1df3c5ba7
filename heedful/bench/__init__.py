"""`heedful bench`: times attention beside its peers, in one process and in turns, after a check of all results."""
