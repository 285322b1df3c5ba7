"""A paper, and how it is cited."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper; `authors` are written "Given Family"; `arxiv` is its number there, or `doi` the publisher's."""

    authors: tuple[str, ...]
    title: str
    venue: str
    year: int
    arxiv: str = ""
    doi: str = ""

    def __str__(self) -> str:
        others = " et al." if len(self.authors) > 1 else ""
        place = f"arXiv:{self.arxiv}" if self.arxiv else f"doi:{self.doi}"
        return f"{self._first_family}{others} {self.year}, {place}"

    def bibtex(self) -> str:
        """The entry for a bibliography."""
        fields = {
            "author": " and ".join(self.authors),
            "title": f"{{{self.title}}}",
            "booktitle": self.venue,
            "year": str(self.year),
        }
        fields |= {"eprint": self.arxiv, "archivePrefix": "arXiv"} if self.arxiv else {"doi": self.doi}
        lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
        return f"@inproceedings{{{self._first_family.lower()}{self.year},\n{lines}}}"

    @property
    def _first_family(self) -> str:
        return self.authors[0].split()[-1]
