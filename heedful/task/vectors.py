"""Initialises word embeddings from a file of pretrained vectors."""

from pathlib import Path

from heedful.data.tokenise import SPECIAL, Tokeniser
from heedful.data.vectors import read_vectors, vectors_width
from heedful.errors import UserError
from heedful.model.text import WordVectors


def begin_from(words: WordVectors, file: Path, tokeniser: Tokeniser) -> str:
    """Initialises embeddings from the vectors in a file; returns a line that says how many were found.

    Raises: UserError, when their width differs from the model's, or no piece of the vocabulary is in the file.
    """
    width, embed = vectors_width(file), words.embedding.embedding_dim
    if width != embed:
        raise UserError(
            f"a word has {width} numbers, but the model's embed is {embed}",
            where=str(file),
            hint=f"leave embed out of the settings, or set it to {width}",
        )
    vectors, known = read_vectors(file, tokeniser.pieces(range(tokeniser.size)))
    pieces, known_pieces = tokeniser.size - len(SPECIAL), int(known[len(SPECIAL) :].sum())
    if not known_pieces:
        raise UserError(
            f"none of the {pieces} pieces of the vocabulary is in this file",
            where=str(file),
            hint="expected words of the texts' language, split as the tokeniser does (data.text.tokeniser)",
        )
    words.start_from(vectors, known)
    return f"vectors: {known_pieces} of {pieces} pieces of the vocabulary are in {file}"
