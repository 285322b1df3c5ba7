"""The papers behind the language models."""

from heedful.task.papers.paper import Paper

FRUSTRATINGLY_SHORT = Paper(
    ("Michał Daniluk", "Tim Rocktäschel", "Johannes Welbl", "Sebastian Riedel"),
    "Frustratingly Short Attention Spans in Neural Language Modeling",
    "International Conference on Learning Representations",
    2017,
    "1702.04521",
)

LSTM_LANGUAGE_MODEL = Paper(
    ("Wojciech Zaremba", "Ilya Sutskever", "Oriol Vinyals"),
    "Recurrent Neural Network Regularization",
    "arXiv preprint",
    2014,
    "1409.2329",
)
