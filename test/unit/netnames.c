/* Predictable names, on trees like those that real machines show. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/netnames.h"
#include "sys/sysfs.h"

static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static char root[64];
static int sysfs;

static int make(void **state)
{
	(void)state;
	strcpy(root, "/tmp/netnames-XXXXXX");
	assert_non_null(mkdtemp(root));
	sysfs = sysfs_open(root);
	return sysfs < 0;
}

static int clean(void **state)
{
	char command[128];

	(void)state;
	close(sysfs);
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void make_directories(const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, file);
	for (char *c = path + strlen(root) + 1; (c = strchr(c, '/')); c++) {
		*c = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*c = '/';
	}
}

static void put_bytes(const char *file, const void *bytes, size_t length)
{
	int fd;

	make_directories(file);
	fd = openat(sysfs, file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

static void put(const char *file, const char *text)
{
	put_bytes(file, text, strlen(text));
}

/* eth0 below the device, as the kernel links it. */
static void put_interface(const char *device)
{
	char file[300], target[300];

	snprintf(file, sizeof(file), "devices/%s/net/eth0/dev_port", device);
	put(file, "0\n");
	snprintf(target, sizeof(target), "../../devices/%s/net/eth0", device);
	make_directories("class/net/x");
	(void)unlinkat(sysfs, "class/net/eth0", 0);
	assert_int_equal(symlinkat(target, sysfs, "class/net/eth0"), 0);
}

static const char *names(void)
{
	static char text[100];
	struct netnames found;

	netnames_read(sysfs, "eth0", mac, &found);
	text[0] = '\0';
	for (int i = 0; i < found.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", found.names[i]);
	return text;
}

static void a_virtual_machines_card_is_known_by_path_and_mac(void **state)
{
	(void)state;
	put_interface("pci0000:00/0000:00:03.0/virtio0");
	assert_string_equal(names(), "enp0s3 enx525400123456");
	put("bus/pci/slots/3/address", "0000:00:03\n");
	put("bus/pci/slots/4/address", "0000:00:04\n");
	put("bus/pci/slots/board/address", "0000:00:03\n");
	assert_string_equal(names(), "ens3 enp0s3 enx525400123456");
}

static void a_slot_may_be_that_of_a_bridge_above(void **state)
{
	(void)state;
	put_interface("pci0000:00/0000:00:15.0/0000:03:00.0");
	put("bus/pci/slots/160/address", "0000:00:15\n");
	assert_string_equal(names(), "ens160 enp3s0 enx525400123456");
}

static void firmware_numbers_what_is_on_the_board(void **state)
{
	(void)state;
	put_interface("pci0000:00/0000:00:1f.6");
	put("devices/pci0000:00/0000:00:1f.6/index", "1\n");
	assert_string_equal(names(), "eno1 enp0s31f6 enx525400123456");
	put("devices/pci0000:00/0000:00:1f.6/acpi_index", "2\n");
	assert_string_equal(names(), "eno2 enp0s31f6 enx525400123456");
	put("devices/pci0000:00/0000:00:1f.6/acpi_index", "16777216\n");
	assert_string_equal(names(), "enp0s31f6 enx525400123456");
}

static void functions_domains_and_ports_are_in_the_name(void **state)
{
	char config[64] = {[14] = (char)0x80, [63] = 1};

	(void)state;
	put_interface("pci0000:3a/0000:3a:00.0/0000:3b:00.1");
	assert_string_equal(names(), "enp59s0f1 enx525400123456");
	put_interface("pci0000:3a/0000:3a:00.0/0000:3b:00.0");
	put_bytes("devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0/config", config, sizeof(config));
	assert_string_equal(names(), "enp59s0f0 enx525400123456");
	put("class/net/eth0/dev_port", "1\n");
	assert_string_equal(names(), "enp59s0f0d1 enx525400123456");
	put("class/net/eth0/phys_port_name", "p1\n");
	assert_string_equal(names(), "enp59s0f0np1 enx525400123456");
	put_interface("pci0001:00/0001:01:00.0");
	assert_string_equal(names(), "enP1p1s0 enx525400123456");
}

static void an_adapter_on_usb_is_known_by_its_ports(void **state)
{
	(void)state;
	put_interface("pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0");
	assert_string_equal(names(), "enp0s20u1 enx525400123456");
	put_interface("pci0000:00/0000:00:14.0/usb2/2-1/2-1.2/2-1.2:2.1");
	assert_string_equal(names(), "enp0s20u1u2c2i1 enx525400123456");
}

/* udev gives none that is longer than the kernel takes; they are no reason to overrun anything. */
static void names_that_are_too_long_are_left_out(void **state)
{
	(void)state;
	put_interface("pci0000:00/0000:00:14.0/usb2/2-1/2-1.2/2-1.2.3.4.5.6/2-1.2.3.4.5.6:1.0");
	assert_string_equal(names(), "enx525400123456");
	put_interface("pci10000:e0/10000:e0:1d.3/10000:e1:00.12");
	assert_string_equal(names(), "enx525400123456");
}

static void what_has_no_device_has_no_names(void **state)
{
	(void)state;
	assert_string_equal(names(), "");
	put_interface("virtual");
	assert_string_equal(names(), "");
}

/* A device tree's texts end with a NUL. */
static void a_boards_card_has_its_number_in_the_device_tree(void **state)
{
	(void)state;
	put_interface("platform/soc/1c30000.ethernet");
	assert_int_equal(
		symlinkat("../../../1c30000.ethernet", sysfs, "devices/platform/soc/1c30000.ethernet/net/eth0/device"),
		0);
	assert_int_equal(symlinkat("../../../../firmware/devicetree/base/soc/ethernet@1c30000", sysfs,
				   "devices/platform/soc/1c30000.ethernet/of_node"),
			 0);
	assert_string_equal(names(), "enx525400123456");
	put_bytes("firmware/devicetree/base/aliases/ethernet0", "/soc/ethernet@1c50000", 22);
	put_bytes("firmware/devicetree/base/aliases/ethernet1", "/soc/ethernet@1c30000", 22);
	assert_string_equal(names(), "end1 enx525400123456");
}

/* Boards: Debian's udev calls what is on USB there by its address, and nothing else is known of it. */
static void a_card_that_is_not_on_pci_is_known_by_mac(void **state)
{
	(void)state;
	put_interface("platform/soc/1c30000.ethernet");
	assert_string_equal(names(), "enx525400123456");
	put_interface("platform/soc/3f980000.usb/usb1/1-1/1-1.1/1-1.1.1/1-1.1.1:1.0");
	assert_string_equal(names(), "enx525400123456");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_virtual_machines_card_is_known_by_path_and_mac, make, clean),
		cmocka_unit_test_setup_teardown(a_slot_may_be_that_of_a_bridge_above, make, clean),
		cmocka_unit_test_setup_teardown(firmware_numbers_what_is_on_the_board, make, clean),
		cmocka_unit_test_setup_teardown(functions_domains_and_ports_are_in_the_name, make, clean),
		cmocka_unit_test_setup_teardown(an_adapter_on_usb_is_known_by_its_ports, make, clean),
		cmocka_unit_test_setup_teardown(names_that_are_too_long_are_left_out, make, clean),
		cmocka_unit_test_setup_teardown(what_has_no_device_has_no_names, make, clean),
		cmocka_unit_test_setup_teardown(a_boards_card_has_its_number_in_the_device_tree, make, clean),
		cmocka_unit_test_setup_teardown(a_card_that_is_not_on_pci_is_known_by_mac, make, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
