"""Every error s2pzoo raises on purpose: one tree, each class with a code that never changes.

The text of an error has up to three lines: what happened, why, and what to do about it. Programs should look at the
class or at `code`, never at the text. `exit_code` is what the command line ends with.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar


def install_command(what: str) -> str:
    """What installs `what` beside s2pzoo: `pip install ...`, or how pipx or uv say it where they made the environment.

    Args:
        what: the arguments of pip install: distributions, or options too.
    """
    home = Path(sys.prefix)
    if (home / "pipx_metadata.json").exists():
        return f"pipx runpip {home.name} install {what}"
    if (home / "uv-receipt.toml").exists() and not what.startswith("-"):
        return f"uv tool install {home.name} --with {what}"
    return f"{'' if find_spec('pip') else 'uv '}pip install {what}"


class Remark(UserWarning):
    """What people should know though nothing failed: a warning in Python, a note on the command line."""


class LicenceWarning(Remark):
    """Weights that may not be used for everything."""


class S2PZooError(Exception):
    """The root of the tree: catch it to catch everything s2pzoo refuses or fails at.

    Args:
        what: one line, what happened.
        why: one line, the reason. Optional.
        fix: one line, what to do now. By default what helps with most errors of the class.
    """

    code: ClassVar[str] = "E_S2PZOO"
    exit_code: ClassVar[int] = 1
    usual_fix: ClassVar[str] = "Set S2PZOO_TRACEBACK=1 to see where it happened."

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix or self.usual_fix

    def __str__(self) -> str:
        return "\n".join(line for line in (self.what, self.why, self.fix) if line)

    def to_dict(self) -> dict[str, str]:
        """For JSON."""
        return {"code": self.code, "what": self.what, "why": self.why, "fix": self.fix}

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (type(self), self.args, vars(self))


def rebuilt(cls: type[S2PZooError], args: tuple[Any, ...], state: dict[str, Any]) -> S2PZooError:
    """The error again in another process, whatever its constructor requires."""
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageError(S2PZooError):
    """The request cannot be met as it was put: change the request."""

    code = "E_USAGE"
    exit_code = 2
    usual_fix = "Change what was asked for; `s2pzoo VERB --help` says what can be."


class _Unknown(UsageError):
    """A name that nobody knows. `suggestions` holds the nearest known names, best first."""

    code = "E_UNKNOWN"
    usual_fix = "Run: s2pzoo list"

    def __init__(self, what: str, *, why: str = "", fix: str = "", suggestions: Iterable[str] = ()) -> None:
        self.suggestions = tuple(suggestions)
        if self.suggestions and not fix:
            fix = f"Did you mean {' or '.join(repr(name) for name in self.suggestions)}?"
        super().__init__(what, why=why, fix=fix)


class BadNameError(UsageError, ValueError):
    """A text that is not a well-formed name (`family.variant`, `plugin/component`, `family.variant:step`)."""

    code = "E_BAD_NAME"
    usual_fix = "Write family.variant, family.variant:step or plugin/component."


class UnknownModelError(_Unknown):
    """No model of this name, neither installed nor in the catalogue."""

    code = "E_UNKNOWN_MODEL"


class UnknownComponentError(_Unknown):
    """No component of this name."""

    code = "E_UNKNOWN_COMPONENT"
    usual_fix = "Run: s2pzoo components"


class UnknownTaskError(_Unknown):
    """No training task of this name."""

    code = "E_UNKNOWN_TASK"
    usual_fix = "Run `s2pzoo plugins`: a task is brought by a plugin."


class UnknownDatasetError(_Unknown):
    """No dataset of this name."""

    code = "E_UNKNOWN_DATASET"
    usual_fix = "Run `s2pzoo plugins`: a dataset is brought by a plugin."


class UnknownOptionError(_Unknown):
    """An option, or a key inside one, that no step of the model declares."""

    code = "E_UNKNOWN_OPTION"
    usual_fix = "Run `s2pzoo info MODEL`: it lists the options and their ranges."


class BadOptionError(UsageError, ValueError):
    """A declared option was given a value outside its type, range or choices."""

    code = "E_BAD_OPTION"
    usual_fix = "Run `s2pzoo info MODEL`: it lists the options and their ranges."


class ConfigError(UsageError, ValueError):
    """A config as data (JSON, TOML) does not fit its class."""

    code = "E_CONFIG"
    usual_fix = "Change that value, or leave it out."


class BadInputError(UsageError, ValueError):
    """A sketch or photo that cannot be read as one."""

    code = "E_BAD_INPUT"
    usual_fix = "Give one that fits."


class GalleryError(UsageError):
    """A folder of photos to search in that is missing, cannot be read, or lacks the photo that is asked for."""

    code = "E_GALLERY"


class OutputError(UsageError, OSError):
    """A result cannot be written where it was asked for."""

    code = "E_OUTPUT"
    usual_fix = "Name a place that can be written to."


class PortMismatchError(UsageError, ValueError):
    """Steps that do not fit together. `misfits` holds every misfit found, one sentence each."""

    code = "E_PORT_MISMATCH"
    usual_fix = "Run `s2pzoo explain MODEL`: it shows what each step takes and gives."

    def __init__(self, what: str, *, why: str = "", fix: str = "", misfits: Iterable[str] = ()) -> None:
        self.misfits = tuple(misfits)
        super().__init__(what, why=why or "\n".join(f"  - {misfit}" for misfit in self.misfits), fix=fix)


class RecipeError(UsageError, ValueError):
    """A training recipe or one of its overrides is wrong."""

    code = "E_RECIPE"
    usual_fix = "Mend the recipe or the override; the tables in docs/ say what each value may be."


class PluginError(S2PZooError):
    """Something about a plugin, not about the request."""

    code = "E_PLUGIN"
    usual_fix = "Run `s2pzoo plugins`: it says more."


class PluginFailedError(PluginError):
    """The plugin that was asked for is installed and cannot be used."""

    code = "E_PLUGIN_FAILED"


class PluginBlockedError(PluginError):
    """The plugin that was asked for is switched off by S2PZOO_PLUGINS or S2PZOO_DISABLE."""

    code = "E_PLUGIN_BLOCKED"


class PluginMissingError(PluginError):
    """The catalogue knows the plugin and it is not installed. `distribution` is what to install."""

    code = "E_PLUGIN_MISSING"

    def __init__(self, what: str, *, distribution: str, why: str = "", fix: str = "") -> None:
        self.distribution = distribution
        super().__init__(what, why=why, fix=fix or f"Run: {install_command(distribution)}")


class AmbiguousNameError(PluginError):
    """Two installed distributions provide one family. `providers` names each."""

    code = "E_AMBIGUOUS_NAME"

    def __init__(self, what: str, *, why: str = "", fix: str = "", providers: Iterable[str] = ()) -> None:
        self.providers = tuple(providers)
        super().__init__(what, why=why, fix=fix)


class ApiVersionError(PluginError):
    """The plugin was written for another version of the plugin API."""

    code = "E_API_VERSION"


class DeclarationError(PluginError, ValueError):
    """A plugin's declaration is wrong in itself, or does not belong to the plugin."""

    code = "E_DECLARATION"
    usual_fix = "Mend the declaration; docs/hooks.md says what may be in it."


