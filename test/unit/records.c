/* The files for the next system, in a directory of the test's own. */
/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>

#include "net/records.h"

static char root[] = "/tmp/records-XXXXXX";
static struct interface interface;
static struct network_plan network;
static const struct arp_stations own;
static struct address dns[2] = {{4, {192, 0, 2, 53}}, {6, {0x20, 1, 0xd, 0xb8, [15] = 0x53}}};
static char text[8192];

static const char *read_back(const char *file)
{
	char path[200];
	size_t got;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s%s", root, file);
	f = fopen(path, "r");
	assert_non_null(f);
	got = fread(text, 1, sizeof(text) - 1, f);
	text[got] = '\0';
	fclose(f);
	return text;
}

static void put(const char *file, const char *content)
{
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s%s", root, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static int make(void **state)
{
	(void)state;
	strcpy(root, "/tmp/records-XXXXXX");
	assert_non_null(mkdtemp(root));
	interface_init(&interface, NULL, &network, &own);
	strcpy(interface.link.name, "eth0");
	interface.link.index = 7;
	interface.link.has_mac = true;
	memcpy(interface.link.mac, "\x52\x54\0\x12\x34\x56", 6);
	interface.assignment.leased4 =
		(struct rtnl_address){.index = 7, .family = AF_INET, .prefix = 24, .address = {192, 0, 2, 50}};
	interface.lease4.dhcp.lease = (struct dhcp_lease){.address = 0xc0000232,
							  .server = 0xc0000201,
							  .lease_s = 3600,
							  .routers = {0xc0000202},
							  .router_count = 1,
							  .hostname = "node1",
							  .domain = "example.org",
							  .root_path = "iscsi:192.0.2.1::::iqn.2003-01.org.example:r"};
	return 0;
}

static int clean(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void klibcs_record_has_every_field(void **state)
{
	(void)state;
	assert_int_equal(records_write_interface(root, &interface, dns, 2), 0);
	assert_string_equal(read_back("/run/net-eth0.conf"), "DEVICE='eth0'\n"
							     "PROTO='dhcp'\n"
							     "IPV4ADDR='192.0.2.50'\n"
							     "IPV4BROADCAST='192.0.2.255'\n"
							     "IPV4NETMASK='255.255.255.0'\n"
							     "IPV4GATEWAY='192.0.2.2'\n"
							     "IPV4DNS0='192.0.2.53'\n"
							     "IPV4DNS1='0.0.0.0'\n"
							     "HOSTNAME='node1'\n"
							     "DNSDOMAIN='example.org'\n"
							     "NISDOMAIN=''\n"
							     "ROOTSERVER='192.0.2.1'\n"
							     "ROOTPATH='iscsi:192.0.2.1::::iqn.2003-01.org.example:r'\n"
							     "filename=''\n"
							     "DHCPLEASETIME='3600'\n"
							     "DOMAINSEARCH='example.org'\n");
}

/* Every user may read the file. */
static void a_root_path_with_a_password_is_not_recorded(void **state)
{
	(void)state;
	strcpy(interface.lease4.dhcp.lease.root_path, "iscsi:me:geheim@192.0.2.1::::iqn.2003-01.org.example:r");
	assert_int_equal(records_write_interface(root, &interface, dns, 2), 0);
	assert_null(strstr(read_back("/run/net-eth0.conf"), "geheim"));
	assert_non_null(strstr(read_back("/run/net-eth0.conf"), "ROOTPATH=''\n"));
}

/* Shells of the next system source the file as root. */
static void a_lease_cannot_run_commands_in_a_shell(void **state)
{
	char command[300];

	(void)state;
	strcpy(interface.lease4.dhcp.lease.hostname, "a'$(touch /nowhere/x)'`id`\\");
	strcpy(interface.lease4.dhcp.lease.root_path, "';echo BROKEN;'");
	assert_int_equal(records_write_interface(root, &interface, dns, 2), 0);
	(void)snprintf(command, sizeof(command),
		       "test \"$(. %s/run/net-eth0.conf; printf '%%s' \"$HOSTNAME|$ROOTPATH\")\" = "
		       "\"a'\\$(touch /nowhere/x)'\\`id\\`\\\\|';echo BROKEN;'\"",
		       root);
	assert_int_equal(system(command), 0);
}

static void the_boot_interface_is_named_for_debian(void **state)
{
	(void)state;
	assert_int_equal(records_write_boot(root, &interface), 0);
	assert_string_equal(read_back("/run/initramfs/open-iscsi.interface"), "eth0\n");
}

static void network_managers_are_kept_away(void **state)
{
	struct utsname system; /* an old kernel's interface keeps its name, and udev is told so */

	(void)state;
	assert_int_equal(records_write_interface(root, &interface, dns, 2), 0);
	assert_non_null(strstr(read_back("/run/systemd/network/05-iscsi-init-eth0.network"),
			       "[Match]\nName=eth0\n\n[Network]\nKeepConfiguration=yes\n"));
	assert_non_null(strstr(text, "DNS=192.0.2.53\nDNS=2001:db8::53\n"));
	assert_null(
		strstr(text, "RequiredForOnline=no")); /* it may be the only one: nothing else would ever be online */
	assert_non_null(strstr(read_back("/run/NetworkManager/conf.d/05-iscsi-init-eth0.conf"),
			       "match-device=interface-name:eth0\nmanaged=0\n"));
	assert_non_null(strstr(read_back("/run/udev/rules.d/69-iscsi-init-eth0.rules"), "KERNEL==\"eth0\", "));
	assert_non_null(strstr(text, "RUN+=\"/bin/sh /run/iscsi-init/named eth0\""));
	assert_int_equal(!uname(&system) && strverscmp(system.release, "6.2") < 0, !!strstr(text, " NAME=\"eth0\", "));
	assert_null(
		strstr(read_back("/run/systemd/system.control/systemd-networkd-wait-online.service.d/10-netplan.conf"),
		       "\n["));
	assert_non_null(
		strstr(read_back("/run/systemd/system.control/ifup@.service.d/05-iscsi-init.conf"), "keep/%I\n"));
	assert_null(strstr(read_back("/run/systemd/system.control/networking.service.d/05-iscsi-init.conf"), "[Unit]"));
	snprintf(text, sizeof(text), "%s/run/systemd/system", root);
	assert_int_equal(access(text, F_OK), -1); /* who finds it takes systemd for the init */
}

/* udev may give it another name after the hand-over. */
static void an_interface_with_a_driver_is_known_by_its_mac_address(void **state)
{
	(void)state;
	interface.link.has_permanent_mac = true;
	memcpy(interface.link.permanent_mac, "\x52\x54\0\x12\x34\x57", 6);
	assert_int_equal(records_write_interface(root, &interface, dns, 2), 0);
	assert_non_null(strstr(read_back("/run/systemd/network/05-iscsi-init-eth0.network"),
			       "[Match]\nPermanentMACAddress=52:54:00:12:34:57\n\n"));
	assert_null(strstr(text, "Name="));
	assert_non_null(strstr(read_back("/run/NetworkManager/conf.d/05-iscsi-init-eth0.conf"),
			       "match-device=mac:52:54:00:12:34:57\nmanaged=0\n"));
	assert_non_null(strstr(read_back("/run/udev/rules.d/69-iscsi-init-eth0.rules"),
			       "DRIVERS==\"?*\", TEST!=\"master\", ATTR{address}==\"52:54:00:12:34:56\", "));
}

/* The script that udev runs, in a /run of the test's own. */
static void what_is_kept_by_name_follows_the_name(void **state)
{
	char command[400];

	(void)state;
	assert_int_equal(records_write_interface(root, &interface, dns, 2), 0);
	assert_int_equal(records_write_boot(root, &interface), 0);
	(void)snprintf(command, sizeof(command),
		       "cd %s && sed 's,cd /run,cd %s/run,; s,/etc/default,%s/etc,g' run/iscsi-init/named >script && "
		       "mkdir etc && echo 'EXCLUDE_INTERFACES=wlan0' >etc/networking && "
		       "INTERFACE=enp0s1 sh ./script eth0 && INTERFACE=enp0s1 sh ./script eth0",
		       root, root, root);
	assert_int_equal(system(command), 0);
	assert_non_null(strstr(read_back("/run/net-enp0s1.conf"), "DEVICE='enp0s1'\nPROTO='dhcp'\n"));
	assert_string_equal(read_back("/run/initramfs/open-iscsi.interface"), "enp0s1\n");
	assert_string_equal(read_back("/run/network/ifstate"), "enp0s1=enp0s1\n");
	assert_string_equal(read_back("/run/iscsi-init/ifupdown"), "EXCLUDE_INTERFACES='wlan0 enp0s1 '\n");
	assert_string_equal(read_back("/run/iscsi-init/keep/enp0s1"), "");
}

static void an_ipv6_address_has_its_own_record(void **state)
{
	(void)state;
	interface.addresses[0] = (struct rtnl_address){
		.index = 7, .family = AF_INET6, .prefix = 64, .address = {0x20, 1, 0xd, 0xb8, [15] = 9}};
	interface.address_count = 1;
	assert_int_equal(records_write_interface(root, &interface, dns, 2), 0);
	assert_string_equal(read_back("/run/net6-eth0.conf"), "DEVICE6='eth0'\n"
							      "IPV6PROTO='auto6'\n"
							      "IPV6ADDR='2001:db8::9'\n"
							      "IPV6NETMASK='64'\n"
							      "IPV6GATEWAY=''\n"
							      "IPV6DNS0='2001:db8::53'\n"
							      "IPV6DNS1=''\n"
							      "HOSTNAME='node1'\n"
							      "IPV6DOMAINSEARCH=''\n");
}

static void resolv_conf_is_written_where_there_is_none_and_again(void **state)
{
	(void)state;
	assert_int_equal(records_write_resolver(root, &interface, dns, 1), 0);
	assert_string_equal(read_back("/etc/resolv.conf"),
			    "# written by iscsi-init\nsearch example.org\nnameserver 192.0.2.53\n");
	assert_int_equal(records_write_resolver(root, &interface, dns, 2), 0);
	assert_non_null(strstr(read_back("/etc/resolv.conf"), "nameserver 2001:db8::53\n"));
}

static void somebody_elses_resolv_conf_stays(void **state)
{
	char path[200];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/etc", root);
	assert_int_equal(mkdir(path, 0755), 0);
	put("/etc/resolv.conf", "nameserver 10.0.0.1\n");
	assert_int_equal(records_write_resolver(root, &interface, dns, 2), 0);
	assert_string_equal(read_back("/etc/resolv.conf"), "nameserver 10.0.0.1\n");
	(void)snprintf(path, sizeof(path), "%s/etc/resolv.conf", root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../run/systemd/resolve/stub-resolv.conf", path), 0);
	assert_int_equal(records_write_resolver(root, &interface, dns, 2), 0);
	assert_true(readlink(path, text, sizeof(text)) > 0);
}

static void without_name_servers_there_is_no_resolv_conf(void **state)
{
	char path[200];

	(void)state;
	assert_int_equal(records_write_resolver(root, &interface, dns, 0), 0);
	(void)snprintf(path, sizeof(path), "%s/etc/resolv.conf", root);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(klibcs_record_has_every_field, make, clean),
		cmocka_unit_test_setup_teardown(a_root_path_with_a_password_is_not_recorded, make, clean),
		cmocka_unit_test_setup_teardown(a_lease_cannot_run_commands_in_a_shell, make, clean),
		cmocka_unit_test_setup_teardown(the_boot_interface_is_named_for_debian, make, clean),
		cmocka_unit_test_setup_teardown(network_managers_are_kept_away, make, clean),
		cmocka_unit_test_setup_teardown(an_interface_with_a_driver_is_known_by_its_mac_address, make, clean),
		cmocka_unit_test_setup_teardown(what_is_kept_by_name_follows_the_name, make, clean),
		cmocka_unit_test_setup_teardown(an_ipv6_address_has_its_own_record, make, clean),
		cmocka_unit_test_setup_teardown(resolv_conf_is_written_where_there_is_none_and_again, make, clean),
		cmocka_unit_test_setup_teardown(somebody_elses_resolv_conf_stays, make, clean),
		cmocka_unit_test_setup_teardown(without_name_servers_there_is_no_resolv_conf, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
