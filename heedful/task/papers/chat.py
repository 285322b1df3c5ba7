"""The paper behind models that reply."""

from heedful.task.papers.paper import Paper

NEURAL_CONVERSATION = Paper(
    ("Oriol Vinyals", "Quoc V. Le"),
    "A Neural Conversational Model",
    "ICML Deep Learning Workshop",
    2015,
    "1506.05869",
)
