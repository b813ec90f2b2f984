/* records.c - files that tell the next system about the network that we set up.
 *
 * Contracts in records.h. Shells read some of them as root: every value of a lease stands between single quotes, and a
 * quote inside is written as '\''. Files of other grammars get only numbers and checked names from a lease.
 */
/* SPDX-License-Identifier: MIT */
#include "net/records.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/managers.h"
#include "net/page.h"
#include "plan/address.h"
#include "sys/log.h"

#define PATH_BYTES 256

/* NAME='value' for a shell. */
static void put_variable(struct page *page, const char *name, const char *value)
{
	page_put(page, "%s='", name);
	for (const char *c = value; *c; c++) {
		if (*c == '\'')
			page_put(page, "'\\''");
		else
			page_put(page, "%c", *c);
	}
	page_put(page, "'\n");
}

/* ---- addresses of an interface ---- */

static const struct rtnl_address *find_address(const struct interface *interface, uint8_t family)
{
	for (int i = 0; i < interface->address_count; i++) {
		const struct rtnl_address *address = &interface->addresses[i];

		if (address->family == family && address->scope < RT_SCOPE_LINK && !(address->flags & IFA_F_DADFAILED))
			return address;
	}
	if (interface->assignment.leased4.family == family)
		return &interface->assignment.leased4; /* the kernel's event has not arrived yet */
	for (int i = 0; i < INTERFACE_PLANS_MAX; i++)
		if (interface->assignment.fixed[i].family == family)
			return &interface->assignment.fixed[i];
	return NULL;
}

/* The plan with a static address of the family; NULL: none. */
static const struct interface_plan *find_static_plan(const struct interface *interface, uint8_t family)
{
	for (int i = 0; i < interface->plan_count; i++)
		if (interface->plans[i]->methods & METHOD_STATIC && interface->plans[i]->address.family == family)
			return interface->plans[i];
	return NULL;
}

static const char *write4(uint32_t address, char out[ADDRESS_TEXT_MAX])
{
	snprintf(out, ADDRESS_TEXT_MAX, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		 address & 255);
	return out;
}

static uint32_t netmask(uint8_t prefix)
{
	return prefix ? 0xffffffffu << (32 - prefix) : 0;
}

/* Of the lease or of the plan; 0: none known. */
static uint32_t gateway4(const struct interface *interface)
{
	const struct dhcp_lease *lease = &interface->lease4.dhcp.lease;
	const struct interface_plan *plan = find_static_plan(interface, 4);
	uint32_t address;

	if (lease->router_count)
		return lease->routers[0];
	for (int i = 0; i < lease->route_count; i++)
		if (!lease->routes[i].prefix)
			return lease->routes[i].gateway;
	if (!plan || plan->gateway.family != 4)
		return 0;
	memcpy(&address, plan->gateway.bytes, sizeof(address));
	return ntohl(address);
}

static bool is_leased4(const struct interface *interface)
{
	return interface->assignment.leased4.family && interface->lease4.dhcp.lease.address;
}

static const char *hostname_of(const struct interface *interface)
{
	if (interface->lease4.dhcp.lease.hostname[0])
		return interface->lease4.dhcp.lease.hostname;
	return interface->plan_count ? interface->plans[0]->hostname : "";
}

/* ---- klibc's format ---- */

static void put_dns(struct page *page, const struct address *dns, int count, uint8_t family, const char *none)
{
	char text[ADDRESS_TEXT_MAX], name[24];
	int written = 0;

	for (int i = 0; i < count && written < 2; i++) {
		if (dns[i].family != family)
			continue;
		snprintf(name, sizeof(name), "IPV%uDNS%d", family, written++);
		put_variable(page, name, address_write(&dns[i], text));
	}
	for (; written < 2; written++) {
		snprintf(name, sizeof(name), "IPV%uDNS%d", family, written);
		put_variable(page, name, none);
	}
}

static void put_number(struct page *page, const char *name, uint32_t address)
{
	char text[ADDRESS_TEXT_MAX];

	put_variable(page, name, write4(address, text));
}

