/* heal.c - see heal.h. */
/* SPDX-License-Identifier: MIT */
#include "net/heal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/address.h"
#include "sys/log.h"

#define PAUSE_FIRST_MS 1000
#define PAUSE_DOUBLES  8      /* up to 256 s */
#define CALM_MS        600000 /* after this, damage is a new story */
#define MASTERS_MAX    4      /* a port of a bond of a bridge, and one to spare */
#define TEXT_MAX       320
#define ROUTE_TEXT_MAX (ADDRESS_TEXT_MAX + 24)

/* ---- the decisions ---- */

unsigned heal_damage(const struct heal_need *need, const struct heal_view *view, bool outage)
{
	unsigned damage = 0;

	if (view->route_on && view->route_on == view->address_on && view->route_on != need->route.index &&
	    !view->is_down)
		return 0; /* moved, as a whole */
	if (view->is_gone)
		return HEAL_GONE;
	if (view->is_down)
		damage |= HEAL_DOWN;
	if (view->is_enslaved)
		damage |= HEAL_ENSLAVED;
	if (view->address_on != view->at)
		damage |= HEAL_ADDRESS;
	if (!view->route_on || (outage && view->route_on != view->at))
		damage |= HEAL_ROUTE;
	return damage == HEAL_ENSLAVED && !view->is_held ? 0 : damage;
}

static int64_t pause_ms(unsigned repairs)
{
	return (int64_t)PAUSE_FIRST_MS << (repairs < PAUSE_DOUBLES ? repairs : PAUSE_DOUBLES);
}

int64_t heal_due(int64_t seen_ms, unsigned repairs, int64_t repaired_ms, bool outage)
{
	int64_t at = seen_ms + (outage ? 0 : HEAL_MOMENT_MS);
	int64_t again = repairs ? repaired_ms + pause_ms(repairs) : at;

	return at > again ? at : again;
}

/* ---- what the kernel says ---- */

static size_t address_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* The interface that has a need's address. */
struct search {
	const struct heal_need *need;
	int preferred;
	int index;
	uint8_t prefix;
};

static void find_source(void *context, const struct rtnl_event *event)
{
	struct search *search = context;
	const struct rtnl_route *route = &search->need->route;

	if (event->type != RTNL_ADDRESS || event->address.family != route->family ||
	    memcmp(event->address.address, route->source, address_size(route->family)) ||
	    (search->index && search->index == search->preferred))
		return;
	search->index = event->address.index;
	search->prefix = event->address.prefix;
}

/* A master that can have the address in its port's place. Others (a VRF, a switch in user space) cannot. */
static bool may_carry(const struct rtnl_link *master)
{
	return !strcmp(master->kind, "bridge") || !strcmp(master->kind, "bond") || !strcmp(master->kind, "team");
}

static bool is_up(struct rtnl *rtnl, int index)
{
	struct rtnl_link link;

	return rtnl_get_link(rtnl, index, &link) || link.flags & IFF_UP; /* what is gone cannot be brought up */
}

/* Follows the masters up to the one that gets the packets. */
static void look_above(struct rtnl *rtnl, const struct rtnl_link *link, struct heal_view *view)
{
	struct rtnl_link master = *link;

	for (int i = 0; i < MASTERS_MAX && master.master; i++) {
		if (rtnl_get_link(rtnl, master.master, &master))
			return;
		view->is_enslaved = true;
		view->is_held = view->is_held || !may_carry(&master);
		view->is_down = view->is_down || !(master.flags & IFF_UP);
		if (!view->is_held)
			view->at = master.index;
	}
}

