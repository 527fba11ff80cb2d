"""The work of stage 2: vectors and tag lists in, classifier files and reports out.

`tags` reads the tag lists, `selection` decides which pictures a tag learns from, `fitting` is the
one place that knows scikit-learn's estimators, `files` names and writes, `run` puts it together.
"""

from shared.training.run import TrainingRequest, TrainingSummary, train

__all__ = ["TrainingRequest", "TrainingSummary", "train"]
