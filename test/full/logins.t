#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thousand machines log in with CHAP in the same moment, to tgtd and to LIO in a guest: none fails, and a wrong password lets
nobody in. test/bench/run logins measures the same beside libiscsi."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", name) for name in ("boot", "target")]
from driver import Driver  # noqa: E402
from logins import COUNT, Logins  # noqa: E402
from rig import Kernel, Rig  # noqa: E402

with Rig() as test:
    storms = Logins(test, Kernel("6.1-cloud-amd64"), {"iscsi-init": (Driver(test.folder, "crowd").path, None)})
    for name in sys.argv[1:] or ["tgtd", "LIO"]:
        def told(_program, figures, said):
            test.ok(figures["done"] == COUNT and figures["failed"] == 0, "%s: all %d are logged in" % (name, COUNT),  # noqa: B023
                    "%s\n%s" % (figures, said[-2000:]))
            test.note("%s: half of them in %d ms, 99 %% in %d ms, all in %d ms, %d attempts" % (
                name, figures["p50_ms"], figures["p99_ms"], figures["last_ms"], figures["attempts"]))  # noqa: B023
        wrong = storms.storm(name, 1, told)
        test.ok(wrong["done"] == 0 and wrong["failed"] == 20, name + ": a wrong password lets nobody in", str(wrong))
