"""The papers behind the models, as one cites them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper at a conference; `authors` are written "Given Family", `arxiv` is its number there."""

    authors: tuple[str, ...]
    title: str
    venue: str
    year: int
    arxiv: str

    def __str__(self) -> str:
        others = " et al." if len(self.authors) > 1 else ""
        return f"{self._first_family}{others} {self.year}, arXiv:{self.arxiv}"

    def bibtex(self) -> str:
        """The entry for a bibliography."""
        fields = {
            "author": " and ".join(self.authors),
            "title": f"{{{self.title}}}",
            "booktitle": self.venue,
            "year": str(self.year),
            "eprint": self.arxiv,
            "archivePrefix": "arXiv",
        }
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        return f"@inproceedings{{{self._first_family.lower()}{self.year},\n{lines}}}"

    @property
    def _first_family(self) -> str:
        return self.authors[0].split()[-1]


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
