#!/bin/sh
# SPDX-License-Identifier: MIT
# The cases of test/boot/units.t that take long: a unit that stays reserved, and one that is busy for long.
exec "$(dirname "$0")/../boot/units.t" never busy
