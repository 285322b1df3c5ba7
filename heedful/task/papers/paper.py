"""A paper, and how it is cited."""

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
