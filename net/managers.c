/* managers.c - see managers.h. */
/* SPDX-License-Identifier: MIT */
#include "net/managers.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "net/page.h"
#include "plan/address.h"

#define KEEP PAGE_OURS ": the root disk is reached by this interface; its addresses must stay.\n"

static void put_mac(struct page *page, const uint8_t mac[6])
{
	page_put(page, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* With a driver of its own: udev may rename it. VLANs and bonds carry the MAC address of what is below them, and their names
   are ours. */
static bool is_renamed(const struct interface *interface)
{
	return interface->link.has_permanent_mac && !interface->link.kind[0];
}

static void put_match(struct page *page, const struct interface *interface)
{
	page_put(page, "[Match]\n");
	if (is_renamed(interface)) {
		page_put(page, "PermanentMACAddress=");
		put_mac(page, interface->link.permanent_mac);
	} else {
		page_put(page, "Name=%s", interface->link.name);
	}
	page_put(page, "\n");
}

/* Sorts before the system's own files for the interface. An administrator can override it with a file of the same name in
   /etc/systemd/network: systemd.network(5). The interface is required for online, as any other: it is that already, and
   where it is the only one, nothing else could be. */
static int write_networkd(const char *root, const struct interface *interface, const struct address *dns, int count)
{
	struct page page = {.used = 0};
	char file[96], text[ADDRESS_TEXT_MAX];

	page_put(&page, KEEP);
	put_match(&page, interface);
	page_put(&page, "\n[Network]\nKeepConfiguration=yes\nIgnoreCarrierLoss=yes\n");
	for (int i = 0; i < count; i++)
		page_put(&page, "DNS=%s\n", address_write(&dns[i], text));
	snprintf(file, sizeof(file), "/run/systemd/network/05-iscsi-init-%s.network", interface->link.name);
	return page_write(&page, root, file);
}

/* NetworkManager flushes the addresses of interfaces that it manages, so it must not manage this one:
   NetworkManager.conf(5). */
static int write_network_manager(const char *root, const struct interface *interface)
{
	struct page page = {.used = 0};
	char file[96];

	page_put(&page, KEEP);
	page_put(&page, "[device-iscsi-init-%s]\nmatch-device=", interface->link.name);
	if (is_renamed(interface)) {
		page_put(&page, "mac:");
		put_mac(&page, interface->link.permanent_mac);
	} else {
		page_put(&page, "interface-name:%s", interface->link.name);
	}
	page_put(&page, "\nmanaged=0\n");
	snprintf(file, sizeof(file), "/run/NetworkManager/conf.d/05-iscsi-init-%s.conf", interface->link.name);
	return page_write(&page, root, file);
}

/* ---- ifupdown ---- */

/* Up to Linux 6.1 an interface that is up keeps its name (net/core/dev.c, dev_change_name). systemd 252's udev tries all the
   same, its event for the interface fails, and systemd-networkd waits for that for ever. */
static bool keeps_name(void)
{
	struct utsname system;

	return !uname(&system) && strverscmp(system.release, "6.2") < 0;
}

/* When udev has given the interface its name, the script below learns it. It stands before open-iscsi's rule, which reads
   what the script writes. */
static int write_udev_rule(const char *root, const struct interface *interface)
{
	struct page page = {.used = 0};
	char file[96];

	page_put(&page, PAGE_OURS "\nSUBSYSTEM==\"net\", ACTION==\"add\", ");
	if (is_renamed(interface)) {
		/* not a virtual function with the same address, which hv_netvsc or net_failover has made its part */
		page_put(&page, "DRIVERS==\"?*\", TEST!=\"master\", ATTR{address}==\"");
		put_mac(&page, interface->link.has_mac ? interface->link.mac : interface->link.permanent_mac);
	} else {
		page_put(&page, "KERNEL==\"%s", interface->link.name);
	}
	page_put(&page, "\", ");
	if (keeps_name())
		page_put(&page, "NAME=\"%s\", ", interface->link.name);
	page_put(&page, "RUN+=\"/bin/sh /run/iscsi-init/named %s\"\n", interface->link.name);
	snprintf(file, sizeof(file), "/run/udev/rules.d/69-iscsi-init-%s.rules", interface->link.name);
	return page_write(&page, root, file);
}

/* systemd.unit(5). Not /run/systemd/system: where that is, systemd is the init (sd_booted(3)), as an initramfs and another init ask. */
#define UNITS "/run/systemd/system.control"

/* $1: the name in the boot, $INTERFACE: the name now. ifup takes the interface for configured, and neither unit of ifupdown's
   takes it down: networking.service by what it reads, ifup@.service by a condition. */
static const char named[] = PAGE_OURS
	" for udev\n"
	"cd /run || exit\n"
	"old=$1 new=$INTERFACE\n"
	"if [ \"$old\" != \"$new\" ]; then\n"
	"	for kind in net net6; do\n"
	"		[ -f \"$kind-$old.conf\" ] || continue\n"
	"		sed \"s/^\\(DEVICE6*\\)=.*/\\1='$new'/\" \"$kind-$old.conf\" >\"$kind-$new.conf\" && rm "
	"\"$kind-$old.conf\"\n"
	"	done\n"
	"	[ \"$(cat initramfs/open-iscsi.interface 2>/dev/null)\" != \"$old\" ] ||\n"
	"		echo \"$new\" >initramfs/open-iscsi.interface\n"
	"fi\n"
	"mkdir -p network iscsi-init/keep\n"
	": >\"iscsi-init/keep/$new\"\n"
	"grep -qs \"^$new=\" network/ifstate || echo \"$new=$new\" >>network/ifstate\n"
	"[ ! -r /etc/default/networking ] || . /etc/default/networking\n"
	"echo \"EXCLUDE_INTERFACES='$EXCLUDE_INTERFACES $(ls iscsi-init/keep | tr '\\n' ' ')'\" >iscsi-init/ifupdown\n";

static int write_file(const char *root, const char *file, const char *text)
{
	struct page page = {.used = 0};

	page_put(&page, "%s", text);
	return page_write(&page, root, file);
}

static int write_ifupdown(const char *root, const struct interface *interface)
{
	int results[] = {write_udev_rule(root, interface), write_file(root, "/run/iscsi-init/named", named),
			 write_file(root, UNITS "/networking.service.d/05-iscsi-init.conf",
				    PAGE_OURS ": root's interface is not ifupdown's\n[Service]\n"
					      "EnvironmentFile=-/run/iscsi-init/ifupdown\n"),
			 write_file(root, UNITS "/ifup@.service.d/05-iscsi-init.conf",
				    PAGE_OURS ": root's interface is not ifupdown's\n[Unit]\n"
					      "ConditionPathExists=!/run/iscsi-init/keep/%I\n")};

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i])
			return results[i];
	return 0;
}

/* netplan's generator tells wait-online to wait for interfaces by the names that they have before udev renames them: for ever,
   in vain. A file of the same name in a folder that comes before its own puts it out of force: systemd.unit(5). What is to be
   waited for stands in the .network files as well. */
static int write_netplan(const char *root)
{
	return write_file(root, UNITS "/systemd-networkd-wait-online.service.d/10-netplan.conf",
			  PAGE_OURS ": netplan's names interfaces that udev has yet to rename\n");
}

int managers_write(const char *root, const struct interface *interface, const struct address *dns, int count)
{
	int results[] = {write_networkd(root, interface, dns, count), write_network_manager(root, interface),
			 write_netplan(root), write_ifupdown(root, interface)};

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i])
			return results[i];
	return 0;
}
