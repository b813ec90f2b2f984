#!/bin/sh
# SPDX-License-Identifier: MIT
# The boot test of recovery with 20 restarts of the target, at other moments each time (SEED repeats them),
# and with one that is away for more than two minutes.
SEED=${SEED:-$(date +%s)} RESTARTS=20 exec "$(dirname "$0")/../boot/recovery.t" outages long
