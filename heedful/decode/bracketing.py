"""A constraint that makes every output a tree over a sentence's words."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from heedful.shapes import EOS


@dataclass(frozen=True)
class Brackets:
    """The brackets and terminals among `size` tokens: ``opening[k]`` and ``closing[k]`` are the brackets of label k.

    Raises: ValueError, when brackets do not come in pairs, or there is no pair or no terminal.
    """

    size: int
    opening: Sequence[int]
    closing: Sequence[int]
    terminals: Sequence[int]

    def __post_init__(self) -> None:
        if len(self.opening) != len(self.closing) or not self.opening or not self.terminals:
            raise ValueError(
                f"got {len(self.opening)} opening and {len(self.closing)} closing brackets and {len(self.terminals)} "
                "terminals: expected as many closing as opening ones, and at least one of each."
            )


@dataclass(frozen=True, eq=False)
class BracketState:
    """The state of each output. Axis letters here: R outputs, N the largest number of open constituents.

    `open` is a stack of the labels of open constituents, the outermost first, and `depth` its height. `words` and
    `room` are the numbers of words and of tokens (EOS included) that are left. `run` counts consecutive opening
    brackets up to the last token. `said` is false before the first token.
    """

    open: Int[Tensor, "R N"]
    depth: Int[Tensor, " R"]
    words: Int[Tensor, " R"]
    room: Int[Tensor, " R"]
    run: Int[Tensor, " R"]
    said: Bool[Tensor, " R"]


class Bracketing:
    """Each row's output is one tree, such as ``( A x ( B x )B )A``, with one terminal for each of the row's `words`.

    The labels of brackets match, no constituent is empty, and one tree contains all words. At most `deepest`
    constituents are open at once, and at most `run` opening brackets follow each other, which bounds unary chains. An
    opening bracket is allowed only if all that must follow it still fits, so that every output ends within the length
    limit of the search. The only output of a row without words is EOS.
    """

    def __init__(self, brackets: Brackets, words: Int[Tensor, " B"], *, deepest: int = 50, run: int = 8) -> None:
        """Raises: ValueError, when a bound is below 1."""
        if min(deepest, run) < 1:
            raise ValueError(f"deepest is {deepest} and run {run}, expected at least 1.")
        size, opening, closing = brackets.size, list(brackets.opening), list(brackets.closing)
        kinds = torch.zeros(4, size, dtype=torch.bool)
        for kind, tokens in enumerate((opening, closing, list(brackets.terminals), [EOS])):
            kinds[kind, tokens] = True
        self._opens, self._closes, self._terminals, self._end = kinds
        self._label = torch.zeros(size, dtype=torch.long)
        self._label[opening] = torch.arange(len(opening))
        self._closing = torch.tensor(closing)
        self._words, self._deepest, self._run = words, deepest, run

    def start(self, limits: Int[Tensor, " B"]) -> BracketState:
        """The state before the first token.

        Raises: ValueError, when a limit is too small for the words, a pair of brackets and EOS.
        """
        words, rows = self._words.to(limits.device), limits.shape[0]
        # The smallest tree of n words has n + 3 tokens: the words, a pair of brackets, and EOS.
        short = (limits < words + 3).nonzero().squeeze(1)
        if short.shape[0]:
            worst = short[int(words[short].argmax())]
            most, count = int(limits[worst]), int(words[worst])
            raise ValueError(f"max_length is {most}, but a tree of {count} words takes at least {count + 3}.")
        zeros = torch.zeros_like(words)
        return BracketState(
            open=zeros.new_zeros(rows, self._deepest),
            depth=zeros,
            words=words,
            room=limits.to(words.dtype),
            run=zeros,
            said=zeros > 0,
        )

    def allowed(self, state: BracketState) -> Bool[Tensor, "R V"]:
        """Which tokens may come next."""
        kinds = (
            (self._may_open(state), self._opens),
            (self._may_close(state), self._closes & self._is_top(state)),
            (self._may_add_word(state), self._terminals),
            ((state.depth == 0) & (state.said | (state.words == 0)), self._end),
        )
        return torch.stack([may.unsqueeze(1) & tokens.to(may.device) for may, tokens in kinds]).any(0)

    def advance(self, state: BracketState, token: Int[Tensor, " R"]) -> BracketState:
        """The state after one token per row."""
        opens, closes, is_word = (
            kind.to(token.device)[token].long() for kind in (self._opens, self._closes, self._terminals)
        )
        # Search also advances outputs of probability 0, which broke the rule: indices are clamped to stay in range.
        top = state.depth.clamp_max(self._deepest - 1).unsqueeze(1)
        label = torch.where(opens > 0, self._label.to(token.device)[token], state.open.gather(1, top).squeeze(1))
        return BracketState(
            open=state.open.scatter(1, top, label.unsqueeze(1)),
            depth=(state.depth + opens - closes).clamp(0, self._deepest),
            words=(state.words - is_word).clamp_min(0),
            room=state.room - 1,
            run=(state.run + 1) * opens,
            said=torch.ones_like(state.said),
        )

    def _may_open(self, state: BracketState) -> Bool[Tensor, " R"]:
        """Whether a constituent may open: there must be a word for it, and room for all tokens that must follow."""
        # After this token: every remaining word, the closing brackets of all open constituents and of this one, EOS.
        fits = state.room - 1 >= state.words + state.depth + 2
        shallow = (state.depth < self._deepest) & (state.run < self._run)
        return (state.words > 0) & ((state.depth > 0) | ~state.said) & fits & shallow

    def _may_close(self, state: BracketState) -> Bool[Tensor, " R"]:
        """Whether the innermost constituent may close."""
        # Directly after an opening bracket it would be empty. The outermost one must contain all words.
        return (state.depth > 0) & (state.run == 0) & ((state.depth > 1) | (state.words == 0))

    def _may_add_word(self, state: BracketState) -> Bool[Tensor, " R"]:
        return (state.depth > 0) & (state.words > 0)

    def _is_top(self, state: BracketState) -> Bool[Tensor, "R V"]:
        """Which token is the closing bracket of each row's innermost constituent."""
        label = state.open.gather(1, (state.depth - 1).clamp_min(0).unsqueeze(1))
        closing = self._closing.to(label.device)[label]
        return torch.arange(self._closes.shape[0], device=label.device) == closing
