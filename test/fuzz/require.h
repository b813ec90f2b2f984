/* What must hold, whatever the input is: the run ends with a line that says what does not, and where. */
/* SPDX-License-Identifier: MIT */
#ifndef TEST_FUZZ_REQUIRE_H
#define TEST_FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define require(holds) ((holds) ? (void)0 : require_fail(__FILE__, __LINE__, #holds))

static inline _Noreturn void require_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
	abort();
}

#endif
