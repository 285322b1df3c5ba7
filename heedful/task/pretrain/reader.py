"""What pretraining leaves: a model with its tokeniser, which says how well it knows a text, and begins a classifier."""

from collections.abc import Sequence

from heedful.data.document import as_document
from heedful.data.stream import Segment, collate_segments, split_documents
from heedful.task.answering import answering
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import summed_loss
from heedful.task.pretrain.config import PretrainRunConfig

_TOKENS = 8192  # padded tokens of a batch


class Reader(Predictor[PretrainRunConfig]):
    """A model that was trained on text without labels, with its tokeniser and settings."""

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
        document, _ = as_document(text, self.parts[TOKENISER], longest=max(1, len(text)))
        return [index for sentence in document.sentences for index in sentence]

    def nll(self, runs: Sequence[Segment]) -> tuple[float, int]:
        """The negative log-likelihood of the runs' targets, in nats, and how many there are."""
        with answering(self.model, "auto"):
            return summed_loss(
                self.model, [len(run.ids) for run in runs], lambda rows: collate_segments(runs, rows), tokens=_TOKENS
            )
