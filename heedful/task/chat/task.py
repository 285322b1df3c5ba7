"""Chat: what was said in, a reply out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from heedful.data.batch import collate
from heedful.data.bucket import lengths_of
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
from heedful.data.report import Report
from heedful.data.tokenise import load_tokeniser
from heedful.metric.perplexity import perplexity
from heedful.task.base import STEPWISE, TOKENISER, Answer, Files, Options, Parts, Prepared, Task, Usage
from heedful.task.batches import Bucketed
from heedful.task.chat.config import ChatConfig
from heedful.task.chat.options import OPTIONS
from heedful.task.chat.partner import Partner, Reply
from heedful.task.chat.score import evaluate, likelihood_of
from heedful.task.hold_out import Strata
from heedful.task.tokenisers import learn_tokeniser
from heedful.watch import Map


class Chat(Task[list[Dialogue], Replies]):
    """What was said in, a reply out."""

    summary = "dialogues in, a partner out that replies"
    files = (
        "a .jsonl file with turns, or with context and reply; .tsv or .csv with context and reply; or .txt "
        "with one turn a line and a blank line between dialogues, or as in the dialog bAbI tasks; each may be .gz"
    )
    config = ChatConfig
    predictor = Partner
    options = OPTIONS
    model_methods: ClassVar[Mapping[str, str]] = {
        **STEPWISE,
        "logits": "logits(source, lengths, target_in) -> [B, T, V]",
    }
    usage = Usage(
        "a partner in talk,",
        "Talk to it, reply to a file of contexts, or see where it looks",
        (
            "heedful chat {run}",
            "heedful predict {run} FILE > OUT",
            'heedful show {run} "a turn" "the reply to it" "the next turn"',
        ),
        ("partner", 'print(partner.predict([["a turn"]])[0].text)'),
    )
    show_takes = None

    def read(self, config: ChatConfig, files: Files) -> list[Dialogue]:
        """The dialogues."""
        return read_dialogues(files.paths)

    def strata(self, config: ChatConfig, raw: list[Dialogue]) -> Strata:
        """Dialogues that have a reply to learn, and others, which stay in training.

        Raises: UserError, when nobody is called as the speaker who is learnt.
        """
        found = exchanges(raw, config.data.learn)
        told = {id(one.dialogue) for one in found if one.reply.text and any(turn.text for turn in one.context)}
        return Strata("dialogues with a reply", usable=[id(dialogue) in told for dialogue in raw])

    def learn(self, config: ChatConfig, raw: list[Dialogue]) -> Parts:
        """The tokeniser, from all turns."""
        texts = [turn.text for dialogue in raw for turn in dialogue.turns]
        tokeniser = learn_tokeniser(config.data.text, texts, lowercase=config.data.lowercase)
        return {TOKENISER: MarkedTokeniser(tokeniser)}

    def load_parts(self, config: ChatConfig, folder: Path) -> Parts:
        """The tokeniser that lies in a run folder."""
        return {TOKENISER: MarkedTokeniser(load_tokeniser(folder, TOKENISER))}

    def sizes(self, config: ChatConfig, parts: Parts) -> Mapping[str, Any]:
        """How many tokens are read, and how many are said: marks are read and never said."""
        return {"source_size": parts[TOKENISER].size, "target_size": parts[TOKENISER].base.size}

    def prepare(self, predictor: Partner, train: list[Dialogue], valid: list[Dialogue]) -> Prepared[Replies]:
        """Replies as ids, each after what was said before; what is left out or cut is told."""
        learnt, judged = (prepared(predictor, dialogues) for dialogues in (train, valid))
        warnings = [f"training: {note}" for note in learnt.warnings]
        warnings += [f"validation: {note}" for note in judged.warnings]
        examples = Bucketed(learnt.examples, lengths_of(learnt.examples), collate)
        return Prepared(examples, judged.examples[: predictor.config.data.valid_most], warnings)

    def measure(self, predictor: Partner, valid: Replies) -> Mapping[str, float]:
        """The loss of a token of the replies in nats, and the perplexity that it makes."""
        total, tokens = likelihood_of(predictor, valid)
        loss = -total / max(1, tokens)
        return {"loss": loss, "perplexity": perplexity(loss)}

    def watch(self, predictor: Partner, valid: Replies) -> Callable[[], Map | None]:
        """Where the model looks while it says a reply of about eight words."""
        example = min(valid[:200], key=lambda one: abs(len(one.target) - 8) + abs(len(one.source) - 20))
        return lambda: predictor.word_map(example, predictor.maps([example])[0])

    def questions(self, config: ChatConfig, file: str) -> Iterator[tuple[Turn, ...]]:
        """Contexts: a turn a line, JSON with several, the column of a table, or what dialog bAbI's bot replies to."""
        return read_contexts(file)

    def answer(
        self, predictor: Partner, questions: Sequence[tuple[Turn, ...]], *, first: int, maps: bool, options: Options
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

    def score(self, predictor: Partner, raw: list[Dialogue], options: Options) -> dict[str, Any]:
        """Perplexity, token accuracy, replies found exactly, and the true reply's rank among others."""
        file = options.get("candidates")
        candidates = None if file is None else read_candidates(Path(file))
        return evaluate(predictor, raw, beam=options.get("beam"), candidates=candidates)

    def report(self, config: ChatConfig, raw: list[Dialogue], parts: Parts) -> Report:
        """Counts, speakers, lengths, single and empty turns, contexts that are cut, repetitions."""
        data = config.data
        return check_dialogues(raw, parts[TOKENISER], data.window, learn=data.learn, max_reply=data.max_reply)


def prepared(partner: Partner, dialogues: Sequence[Dialogue]) -> PreparedReplies:
    """The replies of dialogues as the partner learns them."""
    data = partner.config.data
    return prepare_replies(dialogues, partner.tokeniser, data.window, learn=data.learn, max_reply=data.max_reply)


def _answered(found: Reply, note: str) -> Answer:
    record = {"reply": found.text, "score": round(found.score, 4)}
    return Answer(found.text, (found.words,) if found.words else (), note if found.is_cut else None, record)
