"""One run of training, whatever the task: a free folder, words to a person, lessons in order, and what is left."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from heedful.data.bucket import BatchPlan
from heedful.errors import UserError
from heedful.task.base import Draw, Predictor, Shown, Trained
from heedful.task.batches import Batches
from heedful.task.config import RunConfig
from heedful.task.folder import CONFIG, WEIGHTS
from heedful.train import TRAINING, FitResult, fit, init_ranks

Finished = tuple[Predictor, Mapping[str, Any]]
"""What a run leaves: the predictor as it shall answer, and the numbers that its README tells besides the course."""


@dataclass(frozen=True)
class Lesson:
    """What a run teaches to whom, how that is judged, and how it ends.

    `validate` gives numbers by name. `watch`, if a person watches, makes what shows a validation example from how maps
    are drawn. When training is over, `finish` scores the predictor, whose model then answers and learns no more, and
    `readme` writes what became of it: folder, settings, results.
    """

    predictor: Predictor
    batches: Batches[Any]
    validate: Callable[[nn.Module, int], dict[str, float]]
    finish: Callable[[], Finished]
    readme: Callable[[Path, Any, Mapping[str, Any]], None]
    watch: Callable[[Draw], Callable[[nn.Module], Any]] | None = None


class Course:
    """A run in the folder `out`: a new one or, with `resume`, the one that lies there.

    `leads` says whether this process is the one that writes and speaks, `has_parts` whether the run's tokenisers and
    settings lie in the folder already, and `has_begun` whether training left a state to go on from.
    Raises: UserError, when the folder holds a run and `resume` is not asked for.
    """

    def __init__(self, config: RunConfig, out: Path, *, resume: bool = False, shown: Shown | None = None) -> None:
        self.out, self.resume, self.shown = out, resume, shown or Shown()
        self.ranks = init_ranks(config.train.devices)
        self.leads = self.ranks.rank == 0
        self.has_parts = resume and (out / CONFIG).exists()
        self.has_begun = resume and (out / TRAINING).exists()
        if self.leads and not resume and ((out / TRAINING).exists() or (out / WEIGHTS).exists()):
            raise UserError(
                "this folder holds a run already",
                where=str(out),
                hint="go on with it by --resume, or choose another folder with --out",
            )

    def say(self, lines: Iterable[str]) -> None:
        """Tells the person, once however many processes train."""
        for line in lines if self.leads else ():
            self.shown.say(line)

    def plan(self, lengths: Sequence[tuple[int, ...]], config: RunConfig) -> BatchPlan:
        """The batches of examples of these lengths, for this process."""
        train = config.train
        return BatchPlan(lengths, tokens=train.tokens, seed=train.seed, rank=self.ranks.rank, world=self.ranks.world)

    def teach(self, lesson: Lesson) -> Trained:
        """Trains to the end, or until it is interrupted; at the end it is scored and the folder gets its README."""
        config, draw = lesson.predictor.config, self.shown.draw
        result = fit(
            lesson.predictor.model,
            lesson.batches,
            settings=config.train,
            folder=self.out,
            validate=lesson.validate,
            watch=lesson.watch(draw) if lesson.watch and draw else None,
            resume=self.resume,
        )
        if result.exit_status or not self.leads:
            return Trained(lesson.predictor, result, self.ranks)
        lesson.predictor.model.eval()
        predictor, numbers = lesson.finish()
        results = _course_numbers(config, result) | dict(numbers)
        lesson.readme(self.out, predictor.config, results)
        return Trained(predictor, result, self.ranks, results)


def of_test(results: Mapping[str, Any]) -> dict[str, Any]:
    """Results on the test set, named as such."""
    return {f"test {name}": value for name, value in results.items()}


def _course_numbers(config: RunConfig, result: FitResult) -> dict[str, Any]:
    """How a run went, as its results begin."""
    numbers: dict[str, Any] = {f"best {config.train.metric}": result.best, "weights": result.kept}
    return numbers | {"steps": result.steps, "minutes": result.seconds / 60}
