"""The data of the examples: it comes with scikit-learn, so that they need no network."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes


def load_patients() -> pd.DataFrame:
    """442 patients: ten scaled measurements and the progression of the disease after one year."""
    data = load_diabetes(as_frame=True)
    return data.data.assign(progression=data.target)


def load_delivery() -> pd.DataFrame:
    """A delivery of the same measurements whose supplier renamed a column and lost some values."""
    delivery = load_patients().rename(columns={"bp": "blood pressure"})
    lost = np.random.default_rng(7).random(len(delivery)) < 0.1
    return delivery.assign(**{"blood pressure": delivery["blood pressure"].mask(lost)})
