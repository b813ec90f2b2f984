/* address.h - addresses, prefixes, hardware addresses and portals as text.
 *
 * Owns the forms that all dialects share, but not where they stand in a word. Pure: libc's inet_pton and inet_ntop only
 * convert.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_ADDRESS_H
#define PLAN_ADDRESS_H

#include "plan/plan.h"
#include "proto/text.h"

#define ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

/* "192.0.2.1" or "2001:db8::1", with or without brackets. 0 or -EINVAL. */
int address_read(struct text text, struct address *address);

/* Is it an IPv6 address that counts on one link only (RFC 4291 2.4)? */
#define ADDRESS_NONE "0.0.0.0" /* is none (kernel: net/ipv4/ipconfig.c); pxelinux writes it for no gateway */

/* Are both of them addresses, and the same one, however each is written? */
bool address_is_same(const char *a, const char *b);

bool address_is_link_local(const struct address *address);

/* Returns out; "" for none. */
const char *address_write(const struct address *address, char out[ADDRESS_TEXT_MAX]);

/* An address with "/prefix" or "/netmask" after it or, for IPv6, after its brackets. *prefix stays as it is if there is none. */
int address_read_prefix(struct text text, struct address *address, uint8_t *prefix, bool *has_prefix);

/* A netmask: dotted and with all ones first, or a number of bits that the family (4 or 6) allows. */
int address_read_mask(struct text text, uint8_t family, uint8_t *prefix);

/* The prefix of an IPv4 address's class: 8, 16 or 24 (the kernel's default for an empty netmask). */
uint8_t address_class(const struct address *address);

/* Six bytes in hexadecimal with `separator` between them (52:54:00:12:34:56). */
int address_read_mac(struct text text, char separator, uint8_t mac[6]);

/* The name of a network interface, copied: 1 to 15 printable ASCII characters without
   '/', ':' and white space. */
int address_read_interface(struct text text, char out[PLAN_IFNAME_MAX]);

/* A host: an IPv4 address, an IPv6 address (no brackets), or a DNS name. */
int address_read_host(struct text text, char out[PLAN_HOST_MAX], struct fault *fault);

/* <IPv4>[:port], [<IPv6>[%scope]][:port], <name>[:port]; the port defaults to 3260. 0, or -EINVAL with *fault. */
int portal_read(struct text text, struct portal *portal, struct fault *fault);

/* The portal as portal_read takes it, with the port. Returns out. */
#define PORTAL_TEXT_MAX (PLAN_HOST_MAX + PLAN_IFNAME_MAX + 12)
const char *portal_write(const struct portal *portal, char out[PORTAL_TEXT_MAX]);

#endif
