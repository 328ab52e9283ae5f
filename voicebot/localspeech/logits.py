"""Sums over what the model says of each token that there is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def log_sum(logits: Any) -> float:
    """The logarithm of the sum of their exponentials."""
    top = float(logits.max())
    return top + math.log(float(np.exp(logits - top).sum()))
