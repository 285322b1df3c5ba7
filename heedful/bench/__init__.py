"""`heedful bench`: attention beside its peers, in one process, in turns, after a check that all answer alike."""