static int look(struct rtnl *rtnl, const struct heal_need *need, struct heal_view *view, struct rtnl_link *link)
{
	struct search search = {.need = need};
	struct rtnl_route route = need->route;
	int result = rtnl_get_link(rtnl, need->route.index, link);

	*view = (struct heal_view){.at = need->route.index, .is_gone = result == -ENODEV};
	if (result && result != -ENODEV)
		return result;
	if (!result) {
		view->is_down = !(link->flags & IFF_UP);
		look_above(rtnl, link, view);
	}
	for (int i = 0; i < HEAL_BELOW_MAX && need->below[i]; i++)
		view->is_down = view->is_down || !is_up(rtnl, need->below[i]);
	search.preferred = view->at;
	result = rtnl_dump_addresses(rtnl, find_source, &search);
	view->address_on = search.index;
	view->route_on = rtnl_get_route(rtnl, &route) ? 0 : route.index;
	return result;
}

/* ---- what is needed ---- */

static void add_below(struct heal_need *need, int index)
{
	int i = 0;

	while (i < HEAL_BELOW_MAX && need->below[i] && need->below[i] != index)
		i++;
	if (i < HEAL_BELOW_MAX)
		need->below[i] = index;
}

static bool is_part(const struct heal_need *need, int index)
{
	for (int i = 0; i < HEAL_BELOW_MAX; i++)
		if (need->below[i] == index)
			return true;
	return need->route.index == index;
}

/* A bond's ports, and what a VLAN lies on, as far as they are up. */
static void find_below(void *context, const struct rtnl_event *event)
{
	const struct rtnl_link *link = &event->link;
	struct heal_need *need = context;

	if (event->type != RTNL_LINK || !(link->flags & IFF_UP))
		return;
	if (link->master && is_part(need, link->master))
		add_below(need, link->index);
	if (link->parent && !strcmp(link->kind, "vlan") && is_part(need, link->index))
		add_below(need, link->parent);
}

static bool read_peer(const struct sockaddr *peer, struct rtnl_route *route)
{
	*route = (struct rtnl_route){.family = (uint8_t)peer->sa_family};
	if (peer->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, peer, sizeof(v4));
		memcpy(route->to, &v4.sin_addr, sizeof(v4.sin_addr));
	} else if (peer->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, peer, sizeof(v6));
		memcpy(route->to, &v6.sin6_addr, sizeof(v6.sin6_addr));
		route->index = (int)v6.sin6_scope_id;
	} else {
		return false;
	}
	route->prefix = (uint8_t)(address_size(route->family) * 8);
	return true;
}

/* False where the kernel uses no interface that could be lost. */
static bool read_need(struct rtnl *rtnl, const struct sockaddr *peer, struct heal_need *need)
{
	struct search search = {.need = need};
	struct rtnl_link link;

	memset(need, 0, sizeof(*need));
	if (!read_peer(peer, &need->route) || rtnl_get_route(rtnl, &need->route) || !need->route.has_source ||
	    rtnl_get_link(rtnl, need->route.index, &link) || link.flags & IFF_LOOPBACK)
		return false;
	search.preferred = need->route.index;
	if (rtnl_dump_addresses(rtnl, find_source, &search) || search.index != need->route.index)
		return false;
	need->prefix = search.prefix;
	for (int i = 0; i < MASTERS_MAX; i++) /* what is below may have something below it */
		if (rtnl_dump_links(rtnl, find_below, need))
			return false;
	return true;
}

/* ---- what is said ---- */

struct line {
	char text[TEXT_MAX];
	size_t used;
};

static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *format, ...)
{
	size_t left = sizeof(line->text) - line->used;
	va_list arguments;
	int length;

	if (line->used) {
		length = snprintf(line->text + line->used, left, ", ");
		line->used += (size_t)length < left ? (size_t)length : left - 1;
		left = sizeof(line->text) - line->used;
	}
	va_start(arguments, format);
	length = vsnprintf(line->text + line->used, left, format, arguments);
	va_end(arguments);
	if (length > 0)
		line->used += (size_t)length < left ? (size_t)length : left - 1;
}