static int write_klibc4(const char *root, const struct interface *interface, const struct rtnl_address *address,
			const struct address *dns, int count)
{
	const struct dhcp_lease *lease = &interface->lease4.dhcp.lease;
	struct page page = {.used = 0};
	char file[64], number[16], root_path[DHCP_ROOT_PATH_MAX];
	uint32_t bytes;

	memcpy(&bytes, address->address, sizeof(bytes));
	bytes = ntohl(bytes);
	put_variable(&page, "DEVICE", interface->link.name);
	put_variable(&page, "PROTO", is_leased4(interface) ? "dhcp" : "none");
	put_number(&page, "IPV4ADDR", bytes);
	put_number(&page, "IPV4BROADCAST", bytes | ~netmask(address->prefix));
	put_number(&page, "IPV4NETMASK", netmask(address->prefix));
	put_number(&page, "IPV4GATEWAY", gateway4(interface));
	put_dns(&page, dns, count, 4, "0.0.0.0");
	put_variable(&page, "HOSTNAME", hostname_of(interface));
	put_variable(&page, "DNSDOMAIN", lease->domain);
	put_variable(&page, "NISDOMAIN", "");
	put_number(&page, "ROOTSERVER", lease->next_server ? lease->next_server : lease->server);
	memcpy(root_path, lease->root_path, sizeof(root_path));
	dhcp_wipe_root_path(root_path); /* every user may read the file */
	put_variable(&page, "ROOTPATH", root_path);
	put_variable(&page, "filename", "");
	snprintf(number, sizeof(number), "%u", lease->lease_s);
	put_variable(&page, "DHCPLEASETIME", number);
	put_variable(&page, "DOMAINSEARCH", lease->domain);
	snprintf(file, sizeof(file), "/run/net-%s.conf", interface->link.name);
	return page_write(&page, root, file);
}

/* As initramfs-tools' IPv6 scripts write it. */
static int write_klibc6(const char *root, const struct interface *interface, const struct rtnl_address *address,
			const struct address *dns, int count)
{
	const struct interface_plan *plan = find_static_plan(interface, 6);
	struct page page = {.used = 0};
	char file[64], text[ADDRESS_TEXT_MAX] = "";

	put_variable(&page, "DEVICE6", interface->link.name);
	put_variable(&page, "IPV6PROTO", plan ? "none" : interface->assignment.leased6.family ? "dhcp6" : "auto6");
	(void)inet_ntop(AF_INET6, address->address, text, sizeof(text));
	put_variable(&page, "IPV6ADDR", text);
	snprintf(text, sizeof(text), "%u", address->prefix);
	put_variable(&page, "IPV6NETMASK", text);
	put_variable(&page, "IPV6GATEWAY", plan ? address_write(&plan->gateway, text) : "");
	put_dns(&page, dns, count, 6, "");
	put_variable(&page, "HOSTNAME", hostname_of(interface));
	put_variable(&page, "IPV6DOMAINSEARCH", interface->lease6.dhcp6.lease.domain);
	snprintf(file, sizeof(file), "/run/net6-%s.conf", interface->link.name);
	return page_write(&page, root, file);
}

/* ---- public ---- */

int records_write_interface(const char *root, const struct interface *interface, const struct address *dns, int count)
{
	const struct rtnl_address *four = find_address(interface, AF_INET), *six = find_address(interface, AF_INET6);
	int results[] = {four ? write_klibc4(root, interface, four, dns, count) : 0,
			 six ? write_klibc6(root, interface, six, dns, count) : 0,
			 managers_write(root, interface, dns, count)};

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i])
			return results[i];
	return 0;
}

int records_write_boot(const char *root, const struct interface *interface)
{
	struct page page = {.used = 0};

	page_put(&page, "%s\n", interface->link.name);
	return page_write(&page, root, "/run/initramfs/open-iscsi.interface");
}

/* Whether the file is not ours and must not be touched: another program's, or a link to one that does not exist yet. */
static bool is_foreign(const char *root, const char *file)
{
	char path[PATH_BYTES], start[sizeof(PAGE_OURS)] = "";
	struct stat status;
	ssize_t got;
	int fd;

	if (snprintf(path, sizeof(path), "%s%s", root, file) >= (int)sizeof(path))
		return true;
	if (lstat(path, &status) < 0)
		return false;
	if (!S_ISREG(status.st_mode))
		return true;
	if (status.st_size == 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return true;
	got = read(fd, start, sizeof(start) - 1);
	(void)close(fd);
	return got < 0 || strcmp(start, PAGE_OURS) != 0;
}

int records_write_resolver(const char *root, const struct interface *boot, const struct address *dns, int count)
{
	static const char file[] = "/etc/resolv.conf";
	struct page page = {.used = 0};
	char text[ADDRESS_TEXT_MAX];
	const char *domain = boot ? boot->lease4.dhcp.lease.domain : "";

	if (boot && !domain[0])
		domain = boot->lease6.dhcp6.lease.domain;
	if (!count || is_foreign(root, file))
		return 0;
	page_put(&page, PAGE_OURS "\n");
	if (domain[0])
		page_put(&page, "search %s\n", domain);
	for (int i = 0; i < count; i++)
		page_put(&page, "nameserver %s\n", address_write(&dns[i], text));
	return page_write(&page, root, file);
}
