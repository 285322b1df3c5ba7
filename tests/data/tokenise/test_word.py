"""Where words begin and end, and how print puts them together again."""

import pytest

from heedful.data.tokenise.word import WordTokeniser, join_pieces

SPLITS = {
    "Don't stop, it's 12:30!": "Don't stop , it's 12:30 !",
    "a well-known 1,000.50 fact...": "a well-known 1,000.50 fact . . .",
    "the U.S. army (at 5 a.m.)": "the U.S. army ( at 5 a.m. )",
    "Fuß- und Handball": "Fuß- und Handball",
    "我喜欢 NLP。": "我 喜 欢 NLP 。",
    "¿Qué?  «oui»\tnon": "¿ Qué ? « oui » non",
    "हिन्दी भाषा।": "हिन्दी भाषा ।",
    "so good😀": "so good 😀",
    "10 km² or 5 µm, 1º": "10 km² or 5 µm , 1º",
    "co\u00adoperate": "co\u00adoperate",
    "co\u200boperate, na\u200dme": "co\u200boperate , na\u200dme",
    "\ufeffword\u200b \u00ad \u200e(word\u2060)": "word ( word )",
    "❤\ufe0f👩\u200d💻 \u200b": "❤ 👩 💻",
    "می\u200cخواهم": "می\u200cخواهم",
    "a\u00a0b\u202fc\u3000d": "a b c d",
}


@pytest.mark.parametrize(("text", "words"), SPLITS.items())
def test_the_rule_of_splitting(text, words):
    tokeniser = WordTokeniser.train([text])
    ids = tokeniser.encode(text)
    assert tokeniser.pieces(ids) == words.split(" ")
    assert tokeniser.word_index(ids) == list(range(len(ids)))


@pytest.mark.parametrize(
    "text",
    [
        'She said: "Well, (perhaps) no." And left...',
        "He calls it 'art'; she doesn't.",
        "Das „alte Haus“ ist (fast) neu, und/oder rot.",
        "100% of $5 and €7",
        "他说：“你好！”然后走了。",
        "他喜欢NLP和AI。",
    ],
)
def test_joining_undoes_splitting(text):
    tokeniser = WordTokeniser.train([text])
    assert tokeniser.decode(tokeniser.encode(text)) == text


def test_spaces_before_marks_are_taken_out():
    tokeniser = WordTokeniser.train(["did the cat sleep ?"])
    assert tokeniser.decode(tokeniser.encode("did the cat sleep ?")) == "did the cat sleep?"
    assert tokeniser.encode("did the cat sleep?") == tokeniser.encode("did the cat sleep ?")


def test_nothing_joins_to_nothing():
    assert join_pieces([]) == ""
