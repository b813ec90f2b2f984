#!/bin/sh
# SPDX-License-Identifier: MIT
# cppcheck finds no error, portability or performance trouble.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
check "cppcheck has no complaint" cppcheck -q --std=c11 --enable=warning,portability,performance --inline-suppr \
	--error-exitcode=1 --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unmatchedSuppression \
	--suppress=internalAstError --template=gcc -D_GNU_SOURCE -D__linux__ '-DISCSI_INIT_VERSION="0"' -I. \
	. -itest -ibuild
done_testing
