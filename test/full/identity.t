#!/bin/sh
# SPDX-License-Identifier: MIT
# The cases of test/boot/identity.t that take long: a target that ends the older of two sessions, with CHAP and digests, with scan=lean,
# with LIO, and what the proof costs.
exec "$(dirname "$0")/../boot/identity.t" newest-session guarded lean lio cost
