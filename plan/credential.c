/* credential.c - CHAP names and secrets as text. See credential.h. */
/* SPDX-License-Identifier: MIT */
#include "plan/credential.h"

#include <errno.h>
#include <string.h>

#include "proto/wipe.h"

/* Returns the decoded length, or -1 with *fault. */
static int decode_percent(struct text text, uint8_t *out, size_t size, struct fault *fault)
{
	size_t used = 0;

	for (size_t i = 0; i < text.length; i++) {
		uint8_t byte = (uint8_t)text.at[i];

		if (byte == '%') {
			int high = i + 2 < text.length ? text_hex_digit(text.at[i + 1]) : -1;
			int low = i + 2 < text.length ? text_hex_digit(text.at[i + 2]) : -1;

			if (high < 0 || low < 0) {
				fault_set(fault, text.at + i, "'%%' must be followed by two hexadecimal digits");
				return -1;
			}
			byte = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (used == size) {
			fault_set(fault, text.at, "longer than %zu bytes", size);
			return -1;
		}
		out[used++] = byte;
	}
	return (int)used;
}

int credential_read_name(struct text text, char name[CHAP_NAME_MAX], struct fault *fault)
{
	uint8_t decoded[CHAP_NAME_MAX - 1];
	int length = decode_percent(text, decoded, sizeof(decoded), fault);

	if (length < 0)
		return -EINVAL;
	return credential_take_name((struct text){.at = (char *)decoded, .length = (size_t)length}, name, fault);
}

int credential_take_name(struct text text, char name[CHAP_NAME_MAX], struct fault *fault)
{
	if (!text.length)
		return fault_set(fault, NULL, "a CHAP name must not be empty");
	switch (text_copy(text, name, CHAP_NAME_MAX)) {
	case 0:
		return 0;
	case -EINVAL:
		return fault_set(fault, NULL, "a CHAP name must not hold a zero byte");
	default:
		return fault_set(fault, NULL, "a CHAP name has at most %d bytes", CHAP_NAME_MAX - 1);
	}
}

int credential_take_secret(struct text text, struct chap_secret *secret, struct fault *fault)
{
	if (!text.length)
		return fault_set(fault, NULL, "a CHAP secret must not be empty");
	if (text.length > CHAP_SECRET_MAX)
		return fault_set(fault, NULL, "a CHAP secret has at most %d bytes", CHAP_SECRET_MAX);
	memcpy(secret->bytes, text.at, text.length);
	secret->length = (uint16_t)text.length;
	return 0;
}

static int read_hex(struct text text, struct chap_secret *secret, struct fault *fault)
{
	if (!text.length || text.length % 2)
		return fault_set(fault, NULL, "a secret 0x... needs an even number of hexadecimal digits");
	if (text.length / 2 > CHAP_SECRET_MAX)
		return fault_set(fault, NULL, "a CHAP secret has at most %d bytes", CHAP_SECRET_MAX);
	for (size_t i = 0; i < text.length; i += 2) {
		int high = text_hex_digit(text.at[i]), low = text_hex_digit(text.at[i + 1]);

		if (high < 0 || low < 0)
			return fault_set(
				fault, NULL,
				"a secret that begins with 0x must be hexadecimal (write %%30x for these characters)");
		secret->bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	secret->length = (uint16_t)(text.length / 2);
	return 0;
}

static int base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static int read_base64(struct text text, struct chap_secret *secret, struct fault *fault)
{
	size_t padding = 0, used = 0;
	uint32_t bits = 0;
	unsigned count = 0;

	while (padding < 2 && padding < text.length && text.at[text.length - 1 - padding] == '=')
		padding++;
	if (!text.length || text.length % 4)
		return fault_set(fault, NULL, "a secret 0b... is base64, in groups of four characters");
	if (text.length / 4 * 3 - padding > CHAP_SECRET_MAX)
		return fault_set(fault, NULL, "a CHAP secret has at most %d bytes", CHAP_SECRET_MAX);
	for (size_t i = 0; i < text.length - padding; i++) {
		int digit = base64_digit(text.at[i]);

		if (digit < 0)
			return fault_set(
				fault, NULL,
				"a secret that begins with 0b must be base64 (write %%30b for these characters)");
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			secret->bytes[used++] = (uint8_t)(bits >> count);
		}
	}
	secret->length = (uint16_t)used;
	return 0;
}

/* 1: the secret has a binary form and was read; 0: it has no binary form; -EINVAL. */
static int read_binary(struct text text, struct chap_secret *secret, struct fault *fault)
{
	struct text rest = text_skip(text, 2);

	if (text_starts(text, "0x") || text_starts(text, "0X"))
		return read_hex(rest, secret, fault) < 0 ? -EINVAL : 1;
	if (text_starts(text, "0b") || text_starts(text, "0B"))
		return read_base64(rest, secret, fault) < 0 ? -EINVAL : 1;
	return 0;
}

static int read_path(struct text text, char *file, size_t size, struct fault *fault)
{
	if (!text_starts(text, "/"))
		return fault_set(fault, NULL,
				 "a secret that begins with '@' is a file's full path (write %%40 for the character)");
	if (text_copy(text, file, size) < 0)
		return fault_set(fault, NULL, "a path has at most %zu bytes", size - 1);
	return 0;
}

int credential_read_secret(struct text text, struct chap_secret *secret, char *file, size_t size, struct fault *fault)
{
	uint8_t decoded[CHAP_SECRET_MAX];
	int length, result;

	if (text_starts(text, "@"))
		return read_path(text_skip(text, 1), file, size, fault);
	result = read_binary(text, secret, fault);
	if (result != 0)
		return result < 0 ? -EINVAL : 0;
	length = decode_percent(text, decoded, sizeof(decoded), fault);
	if (length < 0)
		return -EINVAL;
	result = credential_take_secret((struct text){.at = (char *)decoded, .length = (size_t)length}, secret, fault);
	wipe(decoded, sizeof(decoded));
	return result;
}

int credential_read_file(struct text content, struct chap_secret *secret, struct fault *fault)
{
	struct text line = text_cut(&content, '\n');
	int result;

	if (line.length && line.at[line.length - 1] == '\r')
		line.length--;
	result = line.length > 1 ? read_binary(line, secret, fault) : 0;
	if (result != 0)
		return result < 0 ? -EINVAL : 0;
	return credential_take_secret(line, secret, fault);
}

static int read_algorithm(struct text text, uint8_t *algorithm)
{
	static const struct {
		const char *name, *alias;
		enum chap_algorithm algorithm;
	} algorithms[] = {
		{"MD5", "MD5", CHAP_MD5},
		{"SHA1", "SHA-1", CHAP_SHA1},
		{"SHA256", "SHA-256", CHAP_SHA256},
		{"SHA3-256", "SHA3_256", CHAP_SHA3_256},
	};

	for (unsigned i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (text_is_word(text, algorithms[i].name) || text_is_word(text, algorithms[i].alias)) {
			*algorithm = (uint8_t)algorithms[i].algorithm;
			return 0;
		}
	}
	return -EINVAL;
}

int credential_read_algorithms(struct text text, struct chap_config *chap, struct fault *fault)
{
	uint8_t read[sizeof(chap->algorithms)] = {0};
	char shown[TEXT_SHOWN];
	size_t count = 0;

	do {
		struct text name = text_cut(&text, ':');
		uint8_t algorithm;

		if (read_algorithm(name, &algorithm) < 0)
			return fault_expected(fault, name,
					      "expected a list of SHA3-256, SHA256, SHA1 and MD5, joined with ':'");
		if (memchr(read, algorithm, sizeof(read)))
			return fault_set(fault, name.at, "%s is given twice", text_show(name, shown));
		read[count++] = algorithm;
	} while (text.at);
	memcpy(chap->algorithms, read, sizeof(read));
	chap->algorithms_given = true;
	return 0;
}

int credential_check(const struct target_plan *target, struct fault *fault)
{
	const struct chap_config *chap = &target->chap;
	bool ours = chap->password.length || target->secret_file[0];
	bool theirs = chap->password_in.length || target->secret_in_file[0];

	if (chap->username[0] && !ours)
		return fault_set(fault, NULL, "a CHAP user name without a password");
	if (ours && !chap->username[0])
		return fault_set(fault, NULL, "a CHAP password without a user name");
	if (chap->username_in[0] && !theirs)
		return fault_set(fault, NULL, "the target's CHAP user name without its password");
	if (theirs && !chap->username_in[0])
		return fault_set(fault, NULL, "the target's CHAP password without its user name");
	if (chap->username_in[0] && !chap->username[0])
		return fault_set(fault, NULL, "mutual CHAP needs our own user name and password beside the target's");
	if (chap_is_same_secret(&chap->password, &chap->password_in))
		return fault_set(fault, NULL, "the same CHAP secret in both directions (RFC 7143 9.2.1 forbids it)");
	return 0;
}

const char *credential_warning(const struct target_plan *target)
{
	const struct chap_secret *secrets[] = {&target->chap.password, &target->chap.password_in};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (secrets[i]->length && secrets[i]->length < CHAP_SECRET_SHORT)
			return "a CHAP secret has less than 96 bits: an eavesdropper can guess a short secret offline "
			       "(RFC 7143 9.2.1)";
	return NULL;
}
