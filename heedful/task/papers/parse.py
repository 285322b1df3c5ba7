"""The papers behind the parsers."""

from heedful.task.papers.paper import Paper

GRAMMAR = Paper(
    ("Oriol Vinyals", "Lukasz Kaiser", "Terry Koo", "Slav Petrov", "Ilya Sutskever", "Geoffrey Hinton"),
    "Grammar as a Foreign Language",
    "Advances in Neural Information Processing Systems 28",
    2015,
    "1412.7449",
)

DETERMINISTIC = Paper(
    ("Chunpeng Ma", "Lemao Liu", "Akihiro Tamura", "Tiejun Zhao", "Eiichiro Sumita"),
    "Deterministic Attention for Sequence-to-Sequence Constituent Parsing",
    "Proceedings of the 31st AAAI Conference on Artificial Intelligence",
    2017,
    doi="10.1609/aaai.v31i1.10967",
)