static const char *bytes_text(uint8_t family, const uint8_t *bytes, char out[ADDRESS_TEXT_MAX])
{
	if (!inet_ntop(family, bytes, out, ADDRESS_TEXT_MAX))
		out[0] = '\0';
	return out;
}

static void tell_damage(const struct heal_need *need, const struct rtnl_link *link, unsigned damage, int64_t wait_ms)
{
	char source[ADDRESS_TEXT_MAX], peer[ADDRESS_TEXT_MAX];
	struct line line = {.used = 0};

	bytes_text(need->route.family, need->route.source, source);
	bytes_text(need->route.family, need->route.to, peer);
	if (damage & HEAL_GONE) {
		log_err("network interface %d is gone, and root needs it to reach %s: make it again "
			"(event=network-damaged)",
			need->route.index, peer);
		return;
	}
	if (damage & HEAL_DOWN)
		put(&line, "it was set down");
	if (damage & HEAL_ENSLAVED)
		put(&line, "it became a part of another interface");
	if (damage & HEAL_ADDRESS)
		put(&line, "its address %s was taken away", source);
	if (damage & HEAL_ROUTE)
		put(&line, "there is no route to %s", peer);
	if (wait_ms > 0)
		log_warn("%s: root needs this interface: %s; unless the system mends that within %lld ms, it is set up "
			 "again (event=network-damaged)",
			 link->name, line.text, (long long)wait_ms);
	else
		log_warn("%s: root needs this interface: %s; it is set up again now (event=network-damaged)",
			 link->name, line.text);
}

static void tell_repair(const struct heal_need *need, const struct rtnl_link *link, int result, unsigned repairs)
{
	char source[ADDRESS_TEXT_MAX], peer[ADDRESS_TEXT_MAX];

	bytes_text(need->route.family, need->route.source, source);
	bytes_text(need->route.family, need->route.to, peer);
	if (result)
		log_err("%s: address %s/%u and the route to %s cannot be set again: %s; the next attempt is in %lld s",
			link->name, source, need->prefix, peer, strerror(-result), (long long)pause_ms(repairs) / 1000);
	else
		log_warn("%s: set up again for root: address %s/%u, route to %s (event=network-healed)", link->name,
			 source, need->prefix, peer);
}

/* ---- repairing ---- */

static int bring_up(struct rtnl *rtnl, int index)
{
	struct rtnl_change up = {.up = true};

	return is_up(rtnl, index) ? 0 : rtnl_change_link(rtnl, index, &up);
}

/* From the bottom to the top. */
static int bring_all_up(struct rtnl *rtnl, const struct heal_need *need, const struct heal_view *view)
{
	int result = 0, one;

	for (int i = HEAL_BELOW_MAX - 1; i >= 0; i--)
		if (need->below[i] && (one = bring_up(rtnl, need->below[i])))
			result = one;
	one = bring_up(rtnl, need->route.index);
	result = one ? one : result;
	one = bring_up(rtnl, view->at);
	return one ? one : result;
}

static int put_address(struct rtnl *rtnl, const struct heal_need *need, int index)
{
	struct rtnl_address address = {.index = index, .family = need->route.family, .prefix = need->prefix};

	/* nobody else has it: it was ours all the time, and a test would only cost time */
	address.flags = need->route.family == AF_INET6 ? IFA_F_NODAD : 0;
	memcpy(address.address, need->route.source, sizeof(address.address));
	return rtnl_add_address(rtnl, &address);
}

/* To the portal alone, and only where the address has not brought one. */
static int put_route(struct rtnl *rtnl, const struct heal_need *need, int index)
{
	struct rtnl_route now = need->route, wanted = need->route;
	int result;

	if (!rtnl_get_route(rtnl, &now) && now.index == index)
		return 0;
	wanted.index = index;
	wanted.gateway_on_link = wanted.has_gateway;
	result = rtnl_add_route(rtnl, &wanted);
	return result == -EEXIST ? 0 : result;
}

