"""What pretraining leaves: a model with its tokeniser, which says how well it knows a text, and begins a classifier."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from heedful.data.stream import Segment, collate_segments, split_documents
from heedful.data.tokenise import Tokeniser, load_tokeniser
from heedful.model.pretrain import Pretraining
from heedful.store import save_tensors
from heedful.task.answering import answering
from heedful.task.batches import batches
from heedful.task.classify.documents import as_document
from heedful.task.config import changed_for_use
from heedful.task.folder import WEIGHTS, load_settings, quoted, save_parts, save_readme, with_weights
from heedful.task.pretrain.config import PretrainRunConfig
from heedful.task.pretrain.models import MODELS

TOKENISER = "text"
_TOKENS = 8192  # padded tokens of a batch


class Reader:
    """A model that was trained on text without labels, with its tokeniser and settings."""

    def __init__(self, config: PretrainRunConfig, model: Pretraining, tokeniser: Tokeniser) -> None:
        self.config, self.model, self.tokeniser = config, model, tokeniser

    def save(self, folder: str | Path) -> None:
        """Writes a folder that `load` reads, with a README that says how to go on.

        Raises: UserError, when a file cannot be written.
        """
        save_texts(Path(folder), self.config, self.tokeniser)
        save_tensors(Path(folder) / WEIGHTS, self.model.state_dict())

    def predict(self, texts: Sequence[str]) -> list[float]:
        """How well each text is known: nats per token, 0 for an empty text."""
        found: list[float] = []
        for text in texts:
            total, count = self.nll(self.runs([text]))
            found.append(total / max(1, count))
        return found

    def runs(self, texts: Sequence[str]) -> list[Segment]:
        """Texts as the model learns them: sentences of ids one after the other, a window at a time."""
        return split_documents((self.ids(text) for text in texts), self.config.data.window)

    def ids(self, text: str) -> list[int]:
        """A text as a classifier reads it, in one row, however long."""
        document, _ = as_document(text, self.tokeniser, longest=max(1, len(text)))
        return [index for sentence in document.sentences for index in sentence]

    def nll(self, runs: Sequence[Segment]) -> tuple[float, int]:
        """The negative log-likelihood of the runs' targets, in nats, and how many there are."""
        total, tokens = 0.0, 0
        device = next(self.model.parameters()).device
        with answering(self.model, "auto"):
            for rows in batches([len(run.ids) for run in runs], _TOKENS):
                loss = self.model.loss(collate_segments(runs, rows).to(device))
                total, tokens = total + float(loss.nll), tokens + loss.tokens
        return total, tokens


def build_model(config: PretrainRunConfig, size: int) -> Pretraining:
    """The model that the settings describe, with fresh weights, for a vocabulary of `size`."""
    model = MODELS.named(config.model.name)[1].family.build(config.model.settings, size)
    assert isinstance(model, Pretraining)
    return model


def save_texts(folder: Path, config: PretrainRunConfig, tokeniser: Tokeniser) -> None:
    """Writes all of a run folder but the weights.

    Raises: UserError, when a file cannot be written.
    """
    save_parts(folder, config, {TOKENISER: tokeniser})
    write_readme(folder, config, {})


def write_readme(folder: Path, config: PretrainRunConfig, results: Mapping[str, Any]) -> None:
    """Writes what the run is, what it reached, and the next commands."""
    usage = [
        "Begin a classifier with its words and recurrent layers:",
        "",
        f"    heedful train classify --start {quoted(folder)} --train FILE --out DIR",
    ]
    save_readme(folder, title=f"{config.model.name}: pretrained with heedful", results=results, usage=usage)


def load(folder: Path, device: str = "cpu", changes: Mapping[str, Any] | None = None) -> Reader:
    """What pretraining has left in a run folder.

    Raises: UserError, when the folder or a file in it is missing or damaged.
    """
    config = changed_for_use(load_settings(PretrainRunConfig, folder), changes or {}, ())
    tokeniser = load_tokeniser(folder, TOKENISER)
    model = with_weights(build_model(config, tokeniser.size), folder, device)
    return Reader(config, model, tokeniser)
