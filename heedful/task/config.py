"""What the settings of every task have in common: a model by name, how it is trained, and how layers of them join."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from heedful.errors import UserError
from heedful.store import read_yaml
from heedful.task.models import Models
from heedful.task.settings import check_settings, join_settings
from heedful.train.settings import TrainSettings


class ModelChoice(BaseModel):
    """A model by name and its own settings; written flat: ``{name: rnnsearch, hidden: 256, ...}``.

    Settings that are not given are those of the name's preset. Each task says which `models` there are, and has a
    field `settings` of the types that those have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    models: ClassVar[Models]

    name: str

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        flat = dict(cast(Mapping[str, Any], given))
        name, entry = cls.models.named(str(flat.pop("name", cls.models.default)))
        merged = join_settings(entry.preset.model_dump(), flat)
        return {"name": name, "settings": check_settings(entry.family.config, merged, section="model")}

    @model_serializer
    def _to_flat(self) -> dict[str, Any]:
        return {"name": self.name, **cast(Any, self).settings.model_dump()}


class RunConfig(BaseModel):
    """The settings that a run folder keeps in ``config.yaml``, whatever the task.

    A task adds its own sections, among them `task`, its name, `data` with the
    names of its files, and `model`, its `ModelChoice`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    models: ClassVar[Models]
    defaults: ClassVar[Mapping[str, Any]] = {}
    """Settings that serve the task better than the general ones."""

    train: TrainSettings = TrainSettings()

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
        return cast(Any, self).model.name


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


def as_paths(names: Sequence[str]) -> list[Path]:
    """File names of the settings as paths."""
    return [Path(name) for name in names]


def expect_files(data: Any, files: str) -> None:
    """Looks whether the settings name files to learn from; `files` says what such a file is.

    Raises: UserError, which names the option that is missing.
    """
    if not data.train:
        raise UserError("--train is missing", hint=f"give {files}")


def changed_for_use(config: C, changes: Mapping[str, Any], usable: Sequence[str]) -> C:
    """The settings of a trained model with some sections changed that may be: those in `usable`, such as decode.

    Raises: UserError, for a section that was fixed by training, or an unknown setting.
    """
    for name in changes:
        if name not in usable:
            raise UserError(
                f"--set {name}: training has fixed that",
                hint=f"what may be changed afterwards is {', '.join(usable) or 'nothing'}",
            )
    return check_settings(type(config), join_settings(config.model_dump(), changes)) if changes else config
