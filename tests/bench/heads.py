"""Which kind of classifier learns best from few labels: `python -m tests.bench.heads`.

Each learns from some pictures of a tag and 300 others, and ranks pictures never seen; the same ones
for all. What is printed is mean average precision, and by how much each is better than today's SVM,
with the standard error over seeds.
"""

import sys
from collections.abc import Callable, Iterator, Sequence

import joblib
import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler
from sklearn.svm import SVC

from shared.records import Floats
from shared.training.fitting import SVM_PENALTY, Labels, fitted, reproducible, usual_scale
from shared.training.ranking import average_precision, ranked
from tests.bench.kinds import SETS

N_TAGGED = (5, 10, 20)
N_OTHERS = 300
N_SEEDS = 20
N_TAGS = 5
N_UNSEEN = 600
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
Head = Callable[[Floats, Labels, Floats], Floats]


def svm(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Decide as today's SVM."""
    return -np.asarray(SVC(C=SVM_PENALTY).fit(vectors, labels).decision_function(unseen))


def regression(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Decide as today's logistic regression."""
    if min(np.bincount(labels)) < 10:
        estimator = fitted("ovr-logistic-regression", vectors, labels, 0).estimator
        return np.asarray(estimator.predict_proba(unseen)[:, 0])
    scale = usual_scale(vectors)
    line = LogisticRegression(max_iter=1000).fit(vectors * scale, labels)
    return -np.asarray(line.decision_function(unseen * scale))


def standardised_svm(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Give each feature the same spread first."""
    pipeline = make_pipeline(StandardScaler(), SVC(C=SVM_PENALTY)).fit(vectors, labels)
    return -np.asarray(pipeline.decision_function(unseen))


def unit_regression(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Learn from vectors of length 1, the penalty chosen by putting aside one or two of the tag."""
    middle = vectors.mean(axis=0)
    n_folds = min(10, int(np.bincount(labels).min()))
    line = make_pipeline(Normalizer(), LogisticRegression(max_iter=200))
    grid = {"logisticregression__C": PENALTIES}
    search = GridSearchCV(line, grid, scoring="neg_log_loss", cv=n_folds)
    search.fit(vectors - middle, labels)
    return -np.asarray(search.decision_function(unseen - middle))


def prototype(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Begin a regression at the difference of the means, and end it after a few steps."""
    middle = vectors.mean(axis=0)
    unit = Normalizer().fit_transform(vectors - middle)
    line = LogisticRegression(max_iter=5, warm_start=True)
    line.classes_ = np.array([0, 1])
    line.coef_ = (unit[labels == 1].mean(axis=0) - unit[labels == 0].mean(axis=0))[np.newaxis]
    line.intercept_ = np.zeros(1)
    line.fit(unit, labels)
    return -np.asarray(line.decision_function(Normalizer().fit_transform(unseen - middle)))


def discriminant(vectors: Floats, labels: Labels, unseen: Floats) -> Floats:
    """Gaussians with one shrunk covariance."""
    means = [vectors[labels == side].mean(axis=0) for side in (0, 1)]
    precision = LedoitWolf(assume_centered=True).fit(vectors - np.array(means)[labels])
    return np.asarray(unseen @ (precision.get_precision() @ (means[0] - means[1])))


HEADS: dict[str, Head] = {
    "SVM (now)": svm,
    "regression (now)": regression,
    "standardised SVM": standardised_svm,
    "unit-length regression": unit_regression,
    "regression from a prototype": prototype,
    "Gaussian discriminant": discriminant,
}


def qualities(name: str, seed: int) -> list[tuple[int, list[float]]]:
    """Average precision of all heads, for each number of pictures, the mean over tags."""
    kinds = SETS[name]()
    rng = np.random.default_rng(seed)
    found = []
    for n_tagged in N_TAGGED:
        by_tag = []
        for tag in kinds.tags[:N_TAGS]:
            with_tag = rng.permutation(np.flatnonzero(kinds.kinds == tag))
            others = rng.permutation(np.flatnonzero(kinds.kinds != tag))
            rows = np.append(with_tag[:n_tagged], others[:N_OTHERS])
            left = np.append(with_tag[n_tagged:], others[N_OTHERS : N_OTHERS + N_UNSEEN])
            labels = (kinds.kinds[rows] != tag).astype(np.int64)
            truth = kinds.kinds[left] == tag
            with reproducible():
                scores = [
                    head(kinds.vectors[rows], labels, kinds.vectors[left])
                    for head in HEADS.values()
                ]
            by_tag.append([average_precision(ranked(one, truth)) for one in scores])
        found.append((n_tagged, np.mean(by_tag, axis=0).tolist()))
    return found


def iter_lines(name: str, seeds: Sequence[int]) -> Iterator[str]:
    """Yield a row of the table for each number of pictures."""
    pool = joblib.Parallel(n_jobs=2)
    found = pool(joblib.delayed(qualities)(name, seed) for seed in seeds)
    for at, n_tagged in enumerate(N_TAGGED):
        quality = np.array([one[at][1] for one in found])
        gain = quality - quality[:, :1]
        error = gain.std(axis=0, ddof=1) / np.sqrt(len(seeds))
        cells = [f"{quality[:, 0].mean():.3f}"]
        cells += [
            f"{one:+.3f} ± {other:.3f}"
            for one, other in zip(gain.mean(axis=0)[1:], error[1:], strict=True)
        ]
        yield f"| {name} | {n_tagged} | {' | '.join(cells)} |"


def main() -> None:
    """Print what is found."""
    sys.stdout.write(f"| set | with the tag | {' | '.join(HEADS)} |\n")
    sys.stdout.write("|" + "---|" * (2 + len(HEADS)) + "\n")
    for name in SETS:
        for line in iter_lines(name, range(N_SEEDS)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
