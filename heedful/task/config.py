"""What the settings of every task have in common: a model by name, how it is trained, and how layers of them join."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from heedful.errors import UserError
from heedful.store import read_yaml
from heedful.task.models import CustomModelConfig, Family, Models
from heedful.task.settings import check_settings, join_settings
from heedful.train.settings import TrainSettings


class ModelChoice(BaseModel):
    """A model by name and its settings; written flat: ``{name: rnnsearch, hidden: 256, ...}``.

    `settings` are of the class that the model's family has. Settings that are not given are those of the name's preset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    settings: Any

    @classmethod
    def of(cls, models: Models, flat: Mapping[str, Any]) -> "ModelChoice":
        """The choice that flat settings describe.

        Raises: UserError, for an unknown name or setting.
        """
        others = dict(flat)
        name, entry = models.named(str(others.pop("name", models.default)))
        merged = join_settings(entry.preset.model_dump(), others)
        return cls(name=name, settings=check_settings(entry.family.config, merged, section="model"))

    @model_serializer
    def _to_flat(self) -> dict[str, Any]:
        return {"name": self.name, **self.settings.model_dump()}


class DataSettings(BaseModel):
    """Which files; a task adds how they are read.

    Without `valid`, the share `hold_out` of the training examples is held out for validation, drawn by the seed. Folds
    of a cross-validation are drawn by the seed too, or are runs of examples as they stand with `folds_in_order`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: tuple[str, ...] = ()
    valid: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    hold_out: float = Field(default=0.1, gt=0, lt=1)
    folds_in_order: bool = Field(default=False, description="folds are runs of examples as they stand, not drawn")


class RunConfig(BaseModel, frozen=True, extra="forbid"):
    """The settings that a run folder keeps in ``config.yaml``, whatever the task.

    A task's own class names the task, in a field `task` with its name as the default, and its `models`; it refines
    `data` and adds sections. `defaults` are settings that serve the task better than the general ones. `settled` are
    paths of settings that training files decide, such as the labels; `changeable` are sections that may be changed when
    a trained model answers. `custom` names the user's own code that the run was made with, by what it stands for.
    """

    models: ClassVar[Models]
    defaults: ClassVar[Mapping[str, Any]] = {}
    settled: ClassVar[tuple[str, ...]] = ()
    changeable: ClassVar[tuple[str, ...]] = ()

    train: TrainSettings = TrainSettings()
    task: str
    data: DataSettings = DataSettings()
    model: ModelChoice
    custom: Mapping[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _choose_model(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        settings = dict(cast(Mapping[str, Any], given))
        chosen = settings.get("model", {})
        if isinstance(chosen, Mapping):
            settings["model"] = ModelChoice.of(cls.models, cast(Mapping[str, Any], chosen))
        return settings

    @model_serializer(mode="wrap")
    def _without_empty_custom(self, dump: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """As usual, but runs without the user's own code do not mention it."""
        plain = dump(self)
        return plain if self.custom else {name: value for name, value in plain.items() if name != "custom"}

    @classmethod
    def own_defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the task and the model's name have, where nobody says otherwise."""
        name, entry = cls.models.named(str(section(given, "model").get("name", cls.models.default)))
        own = {"data": entry.data, "train": entry.train, "model": {"name": name}}
        return join_settings(cls._sections(), cls.defaults, own)

    @classmethod
    def _sections(cls) -> dict[str, Any]:
        """The sections as their classes have them, so that one setting given inside leaves its neighbours alone."""
        fields = cls.model_fields.items()
        return {name: field.default.model_dump() for name, field in fields if isinstance(field.default, BaseModel)}

    @property
    def model_name(self) -> str:
        """The name that the model goes by."""
        return self.model.name

    @property
    def family(self) -> Family:
        """How models of this name are built, and which of their attentions are shown."""
        return self.models.named(self.model.name)[1].family

    @property
    def looks(self) -> str:
        """The pattern of the attentions that are shown, as `heedful.record` takes it."""
        settings = self.model.settings
        return settings.looks if isinstance(settings, CustomModelConfig) else self.family.looks


C = TypeVar("C", bound=RunConfig)


def make_settings(kind: type[C], *layers: Mapping[str, Any], where: str | None = None) -> C:
    """The settings of a run from layers of plain settings, the later ones winning.

    What no layer says is as the task and the model's name have it. `where` is the file that they came from.
    Raises: UserError, for an unknown name, setting or value.
    """
    given = _named(join_settings({}, *layers))
    try:
        return check_settings(kind, join_settings(kind.own_defaults(given), given), where=where)
    except UserError as error:
        raise UserError(error.message, where=error.where or where, hint=error.hint) from None


def _named(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with ``model: name`` written as ``model: {name: name}``."""
    model = given.get("model")
    return {**given, "model": {"name": model}} if isinstance(model, str) else dict(given)


def section(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of plain settings, empty where there is none.

    Raises: UserError, when something else than a section stands there.
    """
    found = given.get(name, {})
    if not isinstance(found, Mapping):
        raise UserError(f"the section {name!r} is {found!r}", hint="expected lines of 'name: value' below it")
    return cast(Mapping[str, Any], found)


def read_settings(path: Path, task: str) -> dict[str, Any]:
    """Plain settings from the user's YAML file, not checked yet.

    Raises: UserError, when it is missing, not YAML, or of another task.
    """
    settings = read_yaml(path)
    named = settings.get("task", task)
    if named != task:
        raise UserError(f"these settings are for the task {named!r}, not {task!r}", where=str(path))
    return settings


def changed_for_use(config: C, changes: Mapping[str, Any]) -> C:
    """The settings of a trained model with some of its `changeable` sections changed, such as decode.

    Raises: UserError, for a section that was fixed by training, or an unknown setting.
    """
    for name in changes:
        if name not in config.changeable:
            raise UserError(
                f"--set {name}: training has fixed that",
                hint=f"what may be changed afterwards is {', '.join(config.changeable) or 'nothing'}",
            )
    return check_settings(type(config), join_settings(config.model_dump(), changes)) if changes else config


def with_settled(config: C, earlier: C) -> C:
    """The settings with what the training files decided when the run began: the paths in `settled`."""
    plain, decided = config.model_dump(), earlier.model_dump()
    for path in config.settled:
        *sections, last = path.split(".")
        target, source = plain, decided
        for name in sections:
            target, source = target[name], source[name]
        target[last] = source[last]
    return check_settings(type(config), plain)
