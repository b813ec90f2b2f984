/* ibft.c - what must hold for the firmware's table: fixture trees like /sys/firmware/ibft, and the LUN's strange text. */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/ibft.h"
#include "sys/sysfs.h"

/* ---- a tree ---- */

static char root[64];
static int sysfs = -1;

static int make_tree(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/ibft-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	sysfs = sysfs_open(root);
	return sysfs < 0;
}

static int remove_tree(void **state)
{
	char command[100];

	(void)state;
	close(sysfs);
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	return system(command);
}

/* An attribute below firmware/ibft, with the newline that the kernel writes. */
static void attribute(const char *path, const char *value)
{
	char full[200], parent[200];
	FILE *file;

	snprintf(full, sizeof(full), "%s/firmware/ibft/%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - full), full);
		(void)mkdir(parent, 0755);
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", value);
	fclose(file);
}

static void set_attributes(const char *directory, const char *const list[][2], size_t count)
{
	char path[100];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, list[i][0]);
		attribute(path, list[i][1]);
	}
}
#define SET(directory, list) set_attributes(directory, list, sizeof(list) / sizeof(list[0]))

/* As measured behind iPXE on Linux 6.1, with mutual CHAP. */
static void add_ipxe_table(void)
{
	static const char *const nic[][2] = {{"dhcp", "10.0.2.2"},
					     {"flags", "3"},
					     {"gateway", "10.0.2.2"},
					     {"index", "0"},
					     {"ip-addr", "10.0.2.15"},
					     {"mac", "52:54:00:12:34:56"},
					     {"origin", "3"},
					     {"prefix-len", "24"},
					     {"primary-dns", "10.0.2.3"},
					     {"subnet-mask", "255.255.255.0"},
					     {"vlan", "0"}};
	static const char *const target[][2] = {{"chap-name", "inuser"},
						{"chap-secret", "insecret1234"},
						{"chap-type", "2"},
						{"flags", "3"},
						{"index", "0"},
						{"ip-addr", "10.0.2.2"},
						{"lun", "010000000"},
						{"nic-assoc", "0"},
						{"port", "33001"},
						{"rev-chap-name", "outuser"},
						{"rev-chap-name-secret", "outsecret1234"},
						{"target-name", "iqn.2026-01.test.rig:t1"}};
	static const char *const second[][2] = {
		{"chap-type", "0"},  {"flags", "3"},
		{"index", "1"},      {"ip-addr", "2001:0db8:0000:0000:0000:0000:0000:0001"},
		{"lun", "01000000"}, {"nic-assoc", "1"},
		{"port", "3260"},    {"target-name", "iqn.2026-01.test.rig:t2"}};

	SET("ethernet0", nic);
	SET("target0", target);
	SET("target1", second);
	attribute("initiator/initiator-name", "iqn.2026-01.test.rig:ipxe");
	attribute("initiator/flags", "3");
	attribute("acpi_header/signature", "iBFT");
}

/* ---- the tests ---- */

static struct ibft ibft;

static void a_machine_without_a_table_has_none(void **state)
{
	(void)state;
	assert_int_equal(ibft_read(sysfs, &ibft), -ENOENT);
	assert_int_equal(ibft.target_count, 0);
}

static void ipxes_table_is_read_whole(void **state)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

	(void)state;
	add_ipxe_table();
	assert_int_equal(ibft_read(sysfs, &ibft), 0);
	assert_string_equal(ibft.initiator, "iqn.2026-01.test.rig:ipxe");
	assert_int_equal(ibft.nic_count, 1);
	assert_true(ibft.nics[0].has_mac);
	assert_memory_equal(ibft.nics[0].mac, mac, 6);
	assert_string_equal(ibft.nics[0].address, "10.0.2.15");
	assert_int_equal(ibft.nics[0].prefix, 24);
	assert_string_equal(ibft.nics[0].gateway, "10.0.2.2");
	assert_string_equal(ibft.nics[0].dns[0], "10.0.2.3");
	assert_string_equal(ibft.nics[0].dns[1], "");
	assert_string_equal(ibft.nics[0].dhcp, "10.0.2.2");
	assert_true(ibft.nics[0].is_leased);
	assert_string_equal(ibft.nics[0].hostname, "");
	assert_int_equal(ibft.target_count, 2);
	assert_string_equal(ibft.targets[0].address, "10.0.2.2");
	assert_int_equal(ibft.targets[0].port, 33001);
	assert_true(ibft.targets[0].has_lun);
	assert_int_equal(ibft.targets[0].lun, 16);
	assert_string_equal(ibft.targets[0].name, "iqn.2026-01.test.rig:t1");
	assert_int_equal(ibft.targets[0].chap, 2);
	assert_string_equal(ibft.targets[0].username, "inuser");
	assert_string_equal(ibft.targets[0].secret, "insecret1234");
	assert_string_equal(ibft.targets[0].username_in, "outuser");
	assert_string_equal(ibft.targets[0].secret_in, "outsecret1234");
	assert_int_equal(ibft.targets[1].index, 1);
	assert_int_equal(ibft.targets[1].nic, 1);
	assert_int_equal(ibft.targets[1].lun, 1);
	assert_int_equal(ibft.targets[1].chap, 0);
	assert_string_equal(ibft.targets[1].secret, "");
	ibft_wipe(&ibft);
	assert_null(memmem(&ibft, sizeof(ibft), "insecret", 8));
	assert_null(memmem(&ibft, sizeof(ibft), "outsecret", 9));
}

