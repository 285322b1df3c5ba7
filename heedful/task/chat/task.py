"""Chat: replies to dialogues."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heedful.data.batch import collate
from heedful.data.bucket import lengths_of
from heedful.data.columns import Columns
from heedful.data.dialogue import (
    Dialogue,
    MarkedTokeniser,
    PreparedReplies,
    Replies,
    Turn,
    check_dialogues,
    exchanges,
    prepare_replies,
    read_candidates,
    read_contexts,
    read_dialogues,
)
from heedful.data.dialogue.read import COLUMNS, INPUT_COLUMNS
from heedful.data.report import Report
from heedful.data.tokenise import load_tokeniser
from heedful.metric.perplexity import perplexity
from heedful.task.base import SEQ_TO_SEQ, TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.options import OPTIONS
from heedful.task.chat.partner import Partner, Reply
from heedful.task.chat.score import evaluate, likelihood_of
from heedful.task.hold_out import Strata
from heedful.task.tokenisers import learn_tokeniser
from heedful.watch import Map


class Chat(Task[list[Dialogue], Replies]):
    """Replies to dialogues."""

    summary = "trains a chat partner on dialogues"
    files = (
        "a .jsonl file with turns, or with context and reply; .tsv or .csv with context and reply; or .txt "
        "with one turn a line and a blank line between dialogues, or as in the dialog bAbI tasks; each may be .gz"
    )
    config = ChatConfig
    predictor = Partner
    options = OPTIONS
    model_methods = SEQ_TO_SEQ
    usage = Usage(
        "a partner in talk,",
        "Talk to it, reply to a file of contexts, or see its attention",
        (
            "heedful chat {run}",
            "heedful predict {run} FILE > OUT",
            'heedful show {run} "a turn" "the reply to it" "the next turn"',
        ),
        ("partner", 'print(partner.predict([["a turn"]])[0].text)'),
    )
    show_takes = None

    def read(self, config: ChatConfig, files: Files) -> list[Dialogue]:
        """The dialogues in the files."""
        labels = frozenset[str]() if files.split is None else None
        return read_dialogues(files.paths, replace(COLUMNS, order=config.data.columns, trained_labels=labels))

    def columns(self, config: ChatConfig) -> Columns:
        """The columns context and reply."""
        return COLUMNS

    def strata(self, config: ChatConfig, raw: list[Dialogue]) -> Strata:
        """Only dialogues that have a reply to learn can be held out.

        Raises: UserError, when no speaker has the name in ``data.learn``.
        """
        # By identity, since two dialogues may have the same text.
        with_reply = {
            id(exchange.dialogue)
            for exchange in exchanges(raw, config.data.learn)
            if exchange.reply.text and any(turn.text for turn in exchange.context)
        }
        return Strata("dialogues with a reply", usable=[id(dialogue) in with_reply for dialogue in raw])

    def learn(self, config: ChatConfig, raw: list[Dialogue]) -> Parts:
        """The tokeniser, learnt from all turns."""
        texts = [turn.text for dialogue in raw for turn in dialogue.turns]
        tokeniser = learn_tokeniser(config.data.text, texts, lowercase=config.data.lowercase)
        return {TOKENISER: MarkedTokeniser(tokeniser)}

    def load_parts(self, config: ChatConfig, folder: Path) -> Parts:
        """The tokeniser in a run folder."""
        return {TOKENISER: MarkedTokeniser(load_tokeniser(folder, TOKENISER))}

    def sizes(self, config: ChatConfig, parts: Parts) -> Mapping[str, Any]:
        """The sizes of both vocabularies: speaker marks are read but never generated."""
        return {"source_size": parts[TOKENISER].size, "target_size": parts[TOKENISER].base.size}

    def prepare(self, predictor: Partner, train: list[Dialogue], valid: list[Dialogue]) -> Prepared[Replies]:
        """Encodes replies with their contexts; warns of what is left out or truncated."""
        learnt, validated = (prepared(predictor, dialogues) for dialogues in (train, valid))
        warnings = [f"training: {note}" for note in learnt.warnings]
        warnings += [f"validation: {note}" for note in validated.warnings]
        examples = Bucketed(learnt.examples, lengths_of(learnt.examples), collate)
        return Prepared(examples, validated.examples[: predictor.config.data.valid_most], warnings)

    def measure(self, predictor: Partner, valid: Replies) -> Mapping[str, float]:
        """The loss per token in nats, and the perplexity."""
        total, tokens = likelihood_of(predictor, valid)
        loss = -total / max(1, tokens)
        return {"loss": loss, "perplexity": perplexity(loss)}

    def watch(self, predictor: Partner, valid: Replies) -> Callable[[], Map | None]:
        """The map of a reply of about eight words."""
        # Short enough to be drawn in a terminal. Examples are made when they are read, so only some are searched.
        example = min(valid[:200], key=lambda reply: abs(len(reply.target) - 8) + abs(len(reply.source) - 20))
        return lambda: predictor.word_map(example, predictor.maps([example])[0])

    def questions(self, config: ChatConfig, file: str) -> Iterator[tuple[Turn, ...]]:
        """Contexts: one turn per line, JSON with several turns, a table's column, or the turns of dialog bAbI files."""
        return read_contexts(file, replace(INPUT_COLUMNS, order=config.data.columns, trained_labels=frozenset()))

    def answer(
        self,
        predictor: Partner,
        questions: Sequence[tuple[Turn, ...]],
        *,
        first: int,
        maps: bool,
        every: bool,
        options: Options,
    ) -> list[Answer]:
        """Replies; an empty context gets an empty reply."""
        replies = predictor.predict(questions, beam=options.get("beam"), attention=maps)
        limit = predictor.config.data.max_context
        answers = [
            _answered(reply, f"context {number} is long; only its last {limit} tokens were read")
            for number, reply in enumerate(replies, start=first)
        ]
        if not (maps and every):
            return answers
        every_map = map(predictor.every_map, questions, replies)
        return [replace(answer, maps=heads) for answer, heads in zip(answers, every_map, strict=True)]

    def show(self, predictor: Partner, texts: Sequence[str], *, every: bool, options: Options) -> list[Answer]:
        """The reply to these turns of two alternating speakers, and its attention map."""
        reply = predictor.predict([texts], beam=options.get("beam"))[0]
        answer = _answered(reply, f"long; only the last {predictor.config.data.max_context} tokens were read")
        if every and reply.words is not None:
            return [replace(answer, maps=predictor.every_map(list(texts), reply))]
        return [answer]

    def score(self, predictor: Partner, raw: list[Dialogue], options: Options) -> dict[str, Any]:
        """Perplexity, token accuracy, exact replies, and recall of the true reply among candidates."""
        file = options.get("candidates")
        candidates = None if file is None else read_candidates(Path(file))
        return evaluate(predictor, raw, beam=options.get("beam"), candidates=candidates)

    def report(self, config: ChatConfig, raw: list[Dialogue], parts: Parts) -> Report:
        """Counts, speakers, lengths, single and empty turns, truncated contexts and repetitions."""
        data = config.data
        return check_dialogues(raw, parts[TOKENISER], data.context_limit, learn=data.learn, max_reply=data.max_reply)


def prepared(partner: Partner, dialogues: Sequence[Dialogue]) -> PreparedReplies:
    """The replies of dialogues, encoded for training."""
    data = partner.config.data
    return prepare_replies(dialogues, partner.tokeniser, data.context_limit, learn=data.learn, max_reply=data.max_reply)


def _answered(reply: Reply, note: str) -> Answer:
    record = {"reply": reply.text, "score": round(reply.score, 4)}
    return Answer(reply.text, (reply.words,) if reply.words else (), note if reply.is_cut else None, record)
