/* target_list.c - see target_list.h. */
/* SPDX-License-Identifier: MIT */
#include "session/target_list.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "login/address.h"
#include "plan/address.h"
#include "proto/bytes.h"
#include "proto/keys.h"

void target_list_clear(struct target_list *list)
{
	list->pending_used = list->total = list->used = list->last_name = 0;
	list->count = list->left_out = 0;
	list->skips = false;
}

/* A new target begins. False: its name is not to be kept. Some portals list a target once for each of its portal groups.
   What is no iSCSI name is left out, together with its addresses: a word of the command line may name it all the same. */
static bool begin_target(struct target_list *list, const struct key *key)
{
	const char *why;

	list->skips = name_check(key->value, key->value_length, &why) < 0;
	list->left_out += list->skips;
	if (list->skips || (list->count && key_value_is(key, list->records + list->last_name)))
		return false;
	list->count++;
	list->last_name = list->used + key->name_length + 1;
	return true;
}

/* Is it an address of a target that is kept? One that cannot be read is left out; its target stays. */
static bool is_useful(const struct target_list *list, const struct key *key)
{
	struct login_redirect address;

	return list->count && !list->skips && !login_read_address(key->value, key->value_length, &address);
}

static int take_record(struct target_list *list, const struct key *key)
{
	struct writer records = writer_of(list->records, sizeof(list->records));

	if (key_is(key, "TargetName") ? !begin_target(list, key)
				      : !key_is(key, "TargetAddress") || !is_useful(list, key))
		return 0;
	records.used = list->used;
	write_bytes(&records, key->name, key->name_length + 1 + key->value_length);
	write_u8(&records, 0);
	list->used = records.used;
	return records.bad ? -EINVAL : 0;
}

static int take_pair(struct target_list *list, const char *pair, size_t length)
{
	struct reader r = reader_of(pair, length);
	struct key key;
	int more = keys_next(&r, &key);

	return more < 0 ? more : more ? take_record(list, &key) : 0;
}

int target_list_take(struct target_list *list, const uint8_t *text, size_t length)
{
	list->total += length;
	if (list->total > TARGET_LIST_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int result;

		if (text[i]) {
			if (list->pending_used >= sizeof(list->pending))
				return -EINVAL;
			list->pending[list->pending_used++] = (char)text[i];
			continue;
		}
		result = take_pair(list, list->pending, list->pending_used);
		list->pending_used = 0;
		if (result)
			return result;
	}
	return 0;
}

int target_list_finish(struct target_list *list)
{
	static const uint8_t nul;

	return list->pending_used ? target_list_take(list, &nul, 1) : 0;
}

static struct reader records_of(const struct target_list *list)
{
	return reader_of(list->records, list->used);
}

/* False: it is link-local, and nobody can tell which of our interfaces it is behind. Some targets list such portals of all their
   interfaces. */
static bool make_portal(const struct login_redirect *address, const struct portal *asked, struct portal *out)
{
	struct address read;

	memset(out, 0, sizeof(*out));
	memcpy(out->host, address->host, sizeof(out->host));
	out->port = address->port;
	if (address_read(text_of(out->host), &read))
		return true; /* a name */
	address_write(&read, out->host);
	if (address_is_same(asked->host, out->host))
		memcpy(out->host, asked->host, sizeof(out->host)); /* as it was written */
	if (!address_is_link_local(&read))
		return true;
	memcpy(out->scope, asked->scope, sizeof(out->scope));
	return out->scope[0];
}

static void add_listed(struct target_plan *plan, const struct login_redirect *address)
{
	struct portal next;

	if (!make_portal(address, &plan->portal, &next) ||
	    (next.port == plan->portal.port && !strcmp(next.host, plan->portal.host)))
		return;
	if (plan->listed_count == PLAN_LISTED_MAX)
		plan->unlisted++;
	else
		plan->listed[plan->listed_count++] = next;
}

void target_list_use(const struct target_list *list, int index, struct target_plan *plan)
{
	struct reader r = records_of(list);
	struct login_redirect address;
	struct key key;

	plan->listed_count = plan->unlisted = 0;
	while (keys_next(&r, &key) == 1) {
		if (key_is(&key, "TargetName")) {
			if (index-- == 0)
				memcpy(plan->name, key.value, key.value_length + 1);
			continue;
		}
		if (index == -1 && !login_read_address(key.value, key.value_length, &address))
			add_listed(plan, &address);
	}
}

int target_list_find(const struct target_list *list, const char *name)
{
	struct reader r = records_of(list);
	struct key key;
	int index = 0;

	while (keys_next(&r, &key) == 1) {
		if (!key_is(&key, "TargetName"))
			continue;
		if (!strcasecmp(key.value, name)) /* RFC 7143 4.2.7.1; its NUL is there */
			return index;
		index++;
	}
	return -1;
}

const char *target_list_names(const struct target_list *list, char *out, size_t size)
{
	struct reader r = records_of(list);
	struct key key;
	size_t used = 0;

	out[0] = '\0';
	while (keys_next(&r, &key) == 1) {
		if (!key_is(&key, "TargetName"))
			continue;
		if (used + key.value_length + sizeof(", , ...") > size) {
			snprintf(out + used, size - used, ", ...");
			break;
		}
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", key.value);
	}
	return out;
}

static void print_line(const struct portal *portal, int tpgt, const char *name, FILE *out)
{
	char text[PORTAL_TEXT_MAX];

	fprintf(out, "%s,%d %s\n", portal_write(portal, text), tpgt < 0 ? 1 : tpgt, name);
}

void target_list_print(const struct target_list *list, const struct portal *asked, FILE *out)
{
	struct reader r = records_of(list);
	const char *name = "", *bare = NULL; /* bare: it has had no address yet */
	struct login_redirect address;
	struct key key;

	while (keys_next(&r, &key) == 1) {
		struct portal portal = {.host = ""};

		if (key_is(&key, "TargetName")) {
			if (bare)
				print_line(asked, -1, bare, out);
			name = bare = key.value;
			continue;
		}
		login_read_address(key.value, key.value_length, &address);
		memcpy(portal.host, address.host, sizeof(portal.host));
		portal.port = address.port;
		print_line(&portal, address.tpgt, name, out);
		bare = NULL;
	}
	if (bare)
		print_line(asked, -1, bare, out);
}
