"""Vectors times classifiers to probabilities, and probabilities to bins.

Numpy alone: nothing here reads a file, knows a tag, or imports scikit-learn.
"""

from shared.scoring.bank import ScoreBank, fuse
from shared.scoring.bins import bin_edge, bin_index, bin_name, bin_names

__all__ = ["ScoreBank", "bin_edge", "bin_index", "bin_name", "bin_names", "fuse"]
