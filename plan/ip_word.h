/* ip_word.h - the value of ip= and iscsi.ip=, in the kernel's grammar and in dracut's.
 *
 * Owns one word (kernel: Documentation/admin-guide/nfs/nfsroot.rst; dracut.cmdline(7)). Where the two differ:
 *   second field	the kernel's server address; dracut's peer only when it has a /prefix
 *   empty ip=		dhcp (dracut, Debian), not off (kernel)
 *   single address	the client's, with its class's netmask (kernel), completed by dracut's netmask= and gateway=
 *   on, any		with a client address: static (kernel); else DHCPv4 (both)
 *   dhcp		with a client address: both addresses (NetworkManager)
 *   fields 8, 9	name servers when they look like addresses (both), else MTU and MAC (dracut)
 * Pure.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_IP_WORD_H
#define PLAN_IP_WORD_H

#include "plan/plan.h"
#include "proto/text.h"

enum ip_form {
	IP_INTERFACE, /* *interface is filled */
	IP_OFF,       /* configure nothing */
	IP_FIRMWARE   /* use the iBFT's settings */
};

struct ip_word {
	enum ip_form form;
	struct interface_plan interface;
	struct address dns[2];
	int dns_count;
	bool boot_interface; /* the interface is given as BOOTIF: the one whose MAC address BOOTIF= has */
	bool bare_address;   /* a single address: netmask=, gateway=, ... may complete it */
	bool guesses_prefix; /* no netmask is given, so that the address's class decides */
	bool ignored_server; /* the kernel's server field has an address, which has no meaning here */
};

/* 0, or -EINVAL with *fault. */
int ip_word_read(struct text text, struct ip_word *word, struct fault *fault);

/* Reads an MTU, also for other words; "" leaves *mtu as it is. 0, or -EINVAL with *fault. */
int ip_word_read_mtu(struct text text, int *mtu, struct fault *fault);

#endif
