# SPDX-License-Identifier: Apache-2.0
"""How late a daemon's loop is, by its own timer: it is given a watchdog of milliseconds, and sends the service manager
a beat whenever its loop comes round to that. A process of its own notes the beats with the kernel's time of sending, so
that nobody's work comes between, and how long the loop had to wait for a processor by then: that is the machine's, not
the loop's."""
import pathlib
import subprocess
import sys

import numpy
import tools

# Of the watchdog, in microseconds; sd-event beats before three quarters of it are over.
PERIOD = 20000
DUE = PERIOD * 0.75e-6
# Instants per second at which it is asked how long something would wait that is due then.
RATE = 1000

LISTENER = """
import socket, struct, sys, time
SO_TIMESTAMP = 29
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
    manager.bind(sys.argv[1])
    manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    manager.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
    print("listening", flush=True)
    while True:
        message, told, _, _ = manager.recvmsg(4096, 256)
        if message != b"WATCHDOG=1":
            continue
        told = {kind: data for _, kind, data in told}
        sent = struct.unpack("qq", told[SO_TIMESTAMP])
        pid = struct.unpack("iII", told[socket.SCM_CREDENTIALS])[0]
        waited = int(open(f"/proc/{pid}/task/{pid}/schedstat").read().split()[1])
        print(sent[0] + sent[1] / 1e6 - time.time() + time.monotonic(), waited / 1e9, flush=True)
"""


class Heart:
    """Listens to one daemon, which is started in `environment`."""

    def __init__(self, directory):
        self.socket, self.beats = pathlib.Path(directory) / "notify", pathlib.Path(directory) / "beats"
        self.environment = {"NOTIFY_SOCKET": str(self.socket), "WATCHDOG_USEC": str(PERIOD)}
        with self.beats.open("w") as output:
            self.listener = subprocess.Popen([sys.executable, "-c", LISTENER, self.socket], stdout=output)

    def listening(self):
        return self.beats.read_text().startswith("listening")

    def heard(self):
        """When each beat was sent, and how long the loop had waited for a processor by then; in seconds."""
        lines = self.beats.read_text().split("\n")[1:-1]
        return tuple(numpy.array([[float(part) for part in line.split()] for line in lines]).T)

    def late(self, since, until):
        """How many seconds late the loop would have been to something due at each instant of this time."""
        beats, waited = tools.poll(lambda: (heard := self.heard())[0][-1] >= until and heard, "a beat after it", 10)
        instants = numpy.arange(max(since, beats[0]), until, 1 / RATE)
        after = numpy.searchsorted(beats, instants)
        return numpy.maximum(0, beats[after] - instants - DUE - numpy.diff(waited, prepend=0)[after])

    def stop(self):
        self.listener.kill()
        self.listener.wait()
