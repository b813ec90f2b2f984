/* ip_word.c - fuzzes the value of ip=: a piece of text without a NUL, and portals and addresses of the same text. */
/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/address.h"
#include "plan/ip_word.h"
#include "test/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fault(const struct fault *fault, struct text text)
{
	require(fault->text[0] && strnlen(fault->text, sizeof(fault->text)) < sizeof(fault->text));
	require(!fault->at || (fault->at >= text.at && fault->at <= text.at + text.length));
}

static void check_word(const struct ip_word *word)
{
	const struct interface_plan *interface = &word->interface;

	require(word->dns_count >= 0 && word->dns_count <= 2);
	require(interface->address.family == 0 || interface->prefix <= (interface->address.family == 4 ? 32 : 128));
	require(!interface->address.family == !(interface->methods & METHOD_STATIC) || word->form != IP_INTERFACE);
	require(!interface->gateway.family || interface->gateway.family == interface->address.family);
	require(interface->mtu == 0 || (interface->mtu >= 68 && interface->mtu <= 65535));
	require(memchr(interface->name, 0, sizeof(interface->name)) && !strpbrk(interface->name, "/ \t\n:"));
	require(memchr(interface->hostname, 0, sizeof(interface->hostname)) != NULL);
	require(interface->client_id_length <= sizeof(interface->client_id));
}

/* What is written is read again as the same. */
static void check_portal(const struct portal *portal)
{
	char written[PORTAL_TEXT_MAX];
	struct portal again;
	struct fault fault;

	portal_write(portal, written);
	require(portal_read(text_of(written), &again, &fault) == 0);
	require(!strcmp(again.host, portal->host) && again.port == portal->port && !strcmp(again.scope, portal->scope));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + !size);
	struct text text = {.at = copy, .length = size};
	struct fault fault = {0};
	struct portal portal;
	struct ip_word word;

	require(copy != NULL);
	memcpy(copy, data, size);
	if (ip_word_read(text, &word, &fault) < 0)
		check_fault(&fault, text);
	else
		check_word(&word);
	fault = (struct fault){0};
	if (portal_read(text, &portal, &fault) < 0)
		check_fault(&fault, text);
	else
		check_portal(&portal);
	free(copy);
	return 0;
}
