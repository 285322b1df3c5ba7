"""Settings that all tasks share: the model by name, data files, training; and how layers of settings are merged."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from heedful.errors import UserError
from heedful.store import read_yaml
from heedful.task.attention_settings import without_short_form
from heedful.task.duration import LENGTHS
from heedful.task.models import CustomModelConfig, Family, Models
from heedful.task.settings import check_settings, join_settings
from heedful.train.settings import TrainSettings

Plain = dict[str, Any]
"""Settings as they are written in YAML."""


class ModelChoice(BaseModel):
    """A model by name and its settings, written flat: ``{name: rnnsearch, hidden: 256, ...}``.

    `settings` are an instance of the family's config class. Settings that are left out come from the name's preset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    settings: Any

    @classmethod
    def of(cls, models: Models, flat: Mapping[str, Any]) -> "ModelChoice":
        """The choice that flat settings describe.

        Raises: UserError, for an unknown name or setting.
        """
        changes = dict(flat)
        name, entry = models.named(str(changes.pop("name", models.default)))
        merged = join_settings(entry.preset.model_dump(), changes)
        return cls(name=name, settings=check_settings(entry.family.config, merged, section="model"))

    @model_serializer
    def _to_flat(self) -> dict[str, Any]:
        return {"name": self.name, **self.settings.model_dump()}


PRECISION = "of matrix products; auto: bfloat16 where the hardware supports it"
LOWERCASE = "read texts in lower case"
MAX_LENGTH = "longest text in tokens; longer ones are truncated"
VECTORS = "file of word vectors to start from, in the text format of word2vec or GloVe"
"""Descriptions of settings that several tasks have."""


