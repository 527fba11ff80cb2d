"""Classifier files of a folder into classifiers and refusals; which of them fit the vectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.classifiers.estimators import Classifier
from shared.classifiers.files import decoded_classifier, trusted_classifier
from shared.classifiers.pickles.stream import MAX_FILE_BYTES, NotDataError, RefusedError
from shared.errors import RunError
from shared.regular_files import NotRegularError, TooLargeError, read_small

SUFFIX = ".pkl"
N_NAMED = 3
"""So many refusals are spelled out where none of the files can be used."""


@dataclass(frozen=True, slots=True)
class RefusedClassifier:
    """A classifier file that is not used in this run, and why, in one sentence without its path.

    ``trust_may_help`` says that it was not tried as code, and may well be a classifier.
    """

    path: Path
    reason: str
    trust_may_help: bool = False


def load_classifiers(
    path: Path, trust: bool = False
) -> tuple[list[Classifier], list[RefusedClassifier]]:
    """Load the classifiers of a folder, or one of them.

    Parameters
    ----------
    path : Path
        One classifier file of any name, or a folder; of the folder, the visible files directly in
        it that end in ``.pkl``, in the order of their names.
    trust : bool
        Whether files that are refused as data are loaded as code, which can do anything.

    Returns
    -------
    tuple of list of Classifier and list of RefusedClassifier
        At least one classifier, and every file that is not one. Their vectors may still be of
        different widths: see `check_n_features`.

    Raises
    ------
    RunError
        If the path does not exist, or there is no usable classifier.
    """
    classifiers: list[Classifier] = []
    refused: list[RefusedClassifier] = []
    for file in _files(path):
        try:
            classifiers.append(_loaded(file, trust))
        except RefusedError as error:
            refused.append(_refused(file, error))
    if not classifiers:
        raise _none_usable(path, refused)
    return classifiers, refused


def check_n_features(
    classifiers: Sequence[Classifier], n_features: int, where: Path
) -> tuple[list[Classifier], list[RefusedClassifier]]:
    """Set aside the classifiers that were made for vectors of another width.

    Parameters
    ----------
    classifiers : sequence of Classifier
        What `load_classifiers` gave.
    n_features : int
        Width of the vectors that are to be scored.
    where : Path
        The path that was given to `load_classifiers`.

    Returns
    -------
    tuple of list of Classifier and list of RefusedClassifier
        Those that fit, maybe none, and the others.
    """

    def unfit(one: Classifier) -> str:
        found = one.estimator.n_features
        is_fit = found == n_features
        return "" if is_fit else f"made for vectors of {found} numbers, these have {n_features}"

    return set_aside(classifiers, unfit, where)


def set_aside(
    classifiers: Sequence[Classifier], unfit: Callable[[Classifier], str], where: Path
) -> tuple[list[Classifier], list[RefusedClassifier]]:
    """Part those that fit from the others; ``unfit`` gives a reason, or an empty text."""
    reasons = [(one, unfit(one)) for one in classifiers]
    refused = [RefusedClassifier(_file(where, one.name), why) for one, why in reasons if why]
    return [one for one, why in reasons if not why], refused


def _refused(file: Path, error: RefusedError) -> RefusedClassifier:
    return RefusedClassifier(file, error.reason, isinstance(error, NotDataError))


def _file(where: Path, name: str) -> Path:
    return where if where.is_file() else where / (name + SUFFIX)


def _files(path: Path) -> list[Path]:
    try:
        if path.is_file():
            return [path]
        found = [file for file in path.iterdir() if _is_classifier_file(file)]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunError(str(path), "no such file or folder of classifiers", _REMEDY) from error
    except OSError as error:
        raise RunError(str(path), f"cannot be listed: {error.strerror}") from error
    if not found:
        raise RunError(str(path), f"no {SUFFIX} file in this folder", _REMEDY)
    return sorted(found, key=lambda file: file.name)


def _is_classifier_file(file: Path) -> bool:
    return file.suffix == SUFFIX and not file.name.startswith(".") and not file.is_dir()


_REMEDY = "Train classifiers with stage2/train.py, or name their folder with --model."
_TRUST = (
    "Replace them; where you trust whoever made them, stages 3 and 4 load them with --trust_models."
)


def _loaded(file: Path, trust: bool) -> Classifier:
    content = _content(file)
    try:
        return decoded_classifier(file.stem, content)
    except RefusedError as error:
        if not trust:
            raise
        return _trusted(file, content, error)
    except MemoryError as error:
        raise RefusedError("larger than the memory that is free") from error


def _trusted(file: Path, content: bytes, error: RefusedError) -> Classifier:
    try:
        return trusted_classifier(file.stem, content)
    except RefusedError as second:
        raise RefusedError(f"{error.reason}; {second.reason}") from second


def _content(file: Path) -> bytes:
    try:
        return read_small(file, MAX_FILE_BYTES)
    except (NotRegularError, TooLargeError) as error:
        raise RefusedError(str(error.strerror)) from error
    except OSError as error:
        raise RefusedError(f"cannot be read: {error.strerror}") from error


def _none_usable(path: Path, refused: list[RefusedClassifier]) -> RunError:
    named = "; ".join(f"{one.path.name}: {one.reason}" for one in refused[:N_NAMED])
    more = f"; and {len(refused) - N_NAMED} more" if len(refused) > N_NAMED else ""
    remedy = _TRUST if any(one.trust_may_help for one in refused) else _REMEDY
    return RunError(str(path), f"no usable classifier ({named}{more})", remedy)
