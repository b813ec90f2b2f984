/* plan.h - what this boot is going to do: the network, the targets, the root, the manner.
 *
 * Data, and the notes about it. plan/planning fills a plan from the command line and the firmware's table, plan/lease adds
 * what DHCP brings. Every consumer (net, session, blockdev, root, boot, `check`) reads these structs and nothing of the
 * sources.
 */
/* SPDX-License-Identifier: MIT */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/chap.h"
#include "proto/name.h"
#include "proto/params.h"
#include "proto/text.h"
#include "proto/verity.h"

#define PLAN_TARGETS_MAX    64
#define PLAN_INTERFACES_MAX 16
#define PLAN_LINKS_MAX      8
#define PLAN_ROUTES_MAX     16
#define PLAN_DNS_MAX        4
#define PLAN_IFNAME_MAX     16  /* IFNAMSIZ, with the NUL */
#define PLAN_HOST_MAX       254 /* a DNS name, with the NUL */

/* An address, or none. */
struct address {
	uint8_t family;    /* 0: none, 4, 6 */
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
	uint8_t mac[6]; /* find it by this one */
	bool sets_mac;
	uint8_t new_mac[6]; /* give it this one */
	unsigned methods;   /* enum method, or'ed. 0: bring the link up, no address (autoconf=off without one) */
	bool any_method;    /* the first method that yields an address is enough (either6); the others end then */
	bool others_go_on; /* with any_method: the others go on in the background until their time limits, and what they
			       bring is used, too (ip=dhcp,dhcp6; an address of its own beside DHCP) */
	bool first_only; /* without name and MAC: the first card that gets an address is enough (ip=single-dhcp, an address of
			       its own, and no word at all); false: every card with carrier gets what it can (ip=dhcp) */
	struct address address, peer, gateway;
	uint8_t prefix; /* bits */
	int mtu;        /* 0: as it is */
	char hostname[64];
	uint8_t client_id[64];    /* DHCP client id (option 61) as asked, its type first */
	uint8_t client_id_length; /* 0: made from the MAC address */
	char vendor_class[128];   /* DHCP vendor class (option 60) as asked; "" ours */
	bool firmware;            /* from the iBFT */
	enum source source;
};

struct route_plan {
	struct address to; /* family 0: default */
	uint8_t prefix;
	struct address gateway;
	char interface[PLAN_IFNAME_MAX];
};

/* A link to be made or renamed before addresses. */
enum link_kind { LINK_VLAN, LINK_BOND, LINK_RENAME, LINK_BRIDGE };
struct link_plan {
	enum link_kind kind;
	char name[PLAN_IFNAME_MAX];   /* the new link, or the new name */
	char parent[PLAN_IFNAME_MAX]; /* LINK_VLAN; "": the one with .mac */
	uint16_t vlan;
	uint8_t mac[6]; /* LINK_RENAME: whose name it is to be; LINK_VLAN without a .parent: the parent's */
	char slaves[8][PLAN_IFNAME_MAX]; /* LINK_BOND, LINK_BRIDGE */
	int slave_count;
	char options[128]; /* LINK_BOND: opt=val,opt=val */
	int mtu;
};

struct network_plan {
	bool wanted;       /* false: nothing needs a network */
	bool use_existing; /* an interface that already has an address is used as it is (no iscsi.ip= says otherwise) */
	int interface_count; /* wanted and 0: ip=off; only what already has an address is used */
	int link_count;
	int route_count;
	int dns_count;
	char bootdev[PLAN_IFNAME_MAX];
	bool ignore_peer_dns;  /* rd.peerdns=0 */
	bool wants_root_path;  /* DHCP decides the disk */
	int carrier_timeout_s; /* 0: as long as iscsi.timeout */
	int dhcp_timeout_s;
	struct address dns[PLAN_DNS_MAX];
	struct route_plan routes[PLAN_ROUTES_MAX];
	struct interface_plan interfaces[PLAN_INTERFACES_MAX];
	struct link_plan links[PLAN_LINKS_MAX];
};

struct portal {
	char host[PLAN_HOST_MAX];    /* IPv4, IPv6 (no brackets, no scope) or a name */
	char scope[PLAN_IFNAME_MAX]; /* of a link-local IPv6 portal, or the interface to leave by; "" none */
	uint16_t port;
};

#define PLAN_LISTED_MAX 8

struct target_plan {
	struct portal portal;
	struct portal listed[PLAN_LISTED_MAX]; /* of a target that its portal named: where else that says it is */
	int listed_count;
	int unlisted;     /* how many more it has listed, for which there is no room here */
	bool all_portals; /* portals=all: the portal is asked, and each that it lists for the target gets a session */
	int word; /* the number of the word that names it, from 1; 0: none does, or it is in no word of its own */
	char name[NAME_MAX_BYTES + 1];      /* "": ask the portal which it has (SendTargets) */
	char initiator[NAME_MAX_BYTES + 1]; /* "": made from the boot interface's MAC when it is known */
	enum source initiator_source;
	bool wants_lease; /* iscsi=dhcp: no portal and no name before plan_add_lease; not to be attached until then */
	bool all_targets; /* with .name "": attach every target that the portal has (targets=all), not just its only one */
	bool has_lun;
	uint64_t lun; /* as the kernel and sysfs number it: SAM LUN in the kernel's scsilun_to_int order */
	char scheduler[32];
	struct params params;
	struct chap_config chap;  /* .username[0] == 0: none */
	char secret_file[256];    /* password=@/path: .chap.password is to be read from there; "" none */
	char secret_in_file[256]; /* password_in=@/path */
	bool secret_looked_up;    /* no word has one: secrets.c looks for it, again when the target's name is known */
	bool secret_on_cmdline;   /* worth a warning: /proc/cmdline shows it to everybody */
	int firmware_index;       /* iBFT target number, -1 */
	int firmware_nic;         /* iBFT ethernet number, -1 */
	enum source source;
};