class DataSettings(BaseModel):
    """The data files. A task adds settings for how they are read.

    Without `valid`, the share `hold_out` of the training examples is held out for validation, drawn with the seed.
    Folds of a cross-validation are also drawn with the seed; with `folds_in_order` they are consecutive examples.
    `columns` are the names of the columns of a table without a header, in their order. They are taken from the header
    of the training table, so that later tables without a header are read as it was; empty means the order of the task.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...] = Field(default=(), description="training files, as --train gives them")
    valid: tuple[str, ...] = Field(default=(), description="validation files, as --valid gives them")
    test: tuple[str, ...] = Field(default=(), description="test files, as --test gives them")
    hold_out: float = Field(default=0.1, gt=0, lt=1, description="share held out for validation without valid")
    folds_in_order: bool = Field(default=False, description="folds are consecutive examples, not drawn at random")
    columns: tuple[str, ...] = Field(default=(), description="the columns of a table without a header, in their order")


class RunConfig(BaseModel, frozen=True, extra="forbid"):
    """The settings of a run, which its folder keeps in ``config.yaml``.

    The subclass of a task declares its name, as the default of a field `task`, and its `models`. It refines `data` and
    adds sections. `defaults` override the general defaults for this task. `settled` are the paths of settings that are
    derived from the training files, such as the labels. `changeable` are the sections, or the paths of settings, that
    may be changed after training. `least_steps` is the default of ``train.least_steps`` where nothing says how long to
    train. `custom` names the user's own code in the run, by the part that it builds.
    """

    models: ClassVar[Models]
    defaults: ClassVar[Mapping[str, Any]] = {}
    settled: ClassVar[tuple[str, ...]] = ()
    changeable: ClassVar[tuple[str, ...]] = ()
    least_steps: ClassVar[int] = 0

    train: TrainSettings = Field(default=TrainSettings(), description="when to stop, how fast to learn, what to keep")
    task: str
    data: DataSettings = Field(default=DataSettings(), description="files")
    model: ModelChoice = Field(description="a model by name, and its settings")
    custom: Mapping[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _choose_model(cls, plain: Any) -> Any:
        if not isinstance(plain, Mapping):
            return plain
        settings = dict(cast(Mapping[str, Any], plain))
        flat = settings.get("model", {})
        if isinstance(flat, Mapping):
            settings["model"] = ModelChoice.of(cls.models, cast(Mapping[str, Any], flat))
        return settings

    @model_serializer(mode="wrap")
    def _without_empty_custom(self, dump: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Leaves `custom` out when it is empty, as in run folders written before it existed."""
        plain = dump(self)
        return plain if self.custom else {name: value for name, value in plain.items() if name != "custom"}

    @classmethod
    def task_defaults(cls, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults of the task and of the model that the `chosen` settings name."""
        name, entry = cls.models.named(str(section(chosen, "model").get("name", cls.models.default)))
        of_model = {"data": entry.data, "train": entry.train, "model": {"name": name}}
        # A length that the user has chosen is exact: with it, a seed gives the same weights as ever.
        free = not any(length in section(chosen, "train") for length in LENGTHS)
        length = {"train": {"least_steps": cls.least_steps}} if free else {}
        return join_settings(cls._sections(), cls.defaults, length, of_model)

    @classmethod
    def _sections(cls) -> dict[str, Any]:
        """The default value of every section."""
        # Written out in full: pydantic replaces a section as a whole, so that setting one key would reset the others.
        fields = cls.model_fields.items()
        return {name: field.default.model_dump() for name, field in fields if isinstance(field.default, BaseModel)}

    @property
    def model_name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def family(self) -> Family:
        """The family of the model, which says how it is built and which of its attentions are shown."""
        return self.models.named(self.model.name)[1].family

    @property
    def looks(self) -> str:
        """A pattern of the attentions whose maps are shown, in the syntax of `heedful.record`."""
        settings = self.model.settings
        return settings.looks if isinstance(settings, CustomModelConfig) else self.family.looks


C = TypeVar("C", bound=RunConfig)


def make_settings(kind: type[C], *layers: Mapping[str, Any], where: str | None = None) -> C:
    """The settings of a run, merged from layers of plain settings; later layers override earlier ones.

    Everything else takes the defaults of the task and the model. `where` is the file that the settings came from.
    Raises: UserError, for an unknown name, setting or value.
    """
    try:
        defaults, written = written_out(kind, layers)
        return check_settings(kind, join_settings(defaults, *written), where=where)
    except UserError as error:
        # Errors raised inside validators do not know the file.
        raise UserError(error.message, where=error.where or where, hint=error.hint) from None


def written_out(kind: type[RunConfig], layers: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[Plain]]:
    """The defaults of the task and the model that layers of settings name, and the layers without short forms.

    Short forms are ``model: NAME`` and attention settings for all attentions of a model.
    Raises: UserError, for an unknown name or setting of the model.
    """
    named = [_named(layer) for layer in layers]
    defaults = kind.task_defaults(join_settings({}, *named))
    models = without_short_form(kind.models, defaults["model"]["name"], [section(layer, "model") for layer in named])
    # A layer without a section `model` stays without.
    return defaults, [layer | ({"model": model} if model else {}) for layer, model in zip(named, models, strict=True)]


def _named(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the short form ``model: NAME`` expanded to ``model: {name: NAME}``."""
    model = settings.get("model")
    return {**settings, "model": {"name": model}} if isinstance(model, str) else dict(settings)


def section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of plain settings; empty if it is missing.

    Raises: UserError, when the value is not a section.
    """
    content = settings.get(name, {})
    if not isinstance(content, Mapping):
        raise UserError(f"the section {name!r} is {content!r}", hint="expected lines of 'name: value' below it")
    return cast(Mapping[str, Any], content)


def read_settings(path: Path, task: str) -> dict[str, Any]:
    """Reads plain settings from a YAML file, without checking them yet.

    Raises: UserError, when the file is missing, not YAML, or for another task.
    """
    settings = read_yaml(path)
    named = settings.get("task", task)
    if named != task:
        raise UserError(f"these settings are for the task {named!r}, not {task!r}", where=str(path))
    return settings


def changed_for_use(config: C, changes: Mapping[str, Any]) -> C:
    """The settings of a trained model with changes to its `changeable` sections and settings, such as decode.

    Raises: UserError, for a section that training has fixed, or an unknown setting.
    """
    for name in _paths(changes, config.changeable):
        if name not in config.changeable:
            raise UserError(
                f"--set {name}: training has fixed that",
                hint=f"what can be changed after training is {', '.join(config.changeable) or 'nothing'}",
            )
    return check_settings(type(config), join_settings(config.model_dump(), changes)) if changes else config


def _paths(changes: Mapping[str, Any], changeable: tuple[str, ...]) -> list[str]:
    """The sections that are changed, or the settings in them where only some of a section may be changed."""
    paths: list[str] = []
    for name, value in changes.items():
        in_parts = any(path.startswith(f"{name}.") for path in changeable) and isinstance(value, Mapping)
        paths += [f"{name}.{key}" for key in cast(Mapping[str, Any], value)] if in_parts else [name]
    return paths


def with_settled(config: C, earlier: C) -> C:
    """The settings with the values at the paths `settled` taken from an earlier version of them."""
    plain, saved = config.model_dump(), earlier.model_dump()
    for path in config.settled:
        *sections, last = path.split(".")
        target, source = plain, saved
        for name in sections:
            target, source = target[name], source[name]
        target[last] = source[last]
    return check_settings(type(config), plain)
