"""Named streams of random numbers: what one device draws never depends on what another has drawn."""

import hashlib

import numpy as np

__all__ = ["stream"]


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of one source of noise.

    Parameters
    ----------
    seed : int
        Of the whole twin; 0 or above.
    name : str
        Of the source, usually a PV: ``"XF:11IDB-ES{Det:Eig4M}cam1:"``.

    Returns
    -------
    numpy.random.Generator
        Independent of the streams of all other names; the same bits for the same seed and name.

    Examples
    --------
    >>> stream(7, "diode").poisson(100.0) == stream(7, "diode").poisson(100.0)
    True
    """
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(words.tolist())))
