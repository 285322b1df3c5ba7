"""A pretrained model, which scores text and provides initial weights for a classifier."""

from collections.abc import Iterable, Sequence

from heedful.data.document import as_document
from heedful.data.stream import Segment, collate_segments, split_documents
from heedful.task.answering import answering
from heedful.task.base import TOKENISER, Predictor
from heedful.task.batches import summed_loss
from heedful.task.inputs import as_texts
from heedful.task.pretrain.config import PretrainRunConfig

_TOKENS = 8192  # padded tokens of a batch


class Pretrained(Predictor[PretrainRunConfig]):
    """A model trained on unlabelled text, with its tokeniser and settings."""

    def predict(self, texts: Iterable[str]) -> list[float]:
        """The mean negative log-likelihood of a token of each text in nats; 0 for an empty text.

        Raises: UserError, for a single text, and for an item that is no text.
        """
        means: list[float] = []
        for text in as_texts(texts):
            total, count = self.nll(self.runs([text]))
            means.append(total / max(1, count))
        return means

    def runs(self, texts: Sequence[str]) -> list[Segment]:
        """Texts as segments of ids, of at most one window each."""
        return split_documents((self.ids(text) for text in texts), self.config.data.window)

    def ids(self, text: str) -> list[int]:
        """A text as a classifier reads it, without truncation."""
        # `as_document` needs a limit. Tokens shorter than a character are rare, so that this one hardly ever applies.
        document, _ = as_document(text, self.parts[TOKENISER], longest=max(1, len(text)))
        return [index for sentence in document.sentences for index in sentence]

    def nll(self, runs: Sequence[Segment]) -> tuple[float, int]:
        """The total negative log-likelihood of the runs' targets in nats, and the number of targets."""
        with answering(self.model, "auto"):
            return summed_loss(
                self.model, [len(run.ids) for run in runs], lambda rows: collate_segments(runs, rows), tokens=_TOKENS
            )
