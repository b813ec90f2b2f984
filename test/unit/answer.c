/* What the login writes about the target's text: which bytes are shown, and where a list of remarks ends. */
/* SPDX-License-Identifier: MIT */
#include "login/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct login login;

static int set_up(void **state)
{
	(void)state;
	memset(&login, 0, sizeof(login));
	return 0;
}

static struct key key_of(const char *name, const char *value)
{
	return (struct key){.name = name, .name_length = strlen(name), .value = value, .value_length = strlen(value)};
}

static void only_what_can_be_printed_is_shown(void **state)
{
	struct key key = key_of("HeaderDigest", " ~\x1f\x7f\x80z");

	(void)state;
	assert_true(answer_refuse(&login, &key, "None") != 0);
	assert_string_equal(login.failure.text, "HeaderDigest= ~???z: expected None");
	assert_int_equal(login.failure.error, LOGIN_NEGOTIATION);
}

static void first_failure_stays(void **state)
{
	struct key key = key_of("\tA", "");

	(void)state;
	assert_true(answer_repeated(&login, &key) != 0);
	assert_true(answer_fail(&login, LOGIN_AUTH_REFUSED, "later") != 0);
	assert_string_equal(login.failure.text, "the target sent ?A twice (RFC 7143 6.2)");
	assert_int_equal(login.failure.error, LOGIN_PROTOCOL);
}

/* A separator only where all of it has room. */
static void remarks_fill_their_room(void **state)
{
	char *out = login.result.tolerated;
	const size_t size = sizeof(login.result.tolerated);

	(void)state;
	memset(out, 'x', size - 4);
	assert_int_equal(answer_tolerate(&login, "%s", "yz"), 0);
	assert_int_equal(strlen(out), size - 1);
	assert_string_equal(out + size - 4, "; y");
	memset(out, 'x', size - 3);
	out[size - 3] = '\0';
	assert_int_equal(answer_tolerate(&login, "%s", "yz"), 0);
	assert_string_equal(out + size - 4, "x; ");
	memset(out, 'x', size - 2);
	out[size - 2] = '\0';
	assert_int_equal(answer_tolerate(&login, "%s", "yz"), 0);
	assert_string_equal(out + size - 3, "xy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_what_can_be_printed_is_shown, set_up),
		cmocka_unit_test_setup(first_failure_stays, set_up),
		cmocka_unit_test_setup(remarks_fill_their_room, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
