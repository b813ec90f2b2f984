/* plan.h - what this boot is going to do: the network, the targets, the root, the manner.
 *
 * plan_network needs the command line and the firmware's table; plan_targets also the lease, where one came. Both are
 * pure: sources are read, never written. The precedence is written in iscsi-init(8) and in plan.c, once. Every consumer
 * (net.c, session.c, blockdev.c, root.c, main.c, `check`) reads these structs and nothing of the sources.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log.h"
#include "proto/chap.h"
#include "proto/name.h"
#include "proto/params.h"

#define PLAN_TARGETS_MAX    64
#define PLAN_INTERFACES_MAX 16
#define PLAN_LINKS_MAX	    8
#define PLAN_ROUTES_MAX	    16
#define PLAN_DNS_MAX	    4
#define PLAN_IFNAME_MAX	    16 /* IFNAMSIZ, with the NUL */
#define PLAN_HOST_MAX	    254 /* a DNS name, with the NUL */

/* An address, or none. */
struct address {
	uint8_t family;	   /* 0: none, 4, 6 */
	uint8_t bytes[16]; /* network order; the first 4 for IPv4 */
};

/* Ways in which one interface comes to an address; several may stand together. */
enum method {
	METHOD_STATIC = 1,
	METHOD_DHCP4 = 2,
	METHOD_AUTO6 = 4, /* router advertisements */
	METHOD_DHCP6 = 8,
	METHOD_LINK6 = 16, /* link-local only */
};

struct interface_plan {
	char name[PLAN_IFNAME_MAX]; /* "": by mac, or (no mac either) any interface with carrier */
	bool has_mac;
	uint8_t mac[6];		    /* find it by this one */
	bool sets_mac;
	uint8_t new_mac[6];	    /* give it this one */
	unsigned methods;	    /* enum method, or'ed. 0: bring the link up, no address (autoconf=off without one) */
	bool any_method;	    /* the first method that yields an address is enough (either6, on, any) */
	struct address address, peer, gateway;
	uint8_t prefix;		    /* bits */
	int mtu;		    /* 0: as it is */
	char hostname[64];
	char client_id[64];	    /* DHCP client id as asked: "type,value"; "" by MAC */
	bool firmware;		    /* from the iBFT */
	enum source source;
};

struct route_plan {
	struct address to; /* family 0: default */
	uint8_t prefix;
	struct address gateway;
	char interface[PLAN_IFNAME_MAX];
};

/* A link to be made or renamed before addresses. */
enum link_kind { LINK_VLAN, LINK_BOND, LINK_RENAME };
struct link_plan {
	enum link_kind kind;
	char name[PLAN_IFNAME_MAX];   /* the new link, or the new name */
	char parent[PLAN_IFNAME_MAX]; /* LINK_VLAN */
	uint16_t vlan;
	uint8_t mac[6];		      /* LINK_RENAME: whose name it is to be */
	char slaves[8][PLAN_IFNAME_MAX];
	int slave_count;
	char options[128];	      /* LINK_BOND: opt=val,opt=val */
	int mtu;
};

struct network_plan {
	bool wanted;  /* false: nothing needs a network */
	bool use_existing; /* an interface that already has an address is used as it is (no ip= that says otherwise) */
	struct interface_plan interfaces[PLAN_INTERFACES_MAX];
	int interface_count;
	struct link_plan links[PLAN_LINKS_MAX];
	int link_count;
	struct route_plan routes[PLAN_ROUTES_MAX];
	int route_count;
	struct address dns[PLAN_DNS_MAX];
	int dns_count;
	char bootdev[PLAN_IFNAME_MAX];
	bool ignore_peer_dns;	  /* rd.peerdns=0 */
	bool wants_root_path;	  /* DHCP decides the disk */
	int carrier_timeout_s;	  /* 0: as long as iscsi.timeout */
	int dhcp_timeout_s;
};

struct portal {
	char host[PLAN_HOST_MAX]; /* IPv4, IPv6 (no brackets, no scope) or a name */
	char scope[PLAN_IFNAME_MAX]; /* of a link-local IPv6 portal, or the interface to leave by; "" none */
	uint16_t port;
};

struct target_plan {
	struct portal portal;
	char name[NAME_MAX_BYTES + 1];	    /* "": ask the portal which it has (SendTargets) */
	char initiator[NAME_MAX_BYTES + 1]; /* "": made from the boot interface's MAC when it is known */
	enum source initiator_source;
	bool has_lun;
	uint64_t lun; /* as the kernel and sysfs number it: SAM LUN in the kernel's scsilun_to_int order */
	char scheduler[32];
	struct params params;
	struct chap_config chap; /* .username[0] == 0: none */
	int firmware_index;	 /* iBFT target number, -1 */
	int firmware_nic;	 /* iBFT ethernet number, -1 */
	enum source source;
};

enum root_kind { ROOT_NONE, ROOT_DEVICE, ROOT_UUID, ROOT_LABEL, ROOT_PARTUUID, ROOT_PARTLABEL };

struct root_plan {
	enum root_kind kind;
	char value[256];	/* /dev path or the bare UUID/LABEL/...: no prefix */
	char fstype[64];	/* rootfstype=, may be a comma list; "" detect */
	char flags[256];	/* rootflags= */
	bool writable;		/* rw; default ro */
	bool wait;		/* rootwait */
	int delay_s;		/* rootdelay= */
	char init[256];		/* init=; "" the usual list */
};

enum onfail { ONFAIL_PANIC, ONFAIL_REBOOT, ONFAIL_POWEROFF, ONFAIL_SHELL, ONFAIL_CONTINUE };

struct boot_plan {
	int timeout_s; /* iscsi.timeout; 0: for ever */
	enum onfail onfail;
	enum log_level log;
	char next_init[256]; /* iscsi.init=; "" the initramfs's own /init */
	bool use_firmware;   /* iscsi=ibft and its like */
};

struct plan {
	struct boot_plan boot;
	struct network_plan network;
	struct root_plan root;
	struct target_plan targets[PLAN_TARGETS_MAX];
	int target_count;
	int dhcp_template; /* target_plan that iscsi=dhcp's options filled, index in targets before the lease; -1 none */
};

struct cmdline;
struct dhcp_lease;
struct ibft;

/* What a source got wrong: one clear line, secrets left out. */
struct plan_error {
	char text[300];
};

/* The network, root and boot parts, and the targets as far as they are known without a lease. firmware may be NULL.
   files: /etc/iscsi-like texts read beforehand (see plan_files below); may be NULL. 0, or -EINVAL with *error. */
struct plan_files {
	char initiator_name[NAME_MAX_BYTES + 1]; /* of /etc/iscsi/initiatorname.iscsi; "" none */
};
int plan_make(const struct cmdline *cmdline, const struct ibft *firmware, const struct plan_files *files,
	      struct plan *plan, struct plan_error *error);

/* The lease came: root-path, initiator name and CHAP from DHCP where they were waited for. 0, or -EINVAL with *error. */
int plan_add_lease(const struct cmdline *cmdline, const struct dhcp_lease *lease, struct plan *plan,
		   struct plan_error *error);

/* The boot interface's MAC is known: gives every target without an initiator name one (eui. + EUI-64). */
void plan_add_mac(struct plan *plan, const uint8_t mac[6]);

#endif
