"""The papers behind the models of text pairs."""

from heedful.task.papers.paper import Paper

ABCNN = Paper(
    ("Wenpeng Yin", "Hinrich Schütze", "Bing Xiang", "Bowen Zhou"),
    "ABCNN: Attention-Based Convolutional Neural Network for Modeling Sentence Pairs",
    "Transactions of the Association for Computational Linguistics 4",
    2016,
    "1512.05193",
)

INFERSENT = Paper(
    ("Alexis Conneau", "Douwe Kiela", "Holger Schwenk", "Loïc Barrault", "Antoine Bordes"),
    "Supervised Learning of Universal Sentence Representations from Natural Language Inference Data",
    "Proceedings of the 2017 Conference on Empirical Methods in Natural Language Processing",
    2017,
    "1705.02364",
)

ESIM = Paper(
    ("Qian Chen", "Xiaodan Zhu", "Zhen-Hua Ling", "Si Wei", "Hui Jiang", "Diana Inkpen"),
    "Enhanced LSTM for Natural Language Inference",
    "Proceedings of the 55th Annual Meeting of the Association for Computational Linguistics",
    2017,
    "1609.06038",
)

DECOMPOSABLE = Paper(
    ("Ankur Parikh", "Oscar Täckström", "Dipanjan Das", "Jakob Uszkoreit"),
    "A Decomposable Attention Model for Natural Language Inference",
    "Proceedings of the 2016 Conference on Empirical Methods in Natural Language Processing",
    2016,
    "1606.01933",
)
