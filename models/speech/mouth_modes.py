"""The mouth's modes: the few directions in which lips move, among the 24 coefficients of expression."""

from dataclasses import dataclass

import numpy as np

from codec.motion import FloatArray
from codec.speech.fusion import MOUTH
from codec.speech.mouth import lip_displacement


@dataclass(frozen=True)
class MouthModes:
    """`code = expression @ project` is (8,), and its length is the lips' root mean square displacement in pixels.

    `expression += change @ lift` moves the rest of the face, too, as it usually moves along.
    """

    project: FloatArray  #: (24, 8)
    lift: FloatArray  #: (8, 24)


def fit_modes(offsets: list[FloatArray]) -> MouthModes:
    """Return the principal modes of the lips in (frames, 24) expressions, each of one person about the mean."""
    rows = np.concatenate(offsets)
    lips = lip_displacement()
    _, _, directions = np.linalg.svd(rows @ lips, full_matrices=False)
    project = lips @ directions[:MOUTH].T
    covariance = rows.T @ rows / len(rows)
    lift = np.linalg.solve(project.T @ covariance @ project, project.T @ covariance)
    return MouthModes(project, lift)
