#!/bin/sh
# SPDX-License-Identifier: MIT
# The cases of test/boot/identity.t that take long: with CHAP and digests, with scan=lean, with LIO, and what the proof costs.
exec "$(dirname "$0")/../boot/identity.t" guarded lean lio cost
