"""A paper, and how it is cited."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper; `authors` are written "Given Family"; `arxiv` is its number there, or `doi` the publisher's.

    `venue` is a book of proceedings, or a journal where there is a `volume`.
    """

    authors: tuple[str, ...]
    title: str
    venue: str
    year: int
    arxiv: str = ""
    doi: str = ""
    volume: str = ""

    def __str__(self) -> str:
        others = " et al." if len(self.authors) > 1 else ""
        place = f"arXiv:{self.arxiv}" if self.arxiv else f"doi:{self.doi}"
        return f"{self._first_family}{others} {self.year}, {place}"

    def bibtex(self) -> str:
        """The entry for a bibliography."""
        fields = {
            "author": " and ".join(map(_inverted, self.authors)),
            "title": f"{{{self.title}}}",
            "journal" if self.volume else "booktitle": self.venue,
            "year": str(self.year),
        }
        fields |= {"volume": self.volume} if self.volume else {}
        fields |= {"eprint": self.arxiv, "archivePrefix": "arXiv"} if self.arxiv else {"doi": self.doi}
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        kind = "article" if self.volume else "inproceedings"
        return f"@{kind}{{{self._first_family.lower()}{self.year},\n{lines}}}"

    @property
    def _first_family(self) -> str:
        return self.authors[0].split()[-1]


def _inverted(author: str) -> str:
    """The name as BibTeX wants it: as it is, but Hal Daumé III, whose family is not called III, as Daumé, III, Hal."""
    *name, last = author.split()
    return f"{name[-1]}, {last}, {' '.join(name[:-1])}" if last in ("Jr.", "II", "III", "IV") else author