class CatalogueError(S2PZooError):
    """A file of the registry folder is wrong. The text names the file."""

    code = "E_CATALOGUE"
    usual_fix = "Mend that file, or install s2pzoo anew."


class WeightsError(S2PZooError):
    """Something about trained weights."""

    code = "E_WEIGHTS"
    usual_fix = "Run `s2pzoo weights where`: it says where weights are looked for."


class WeightsNotFoundError(WeightsError):
    """No source has the weights that were asked for."""

    code = "E_WEIGHTS_NOT_FOUND"


class WeightsCorruptError(WeightsError):
    """A file of a bundle is missing, truncated, or not the one the manifest was written for."""

    code = "E_WEIGHTS_CORRUPT"
    usual_fix = "Have them anew: s2pzoo weights rm MODEL, then s2pzoo weights pull MODEL."


class SignatureMissingError(WeightsError):
    """A bundle whose signer the catalogue names is not signed."""

    code = "E_SIGNATURE_MISSING"


class WrongSignerError(WeightsError):
    """A bundle was signed, and by somebody else than the catalogue names."""

    code = "E_WRONG_SIGNER"


class BrokenSignatureError(WeightsError):
    """What was signed is not what is here, or there is no signature in the file that should hold one."""

    code = "E_BROKEN_SIGNATURE"


class WeightsMismatchError(WeightsError):
    """Weights whose names or shapes are not those of the network."""

    code = "E_WEIGHTS_MISMATCH"
    usual_fix = "Use the weights that were made for this network."


class UntrainedError(WeightsError):
    """A part without trained weights would have been run, and nobody allowed it."""

    code = "E_UNTRAINED"


class HubError(WeightsError):
    """The Hub was asked and does not give it: no such place, no access, or no answer."""

    code = "E_HUB"


class OfflineError(S2PZooError):
    """The network is needed and switched off (HF_HUB_OFFLINE)."""

    code = "E_OFFLINE"
    usual_fix = "Unset HF_HUB_OFFLINE, or bring the weights: docs/architecture.md, s2pzoo weights bundle."


class UnexpectedError(S2PZooError):
    """Something that nobody foresaw."""

    code = "E_UNEXPECTED"


class MissingExtraError(S2PZooError, ImportError):
    """An optional dependency is not installed. `extra` is the name of the extra that brings it."""

    code = "E_MISSING_EXTRA"

    def __init__(self, what: str, *, extra: str, distribution: str = "s2pzoo", why: str = "", fix: str = "") -> None:
        self.extra = extra
        wanted = f'"{distribution}[{extra}]"'
        super().__init__(what, why=why, fix=fix or f"Run: {install_command(wanted)}")


class DataError(S2PZooError):
    """A data set that is missing, empty, or not laid out as its reader expects."""

    code = "E_DATA"
    usual_fix = "Mend the data; the reader's own help says how it should lie."


class TrainingError(S2PZooError):
    """A training that cannot start, go on, or be resumed."""

    code = "E_TRAINING"
    usual_fix = "Mend it and begin again; `--resume` goes on from the last checkpoint."