enum root_kind {
	ROOT_NONE,
	ROOT_DEVICE,
	ROOT_UUID,
	ROOT_LABEL,
	ROOT_PARTUUID,
	ROOT_PARTLABEL,
	ROOT_TARGET, /* root=iscsi:..., root=dhcp: the whole disk of targets[.target] */
	ROOT_OTHER   /* root=nfs:..., root=zfs:...: not ours to mount, an initramfs's /init may know how */
};

/* A device, named as root= names one: kind and value of struct root_plan. ROOT_NONE: not named. */
struct device_plan {
	enum root_kind kind;
	char value[128];
};

/* The writable layer over a root that itself is only read. */
enum overlay_kind {
	OVERLAY_NONE,
	OVERLAY_TMPFS,  /* what is written goes to memory */
	OVERLAY_DEVICE, /* what is written goes to a file system on another device */
	OVERLAY_USR     /* systemd.volatile=yes: an empty root in memory that has the image's /usr, read-only */
};

struct overlay_plan {
	enum overlay_kind kind;
	char size[16]; /* of the tmpfs, as mount(8) takes it: "50%", "512m"; "" the kernel's default, half of memory */
	struct device_plan device; /* OVERLAY_DEVICE */
	char dir[128];             /* on that device, holds the layer; "" "overlay" */
	bool at_media;             /* overlayroot=: both layers are at /media/root-ro and /media/root-rw, too */
	bool is_own_word;          /* iscsi.overlay= asks for it: an initramfs that comes behind does not know */
};

/* A root that is verified block by block (dm-verity). */
struct verity_plan {
	struct verity_options options; /* options.hash_length is 0: root is not verified */
	struct device_plan data, tree; /* not named: the partitions whose UUIDs are the two halves of the root hash */
};

struct root_plan {
	enum root_kind kind;
	char value[256]; /* /dev path, device number (8:1, 801) or the bare UUID/LABEL/...: no prefix */
	int target;      /* ROOT_TARGET */
	char fstype[64]; /* rootfstype=, may be a comma list; "" detect */
	char flags[256]; /* rootflags= */
	bool writable;   /* rw; default ro */
	bool wait;       /* rootwait */
	int wait_s;      /* rootwait=SECONDS; 0: for ever */
	int delay_s;     /* rootdelay= */
	char init[256];  /* init=; "" the usual list */
	struct overlay_plan overlay;
	struct verity_plan verity;
};

enum onfail { ONFAIL_PANIC, ONFAIL_REBOOT, ONFAIL_POWEROFF, ONFAIL_SHELL, ONFAIL_CONTINUE, ONFAIL_CRASH, ONFAIL_COUNT };

/* Where the log goes, beside the console. */
enum syslog_kind {
	SYSLOG_LEASE, /* the default, and iscsi.syslog=dhcp: the server that the lease names (option 7), if it names one */
	SYSLOG_OFF,
	SYSLOG_SERVER
};

struct syslog_plan {
	enum syslog_kind kind;
	struct address address;
	uint16_t port;
};

struct boot_plan {
	struct syslog_plan syslog;
	int timeout_s; /* iscsi.timeout; 0: for ever */
	enum onfail onfail;
	enum log_level log;
	char next_init[256];           /* iscsi.init=; "" the initramfs's own /init */
	enum multipath_mode multipath; /* of targets whose word does not say */
	bool leaves_network;           /* iscsi.heal=off: what the running system does to it is its own affair */
	bool use_firmware;             /* iscsi=ibft and its like: an iBFT is asked for */
	bool firmware_is_optional; /* with .use_firmware: only words of dracut's or Debian's ask for it (rd.iscsi.firmware,
				      iscsi_auto). Where there is no iBFT the boot goes on without it */
};

/* Lines for the log, at warning level: what was read and has no effect, and why. */
#define PLAN_NOTES_MAX 16
struct plan_notes {
	int count;
	char text[PLAN_NOTES_MAX][240];
	struct position position[PLAN_NOTES_MAX];
};

struct plan {
	int target_count;
	int dhcp_template; /* target_plan that iscsi=dhcp's options filled, index in targets before the lease; -1 none */
	struct boot_plan boot;
	struct root_plan root;
	struct network_plan network;
	struct plan_notes notes;
	char file_initiator[NAME_MAX_BYTES + 1]; /* of /etc/iscsi/initiatorname.iscsi, for the lease's targets */
	struct target_plan targets[PLAN_TARGETS_MAX];
};

/* Texts of the initramfs's files, read beforehand. */
struct plan_files {
	char initiator_name[NAME_MAX_BYTES + 1]; /* of /etc/iscsi/initiatorname.iscsi; "" none */
	const char *debian;                      /* /etc/iscsi/iscsi.initramfs, debian_length bytes; NULL none */
	size_t debian_length;
};

/* How the command line writes a root of this kind before its value: "UUID=", or "" where nothing stands before it. */
const char *plan_root_prefix(enum root_kind kind);

/* multipath=, of target i: its own word's, else that of all. */
enum multipath_mode plan_multipath(const struct plan *plan, int i);

/* Are two targets of the plan two ways to the same disks? */
bool plan_are_paths(const struct plan *plan, int a, int b);

/* Each listed portal of target i becomes a target of its own behind the others, unless there is one that says the same. How many
   there was no room for. */
int plan_spread(struct plan *plan, int i);

/* May there be disks to join? chains: another /init follows, which does it itself unless the word is yes. */
bool plan_joins(const struct plan *plan, bool chains);

/* Adds a line to the notes; when they are full the last line says so. */
void plan_note(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
