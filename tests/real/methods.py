# SPDX-License-Identifier: Apache-2.0
"""What people compare answers with instead: each looks at the best distances of some questions, before and after, and
says whether something is wrong."""
import numpy

# Half of it by cosine.
FARTHEST = 1.2
SIGNIFICANT = 0.05
SHIFT = 0.1


def beyond(before, after, half):
    """Any best distance beyond a limit."""
    del before
    return bool((numpy.asarray(after) > FARTHEST / half).any())


def kolmogorov(x):
    """The chance that Kolmogorov's distribution exceeds x: 2 sum (-1)^(j-1) exp(-2 j^2 x^2)."""
    if x < 0.2:
        return 1.0
    j = numpy.arange(1, 101)
    return float(2 * ((-1.0)**(j - 1) * numpy.exp(-2 * j**2 * x**2)).sum())


def smirnov(before, after):
    """The chance of two samples as different as these if they are of one distribution, by Stephens's approximation."""
    both = numpy.sort(numpy.concatenate([before, after]))
    ranks = [numpy.searchsorted(numpy.sort(one), both, side="right") / len(one) for one in (before, after)]
    root = numpy.sqrt(len(before) * len(after) / (len(before) + len(after)))
    return kolmogorov((root + 0.12 + 0.11 / root) * numpy.abs(ranks[0] - ranks[1]).max())


def differs(before, after, half):
    """The two-sample Kolmogorov-Smirnov test."""
    del half
    return smirnov(before, after) < SIGNIFICANT


def shifted(before, after, half):
    """The mean by a tenth, in either direction."""
    del half
    return bool(abs(numpy.mean(after) / numpy.mean(before) - 1) > SHIFT)


METHODS = {"distance": beyond, "KS": differs, "mean": shifted}


def verdicts(before, after, half):
    """{method: whether it would stop a release}; where nothing was answered each does."""
    return {name: after is None or method(before, after, half) for name, method in METHODS.items()}