static void entries_that_are_not_valid_are_left_out_and_gaps_are_passed(void **state)
{
	(void)state;
	add_ipxe_table();
	attribute("target0/flags", "2");
	attribute("ethernet0/flags", "0");
	attribute("target5/flags", "1");
	attribute("target5/ip-addr", "10.0.0.1");
	assert_int_equal(ibft_read(sysfs, &ibft), 0);
	assert_int_equal(ibft.nic_count, 0);
	assert_int_equal(ibft.target_count, 2);
	assert_int_equal(ibft.targets[0].index, 1);
	assert_int_equal(ibft.targets[1].index, 5);
	assert_false(ibft.targets[1].has_lun);
}

static void an_attribute_that_cannot_be_read_is_named(void **state)
{
	static const struct {
		const char *path, *value, *error;
	} cases[] = {
		{"target0/port", "99999", "firmware/ibft/target0/port: not a number that is allowed here"},
		{"target0/port", "x", "firmware/ibft/target0/port: not a number that is allowed here"},
		{"target0/chap-type", "3", "firmware/ibft/target0/chap-type: not a number that is allowed here"},
		{"ethernet0/mac", "52:54:00:12:34", "firmware/ibft/ethernet0/mac: not a MAC address"},
		{"ethernet0/mac", "52:54:00:12:34:56:78", "firmware/ibft/ethernet0/mac: not a MAC address"},
		{"ethernet0/prefix-len", "-1", "firmware/ibft/ethernet0/prefix-len: not a number that is allowed here"},
		{"ethernet0/vlan", "4096", "firmware/ibft/ethernet0/vlan: not a number that is allowed here"},
		{"ethernet0/gateway", "10.0.0.111111111111111111111111111111111111111",
		 "firmware/ibft/ethernet0/gateway: longer than the iBFT allows"},
		{"target0/lun", "123456789012345678901", "firmware/ibft/target0/lun: longer than the iBFT allows"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add_ipxe_table();
		attribute(cases[i].path, cases[i].value);
		assert_int_equal(ibft_read(sysfs, &ibft), -EINVAL);
		assert_string_equal(ibft.error, cases[i].error);
		assert_int_equal(ibft.target_count, 0);
		assert_null(memmem(&ibft, sizeof(ibft), "insecret", 8));
	}
}

/* The kernel prints the eight bytes with "%x" each. */
static void as_the_kernel_prints(uint64_t lun, char out[20])
{
	uint8_t bytes[8];
	int used = 0;

	name_lun_bytes(lun, bytes);
	for (int i = 0; i < 8; i++)
		used += snprintf(out + used, (size_t)(20 - used), "%x", bytes[i]);
}

static void every_lun_below_256_is_read_right(void **state)
{
	char text[20];

	(void)state;
	for (uint64_t lun = 0; lun < 256; lun++) {
		uint64_t read = 999;

		as_the_kernel_prints(lun, text);
		assert_int_equal(ibft_read_lun(text, &read), 0);
		assert_int_equal(read, lun);
	}
}

static void no_lun_is_ever_read_as_another(void **state)
{
	char text[20];

	(void)state;
	for (uint64_t lun = 0; lun < 0x8000; lun++) {
		uint64_t read = lun;

		as_the_kernel_prints(lun, text);
		if (ibft_read_lun(text, &read) == 0)
			assert_int_equal(read, lun);
	}
}

static void text_that_is_no_lun_is_refused(void **state)
{
	static const char *const texts[] = {"",         "0",        "0100000",   "00000000000000000",
					    "0x000000", "0g000000", "4112000000"};
	uint64_t lun = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(ibft_read_lun(texts[i], &lun), -EINVAL);
	assert_int_equal(lun, 5);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(a_machine_without_a_table_has_none),
		IN_TREE(ipxes_table_is_read_whole),
		IN_TREE(entries_that_are_not_valid_are_left_out_and_gaps_are_passed),
		IN_TREE(an_attribute_that_cannot_be_read_is_named),
		cmocka_unit_test(every_lun_below_256_is_read_right),
		cmocka_unit_test(no_lun_is_ever_read_as_another),
		cmocka_unit_test(text_that_is_no_lun_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
