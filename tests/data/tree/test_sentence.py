"""Sentences cut into words as the Penn Treebank cuts them."""

import pytest

from heedful.data.tree.sentence import sentence_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The dog barks.", "The dog barks ."),
        ("It didn't work, he said; we'll see.", "It did n't work , he said ; we 'll see ."),
        ('"Go," she said (twice).', "`` Go , '' she said ( twice ) ."),
        ("He cannot pay $1,000.50 at 10:30.", "He can not pay $ 1,000.50 at 10:30 ."),
        ("Mr. Smith left the U.S.", "Mr. Smith left the U.S."),
        ("The dogs' owner's car -- a red one...", "The dogs ' owner 's car -- a red one ..."),
        ("Is it 50%?", "Is it 50 % ?"),
        ("   ", ""),
        ("小红 喜欢 书 。", "小红 喜欢 书 。"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert " ".join(sentence_words(text)) == words


@pytest.mark.parametrize(
    "text",
    [
        "Pierre Vinken , 61 years old , will join the board as a nonexecutive director Nov. 29 .",
        "`` There 's no question that some of those workers and managers contracted a disease , '' he said .",
        "But it does n't take much to get burned .",
        "The U.S. , he said , ca n't do it -- yet .",
    ],
)
def test_what_is_cut_already_stays(text: str) -> None:
    assert sentence_words(text) == text.split()
