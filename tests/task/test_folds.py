"""Any task whose examples can be dealt out is cross-validated; groups stay whole, and one long text is refused."""

import json

import pytest

import heedful
from heedful.cli.run import run
from heedful.errors import UserError
from heedful.task.hold_out import Strata, deal_folds
from tests.cli import small

pytest.importorskip("lightning")

SHORT = {
    "train": {"steps": 2, "valid_every": 2, "warmup": 1, "tokens": 400, "precision": "float32", "average": 0},
    "model": {"embed": 8, "kernels": 4},
    "data": {"text": {"tokeniser": "word"}},
}


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """Twelve questions of three answers each, one of which is right."""
    path = tmp_path_factory.mktemp("folds") / "questions.tsv"
    rows = [f"who is {q}\t{'abc'[a]} is {q}\t{int(a == q % 3)}" for a in range(3) for q in range(12)]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_questions_are_in_one_fold_only(questions, tmp_path, monkeypatch):
    from heedful.task import folds as module

    seen: list[tuple[set[str], set[str]]] = []
    train = module.train

    def noted(task, config, sets, *given, **options):
        seen.append(({pair.group for pair in sets.train}, {pair.group for pair in sets.test}))
        return train(task, config, sets, *given, **options)

    monkeypatch.setattr(module, "train", noted)
    found = heedful.fit("match", questions, model="bcnn", settings=SHORT, out=tmp_path / "run", folds=3)
    assert [len(tested) for _, tested in seen] == [4, 4, 4]
    assert len(set().union(*(tested for _, tested in seen))) == 12, "each is tested once"
    for learnt, tested in seen:
        assert learnt.isdisjoint(tested)
        assert len(learnt | tested) == 12
    rows = json.loads((tmp_path / "run" / "folds.json").read_text())["folds"]
    assert found.results["mean map"] == pytest.approx(sum(row["map"] for row in rows) / 3, abs=1e-4)
    assert "pairs_per_second" not in rows[0]
    assert {path.name for path in (tmp_path / "run").iterdir() if path.is_dir()} == {"fold-1", "fold-2", "fold-3"}
    again = heedful.fit("match", settings=SHORT, out=tmp_path / "run", folds=3, resume=True)
    assert again.results == found.results, "what is there is not trained again"


def test_dialogues_and_trees_are_dealt_out_from_the_command_line(tmp_path, capsys):
    for way in ("parse", "chat"):
        path = small.write(way, tmp_path, count=12)
        words = small.words(way, path, tmp_path / way, "--folds", "2", train__steps=2, train__valid_every=2)
        assert run(words) == 0
        told = capsys.readouterr()
        assert "fold 2 of 2" in told.err
        assert "mean loss" in told.out
        assert (tmp_path / way / "fold-2" / "model.safetensors").exists()


def test_one_long_text_is_refused(tmp_path, capsys):
    path = small.write("language-model", tmp_path)
    assert run(small.words("language-model", path, tmp_path / "run", "--folds", "3")) == 1
    assert "the task 'language-model' has one long text, which cannot be dealt into folds" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_set_of_ones_own_is_refused(questions, tmp_path):
    for split in ("valid", "test"):
        with pytest.raises(UserError, match="--folds makes its own validation and test sets"):
            heedful.fit("match", questions, out=tmp_path / "run", folds=3, **{split: questions})


@pytest.mark.parametrize("folds", [1, 13])
def test_too_few_or_too_many_folds_are_refused(questions, tmp_path, folds):
    with pytest.raises(UserError, match=f"{folds} folds of pairs of which 12 have the label"):
        heedful.fit("match", questions, settings=SHORT, out=tmp_path / "run", folds=folds)


def test_what_is_not_usable_is_tested_nowhere():
    strata = Strata("rows", usable=[row % 4 != 0 for row in range(20)])
    dealt = deal_folds(20, 3, 1, strata=strata, in_order=False)
    assert {fold for row, fold in enumerate(dealt) if row % 4 == 0} == {-1}
    assert {fold for row, fold in enumerate(dealt) if row % 4} == {0, 1, 2}


@pytest.mark.parametrize("in_order", [False, True])
def test_a_group_is_in_one_fold(in_order):
    groups = [row // 3 for row in range(30)]
    dealt = deal_folds(30, 4, 1, strata=Strata("rows", groups=groups), in_order=in_order)
    assert all(len({fold for fold, group in zip(dealt, groups, strict=True) if group == own}) == 1 for own in groups)
    assert set(dealt) == set(range(4))


def test_the_hint_of_a_fold_is_one_that_folds_take(tmp_path):
    (tmp_path / "few.tsv").write_text("a b\tx\nb c\tx\nc d\ty\nd e\ty\n")
    settings = {**SHORT, "model": {"embed": 8, "hidden": 8}}
    with pytest.raises(UserError, match=r"fold 1: 2 texts are too few to hold some out.*make fewer folds"):
        heedful.fit("classify", tmp_path / "few.tsv", model="birnn", settings=settings, out=tmp_path / "run", folds=2)