static int repair(struct rtnl *rtnl, const struct heal_need *need, struct heal_view *view)
{
	struct rtnl_change release = {.release = true};
	int result = 0;

	if (view->is_held) {
		result = rtnl_change_link(rtnl, need->route.index, &release);
		view->at = need->route.index;
	}
	if (!result)
		result = bring_all_up(rtnl, need, view);
	if (!result && view->address_on != view->at)
		result = put_address(rtnl, need, view->at);
	return result ? result : put_route(rtnl, need, view->at);
}

/* ---- public ---- */

void heal_init(struct heal *heal, struct rtnl *rtnl)
{
	heal->rtnl = rtnl;
	heal->due_ms = INT64_MAX;
}

void heal_note(struct heal *heal, int i, int64_t up_ms, const struct sockaddr *peer)
{
	struct heal_need need;

	if (!heal->rtnl || heal->noted_ms[i] == up_ms)
		return;
	heal->noted_ms[i] = up_ms;
	if (read_need(heal->rtnl, peer, &need))
		heal->needs[i] = need;
}

void heal_touch(struct heal *heal, int index)
{
	/* a new master's own events count as well, and it is in no need yet */
	heal->touched = heal->touched || !index;
	for (int i = 0; i < HEAL_NEEDS_MAX && !heal->touched; i++)
		heal->touched = heal->needs[i].route.index && (heal->damage || is_part(&heal->needs[i], index));
}

int64_t heal_deadline(const struct heal *heal)
{
	return heal->due_ms;
}

static void note_well(struct heal *heal)
{
	if (heal->damage && heal->repaired_ms < heal->seen_ms)
		log_info("root's network is whole again (event=network-whole)");
	heal->damage = 0;
	heal->due_ms = INT64_MAX;
}

/* Damage that is found now was not there before. */
static void begin_story(struct heal *heal, int64_t now_ms)
{
	heal->seen_ms = now_ms;
	if (now_ms - heal->repaired_ms >= CALM_MS)
		heal->repairs = 0;
}

/* One need's part of a look: says what is new, and repairs it where that is due. True: it was repaired. */
static bool tend(struct heal *heal, const struct heal_need *need, int64_t now_ms, unsigned *damage)
{
	struct rtnl_link link;
	struct heal_view view;
	unsigned found;
	int result;

	if (look(heal->rtnl, need, &view, &link))
		return false; /* the kernel is out of memory; the next event looks again */
	found = heal_damage(need, &view, heal->outage);
	*damage |= found;
	if (found & ~heal->damage)
		tell_damage(need, &link, found, heal->due_ms - now_ms);
	if (!found || found & HEAL_GONE || now_ms < heal->due_ms)
		return false;
	result = repair(heal->rtnl, need, &view);
	tell_repair(need, &link, result, heal->repairs + 1);
	return !result;
}

bool heal_step(struct heal *heal, unsigned outage, int64_t now_ms)
{
	unsigned damage = 0;
	bool repaired = false, due;

	heal->touched = heal->touched || (outage && outage != heal->outage);
	heal->outage = outage;
	if (!heal->rtnl || (!heal->touched && now_ms < heal->due_ms))
		return false;
	heal->touched = false;
	if (!heal->damage)
		begin_story(heal, now_ms);
	heal->due_ms = heal_due(heal->seen_ms, heal->repairs, heal->repaired_ms, outage);
	due = now_ms >= heal->due_ms;
	for (int i = 0; i < HEAL_NEEDS_MAX; i++)
		if (heal->needs[i].route.index)
			repaired |= tend(heal, &heal->needs[i], now_ms, &damage);
	if (!damage) {
		note_well(heal);
		return false;
	}
	heal->damage = damage;
	if (!due)
		return false;
	heal->repairs++;
	heal->repaired_ms = now_ms;
	heal->due_ms = damage == HEAL_GONE ? INT64_MAX : heal_due(heal->seen_ms, heal->repairs, now_ms, outage);
	return repaired;
}
