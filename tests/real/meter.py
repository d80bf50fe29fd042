# SPDX-License-Identifier: Apache-2.0
"""What Driftwatch asks a server, counted on the way."""
import json
import time

import proxy


def kind(method, path, body):
    """What a request asks. Where the newest record stands is another place after each ingest."""
    return method, path.rsplit("/", 1)[-1], json.dumps({**body, "offset": None}, sort_keys=True)


class Meter(proxy.Proxy):
    """Passes everything on. `seen` has the kind, the seconds and the bytes of each answer."""

    def __init__(self, target):
        self.seen, self.usual = [], set()
        super().__init__(target)

    def decide(self, method, path, sent, body):
        begun, size = time.monotonic(), 0
        try:
            found = super().decide(method, path, sent, body)
            size = len(found[2])
            return found
        finally:
            self.seen.append((kind(method, path, body), time.monotonic() - begun, size))

    def learn(self):
        """What was asked until now is what a replay asks anyway."""
        self.usual = {one for one, _, _ in self.seen}

    def inquiry(self, start=0):
        """What was asked beside that, of all since number `start`."""
        return [one for one in self.seen[start:] if one[0] not in self.usual]
