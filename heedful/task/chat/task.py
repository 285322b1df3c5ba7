"""Chat as the command line sees it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.dialogue import Turn, check_dialogues, read_candidates, read_contexts, read_dialogues
from heedful.data.report import Report
from heedful.task.base import Answer, Options, Shown, Trained
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.models import MODELS
from heedful.task.chat.partner import Partner, Reply, load
from heedful.task.config import as_paths, expect_files
from heedful.task.models import Models


class Chat:
    """What was said in, a reply out."""

    name = "chat"
    summary = "dialogues in, a partner out that replies"
    files = (
        "a .jsonl file with turns, or with context and reply; .tsv or .csv with context and reply; or .txt "
        "with one turn a line and a blank line between dialogues, or as in the dialog bAbI tasks; each may be .gz"
    )
    question = "turn"
    pairs_of_files = True
    options: ClassVar[Mapping[str, frozenset[str]]] = {
        "predict": frozenset({"beam"}),
        "eval": frozenset({"beam", "candidates"}),
        "show": frozenset({"beam"}),
    }
    models: Models = MODELS
    config = ChatConfig

    def train(self, config: ChatConfig, out: Path, *, resume: bool, shown: Shown, options: Options) -> Trained:
        """Reads the dialogues, holds some out if there are none for validation, and trains."""
        from heedful.task.chat.fit import Talks, train_partner

        expect_files(config.data, self.files)
        data = config.data
        train, valid, test = (
            read_dialogues(as_paths(files)) if files else [] for files in (data.train, data.valid, data.test)
        )
        return train_partner(config, Talks(train, valid, test), out, resume=resume, shown=shown)

    def load(self, folder: Path, device: str, changes: Mapping[str, Any]) -> Partner:
        """The partner of a run folder."""
        return load(folder, device, changes)

    def questions(self, config: ChatConfig, file: str) -> Iterator[tuple[Turn, ...]]:
        """Contexts: a turn a line, JSON with several, the column of a table, or what dialog bAbI's bot replies to."""
        return read_contexts(file)

    def answer(
        self,
        predictor: Partner,
        questions: Sequence[tuple[Turn, ...]],
        *,
        first: int,
        maps: bool,
        options: Options,
    ) -> list[Answer]:
        """Replies; a context without a word has an empty one."""
        found = predictor.predict(questions, beam=options.get("beam"), attention=maps)
        limit = predictor.config.data.max_context
        return [
            _answered(one, f"context {number} is long; only its last {limit} tokens were read")
            for number, one in enumerate(found, start=first)
        ]

    def show(self, predictor: Partner, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The reply to these turns, the last of them the other's, and where the model looked for every word of it."""
        found = predictor.predict([texts], beam=options.get("beam"))[0]
        answer = _answered(found, f"long; only the last {predictor.config.data.max_context} tokens were read")
        if every and found.words is not None:
            return [Answer(answer.text, list(found.words.of_heads()), answer.note, answer.record)]
        return [answer]

    def evaluate(self, predictor: Partner, files: Sequence[Path], *, options: Options) -> dict[str, Any]:
        """Perplexity, token accuracy, replies found exactly, and the true reply's rank among others."""
        from heedful.task.chat.score import evaluate

        file = options.get("candidates")
        candidates = None if file is None else read_candidates(file)
        return evaluate(predictor, read_dialogues(files), beam=options.get("beam"), candidates=candidates)

    def check(self, files: Sequence[Path], config: ChatConfig, predictor: Partner | None) -> Report:
        """Counts, speakers, lengths, single and empty turns, contexts that are cut, repetitions."""
        from heedful.task.chat.fit import make_tokeniser

        dialogues = read_dialogues(files)
        config = config if predictor is None else predictor.config
        tokeniser = make_tokeniser(config, dialogues) if predictor is None else predictor.tokeniser
        data = config.data
        return check_dialogues(dialogues, tokeniser, data.window, learn=data.learn, max_reply=data.max_reply)

    def next_commands(self, folder: str) -> list[str]:
        """Talk to it, reply to a file, see a reply."""
        return [
            f"heedful chat {folder}",
            f"heedful predict {folder} FILE > OUT",
            f'heedful show {folder} "a turn" "the reply to it" "the next turn"',
        ]


def _answered(found: Reply, note: str) -> Answer:
    record = {"reply": found.text, "score": round(found.score, 4)}
    return Answer(found.text, (found.words,) if found.words else (), note if found.is_cut else None, record)
