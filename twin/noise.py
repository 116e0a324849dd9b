"""Named streams of random numbers: what one device draws never depends on what another has drawn."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Streams", "stream"]


@dataclass(frozen=True)
class Streams:
    """The streams of one twin that have been asked for: what has to be kept of them, for it to go on another time."""

    seed: int
    generators: dict[str, np.random.Generator] = field(default_factory=dict)
    """By name."""


def stream(seed: int | Streams, name: str) -> np.random.Generator:
    """The random stream of one source of noise.

    Parameters
    ----------
    seed : int or Streams
        Of the whole twin; 0 or above. `Streams` keep what they give, and give the same generator for the same name.
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
    if isinstance(seed, Streams):
        if name not in seed.generators:
            seed.generators[name] = stream(seed.seed, name)
        return seed.generators[name]
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype="<u4")
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(words.tolist())))
