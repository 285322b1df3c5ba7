"""Synthetic dialogues in which a fact is told early and asked for late, so that a model must attend to its context."""

from collections.abc import Sequence
from random import Random

from heedful.data.dialogue.turn import FIRST, SECOND, Dialogue, Turn

SLOTS = {
    "name": ("anna", "ben", "clara", "david", "emma", "felix", "greta", "hugo", "ida", "jonas", "kira", "liam"),
    "city": ("lima", "oslo", "paris", "quito", "rome", "seoul", "tunis", "vienna", "accra", "bern", "cairo", "delhi"),
    "pet": ("cat", "dog", "parrot", "rabbit", "turtle", "goldfish", "hamster", "pony", "snake", "duck", "mouse", "owl"),
}
"""The slots and their values."""

_SMALL_TALK = (
    ("how are you ?", "fine , thanks ."),
    ("nice weather today .", "yes , it is ."),
    ("are you a machine ?", "i am ."),
    ("what shall we do ?", "let us talk ."),
    ("i am tired .", "then take a rest ."),
)


def make_slot_dialogues(seed: int, count: int, *, unseen: bool = False, talk: int = 2) -> list[Dialogue]:
    """Dialogues in which one speaker tells a value for each slot and later asks for one, and the other answers.

    The second speaker repeats each value when it is told. This is easy to learn, and teaches a model to attend. `talk`
    unrelated exchanges separate the facts from the question. The order of the facts and the question are random. With
    `unseen` the combinations of values are disjoint from those without: a fifth of all, for tests. The same seed
    gives the same dialogues.
    """
    random = Random(seed)
    return [_dialogue(random, unseen, talk, f"made up {number}") for number in range(1, count + 1)]


def slot_asked(dialogue: Dialogue) -> str:
    """The value that the last reply of a dialogue has to name."""
    return dialogue.turns[-1].text.split()[-2]


def with_slot(dialogue: Dialogue, old: str, new: str) -> Dialogue:
    """The same dialogue with one value replaced by another, in the facts and in the answer."""
    turns = tuple(
        Turn(" ".join(new if word == old else word for word in turn.text.split()), turn.speaker, turn.where)
        for turn in dialogue.turns
    )
    return Dialogue(turns, dialogue.where, dialogue.first_reply)


def _dialogue(random: Random, unseen: bool, talk: int, where: str) -> Dialogue:
    values = _combination(random, unseen)
    facts = [(f"my {slot} is {value} .", f"{value} , i see .") for slot, value in zip(SLOTS, values, strict=True)]
    random.shuffle(facts)
    asked = random.randrange(len(values))
    question = (f"what is my {list(SLOTS)[asked]} ?", f"your {list(SLOTS)[asked]} is {values[asked]} .")
    pairs: Sequence[tuple[str, str]] = [*facts, *random.choices(_SMALL_TALK, k=talk), question]
    turns = tuple(Turn(text, name, where) for pair in pairs for text, name in zip(pair, (FIRST, SECOND), strict=True))
    return Dialogue(turns, where)


def _combination(random: Random, unseen: bool) -> tuple[str, ...]:
    """One value per slot, from the combinations for training or from those for tests."""
    while True:  # a fifth of the combinations is for tests, so few draws are rejected
        indices = [random.randrange(len(values)) for values in SLOTS.values()]
        if (sum(indices) % 5 == 0) == unseen:
            return tuple(values[index] for values, index in zip(SLOTS.values(), indices, strict=True))
