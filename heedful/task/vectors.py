"""Training that begins from word vectors learned elsewhere: they must fit the model, and have some of its words."""

from pathlib import Path

from heedful.data.tokenise import SPECIAL, Tokeniser
from heedful.data.vectors import read_vectors, vectors_width
from heedful.errors import UserError
from heedful.model.text import WordVectors


def begin_from(words: WordVectors, file: Path, tokeniser: Tokeniser) -> str:
    """Begins with the vectors of a file; returns a word about how many there are.

    Raises: UserError, when they are of another width than the model's, or none is of a piece of the vocabulary.
    """
    given, wanted = vectors_width(file), words.embedding.embedding_dim
    if given != wanted:
        raise UserError(
            f"a word has {given} numbers, but the model's embed is {wanted}",
            where=str(file),
            hint=f"leave embed out of the settings, or set it to {given}",
        )
    vectors, known = read_vectors(file, tokeniser.pieces(range(tokeniser.size)))
    pieces, found = tokeniser.size - len(SPECIAL), int(known[len(SPECIAL) :].sum())
    if not found:
        raise UserError(
            f"none of the {pieces} pieces of the vocabulary is in this file",
            where=str(file),
            hint="expected vectors of the texts' language, of words as the tokeniser makes them (data.text.tokeniser)",
        )
    words.start_from(vectors, known)
    return f"vectors: {found} of {pieces} pieces of the vocabulary are in {file}"
