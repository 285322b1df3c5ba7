"""The papers behind the translators."""

from heedful.task.papers.paper import Paper

ATTENTION_IS_ALL_YOU_NEED = Paper(
    (
        "Ashish Vaswani",
        "Noam Shazeer",
        "Niki Parmar",
        "Jakob Uszkoreit",
        "Llion Jones",
        "Aidan N. Gomez",
        "Lukasz Kaiser",
        "Illia Polosukhin",
    ),
    "Attention Is All You Need",
    "Advances in Neural Information Processing Systems 30",
    2017,
    "1706.03762",
)

WEIGHTED_TRANSFORMER = Paper(
    ("Karim Ahmed", "Nitish Shirish Keskar", "Richard Socher"),
    "Weighted Transformer Network for Machine Translation",
    "Computing Research Repository",
    2017,
    "1711.02132",
)

ALIGN_AND_TRANSLATE = Paper(
    ("Dzmitry Bahdanau", "Kyunghyun Cho", "Yoshua Bengio"),
    "Neural Machine Translation by Jointly Learning to Align and Translate",
    "3rd International Conference on Learning Representations",
    2015,
    "1409.0473",
)

EFFECTIVE_APPROACHES = Paper(
    ("Minh-Thang Luong", "Hieu Pham", "Christopher D. Manning"),
    "Effective Approaches to Attention-based Neural Machine Translation",
    "Proceedings of the 2015 Conference on Empirical Methods in Natural Language Processing",
    2015,
    "1508.04025",
)

SEQUENCE_TO_SEQUENCE = Paper(
    ("Ilya Sutskever", "Oriol Vinyals", "Quoc V. Le"),
    "Sequence to Sequence Learning with Neural Networks",
    "Advances in Neural Information Processing Systems 27",
    2014,
    "1409.3215",
)

PHRASE_REPRESENTATIONS = Paper(
    (
        "Kyunghyun Cho",
        "Bart van Merrienboer",
        "Caglar Gulcehre",
        "Dzmitry Bahdanau",
        "Fethi Bougares",
        "Holger Schwenk",
        "Yoshua Bengio",
    ),
    "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
    "Proceedings of the 2014 Conference on Empirical Methods in Natural Language Processing",
    2014,
    "1406.1078",
)
