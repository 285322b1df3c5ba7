"""Check an attention of your own: an exact oracle, the laws, and an error budget.

    check_score(my_score, query_dim=64, key_dim=32)      # every law, on a score of your own

`oracle` is attention in NumPy float64 and plain loops; `laws` are properties that must always hold; `tolerance` says
how exact an engine has to be. They need nothing beyond heedful's own requirements.
"""

from heedful.testing.laws import check_attention, check_score
from heedful.testing.mechanism import LawBroken, Mechanism, Sample
from heedful.testing.tolerance import OverBudget, within_budget

__all__ = ["LawBroken", "Mechanism", "OverBudget", "Sample", "check_attention", "check_score", "within_budget"]
