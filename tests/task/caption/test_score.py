"""Scores of captions, the controls beside them, and the doubts that training voices."""

import pytest
import torch

import heedful
from heedful.errors import UserError
from heedful.task.caption.controls import CONTROLS, control_names
from heedful.task.caption.score import caption_words, doubts, movement, score_captions, variety

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def test_words_are_lower_case_without_punctuation() -> None:
    assert caption_words("A man, in RED—isn't he? 2 dogs.") == ["a", "man", "in", "red", "isn't", "he", "2", "dogs"]
    assert caption_words("一只狗 runs") == ["一", "只", "狗", "runs"]
    assert caption_words(" … ") == []


def test_perfect_captions_and_wrong_ones() -> None:
    pytest.importorskip("sacrebleu")
    references = [["A red square is left.", "left is red"], ["the blue one is on top of it"]]
    perfect = score_captions(["a red square is left", "The blue one is on top of it."], references)
    assert [perfect[f"bleu_{n}"] for n in (1, 2, 3, 4)] == [100.0] * 4
    assert (perfect["rouge_l"], perfect["exact"]) == (1.0, 1.0)
    assert perfect["cider_d"] > 5
    swapped = score_captions(["the blue one is on top of it", "a red square is left"], references)
    assert swapped["exact"] == 0
    assert swapped["cider_d"] < 0.1
    empty = score_captions(["", ""], references)
    assert (empty["bleu_1"], empty["rouge_l"], empty["cider_d"], empty["exact"]) == (0, 0, 0, 0)


def test_bleu_counts_the_best_reference_and_orders_up_to_its_own() -> None:
    pytest.importorskip("sacrebleu")
    # "a b" against "a c b": both words are there, the pair is not. The brevity penalty is exp(1 - 3/2).
    found = score_captions(["a b"], [["a c b"]])
    assert found["bleu_1"] == pytest.approx(100 * torch.tensor(-0.5).exp().item(), abs=0.01)
    assert found["bleu_2"] < found["bleu_1"]
    assert score_captions(["a b"], [["a c b", "x a b y"]])["bleu_2"] > found["bleu_2"]


def test_variety_and_movement() -> None:
    assert variety(["a", "a", "b", "a"]) == {"distinct": 0.5, "same": 0.75}
    assert variety([]) == {"distinct": 0.0, "same": 0.0}
    still, moving = torch.full((3, 4), 0.25), torch.eye(4)[:3]
    assert movement([still, still[:1]]) == 0
    assert movement([still, moving]) == pytest.approx(0.5)
    assert movement([]) == 0


def test_a_dead_attention_and_one_caption_for_all_are_doubted() -> None:
    assert doubts({"same": 0.2, "moves": 0.4}) == {}
    assert doubts({"same": 0.87}) == {"same": "validation: the same caption for 87 % of pictures"}
    found = doubts({"same": 0.1, "moves": 4e-9})
    assert list(found) == ["moves"]
    assert "maps hardly change between words" in found["moves"]


def test_controls_are_named_or_refused() -> None:
    assert control_names(None) == []
    assert control_names("blank, constant,blank") == ["blank", "constant"]
    assert control_names(["neighbour"]) == ["neighbour"]
    with pytest.raises(UserError, match=r"no control is called 'blnk'.*blank"):
        control_names("constant,blnk")


@pytest.fixture
def scored(fitted, table):
    trained, _ = fitted()
    return trained.predictor, heedful.evaluate(trained.predictor, table, control=",".join(CONTROLS))


def test_an_evaluation_has_scores_and_controls(scored) -> None:
    _, results = scored
    assert results.keys() >= {"pictures", "bleu_1", "bleu_4", "rouge_l", "cider_d", "exact", "distinct", "controls"}
    assert results["pictures"] == 12
    assert results["document frequencies"] == "of the references of these 12 pictures"
    assert set(results["controls"]) == set(CONTROLS)
    assert all(control.keys() >= {"bleu_4", "cider_d", "exact"} for control in results["controls"].values())


def test_what_each_control_says(fitted, table) -> None:
    from heedful.data.image.table import read_captions
    from heedful.task.caption.controls import Evaluated

    captioner = fitted()[0].predictor
    examples = read_captions([table])
    said = [caption.text for caption in captioner.predict([e.picture for e in examples], attention=False)]
    evaluated = Evaluated(captioner, examples, said, None, lambda: examples)
    captions = {name: control(evaluated) for name, control in CONTROLS.items()}
    assert {len(found) for found in captions.values()} == {12}
    of_training = {caption for example in examples for caption in example.captions}
    assert len(set(captions["constant"])) == 1
    assert set(captions["constant"]) <= of_training
    assert len(set(captions["blank"])) == 1
    assert set(captions["neighbour"]) <= of_training
    numbered = Evaluated(captioner, examples, [str(n) for n in range(12)], None, lambda: examples)
    shuffled = CONTROLS["shuffled"](numbered)
    assert sorted(shuffled) == sorted(map(str, range(12)))
    assert all(caption != str(n) for n, caption in enumerate(shuffled)), "no picture keeps its own caption"
    with pytest.raises(UserError, match="needs two pictures"):
        CONTROLS["shuffled"](Evaluated(captioner, examples[:1], said[:1], None, lambda: examples))


def test_a_training_table_that_is_gone_is_told(fitted, table, tmp_path) -> None:
    trained, _ = fitted()
    config = trained.predictor.config
    gone = config.model_copy(update={"data": config.data.model_copy(update={"train": (str(tmp_path / "x.jsonl"),)})})
    moved = type(trained.predictor)(gone, trained.predictor.model, trained.predictor.parts)
    with pytest.raises(UserError, match="controls constant and neighbour read the training table"):
        heedful.evaluate(moved, table, control="neighbour")
    assert "blank" in heedful.evaluate(moved, table, control="blank")["controls"]
