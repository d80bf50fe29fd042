# SPDX-License-Identifier: Apache-2.0
"""How much is done. $DRIFTWATCH_REAL says it: `once`, every change on one corpus, in one space, on the older server;
`small`, all of them on a part of each corpus; `whole`, on all of it."""
import os

AMOUNT = os.environ.get("DRIFTWATCH_REAL", "small")
ONCE, SMALL = AMOUNT == "once", AMOUNT != "whole"


def length(variable, whole, small):
    """Of a long run: what the environment says, or what is right for the corpora's size."""
    return int(os.environ.get(variable, small if SMALL else whole))
