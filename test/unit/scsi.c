/* SCSI commands and answers, byte for byte as RFC 7143 11.3 to 11.19, SPC-4 and SBC-3 draw them, and what is cut off. */
/* SPDX-License-Identifier: MIT */
#include "proto/scsi.h"
#include "proto/scsi_id.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_command_has_the_rfcs_layout(void **state)
{
	static const uint8_t wanted[ISCSI_BHS_BYTES] = {
		0x01, 0xc1, 0, 0, 0,   0, 0, 0, 0, 1, 0, 0, 0, 0,    0,    0,    0x12, 0x34, 0x56,
		0x78, 0,    0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0x01, 0x83, 0,    255,
	};
	struct scsi_command command = {
		.lun = 1, .itt = 0x12345678, .length = 255, .cmd_sn = 0x01020304, .exp_stat_sn = 0x05060708};
	uint8_t bhs[ISCSI_BHS_BYTES];

	(void)state;
	memset(bhs, 0xff, sizeof(bhs));
	scsi_inquiry(command.cdb, SCSI_PAGE_IDENTIFIERS, 255);
	scsi_write_command(&command, bhs);
	assert_memory_equal(bhs, wanted, sizeof(bhs));
	command.lun = 0x4100 | 0x2c; /* flat space addressing */
	command.length = 0;
	scsi_test_unit_ready(command.cdb);
	scsi_write_command(&command, bhs);
	assert_int_equal(bhs[1], 0x81); /* nothing to read */
	assert_int_equal(bhs[8], 0x41);
	assert_int_equal(bhs[9], 0x2c);
	assert_int_equal(bhs[32], 0);
}

static void the_cdbs_are_those_of_the_standards(void **state)
{
	static const uint8_t standard[SCSI_CDB_BYTES] = {0x12, 0, 0, 0, 36}, capacity[SCSI_CDB_BYTES] = {0x25},
			     long_capacity[SCSI_CDB_BYTES] = {0x9e, 0x10, [13] = 32},
			     mode[SCSI_CDB_BYTES] = {0x1a, 0, 0x3f, 0, 4}, luns[SCSI_CDB_BYTES] = {0xa0, [8] = 2};
	uint8_t cdb[SCSI_CDB_BYTES];

	(void)state;
	memset(cdb, 0xff, sizeof(cdb));
	scsi_inquiry(cdb, SCSI_STANDARD_INQUIRY, 36);
	assert_memory_equal(cdb, standard, sizeof(cdb));
	memset(cdb, 0xff, sizeof(cdb));
	scsi_read_capacity_10(cdb);
	assert_memory_equal(cdb, capacity, sizeof(cdb));
	memset(cdb, 0xff, sizeof(cdb));
	scsi_read_capacity_16(cdb);
	assert_memory_equal(cdb, long_capacity, sizeof(cdb));
	memset(cdb, 0xff, sizeof(cdb));
	scsi_mode_sense_6(cdb);
	assert_memory_equal(cdb, mode, sizeof(cdb));
	memset(cdb, 0xff, sizeof(cdb));
	scsi_report_luns(cdb, 512);
	assert_memory_equal(cdb, luns, sizeof(cdb));
}

/* As LIO answers with two groups: 1 with a port, 16 with two. */
static const uint8_t port_groups[] = {0, 0,    0, 28, 0x80, 0xff, 0, 1, 0, 2, 0, 1, 0, 0, 0, 1,
				      2, 0x8f, 0, 16, 0,    0,    0, 2, 0, 0, 0, 2, 0, 0, 0, 3};

static void a_groups_access_is_found_in_the_list_of_groups(void **state)
{
	static const uint8_t wanted[SCSI_CDB_BYTES] = {0xa3, 0x0a, [8] = 1, [9] = 2};
	uint8_t cdb[SCSI_CDB_BYTES], access = 9, more[40] = {0};

	(void)state;
	memset(cdb, 0xff, sizeof(cdb));
	scsi_report_port_groups(cdb, 0x102);
	assert_memory_equal(cdb, wanted, sizeof(cdb));
	assert_int_equal(scsi_read_access(port_groups, sizeof(port_groups), 1, &access), 0);
	assert_int_equal(access, SCSI_ACCESS_PREFERRED | SCSI_ACCESS_OPTIMIZED);
	assert_int_equal(scsi_read_access(port_groups, sizeof(port_groups), 16, &access), 0);
	assert_int_equal(access, SCSI_ACCESS_STANDBY);
	assert_int_equal(scsi_read_access(port_groups, sizeof(port_groups), 2, &access), -ENOENT);
	memcpy(more, port_groups, sizeof(port_groups)); /* what is behind the list does not count */
	assert_int_equal(scsi_read_access(more, sizeof(more), 0, &access), -ENOENT);
	assert_int_equal(access, SCSI_ACCESS_STANDBY);
}

static void a_list_of_groups_that_breaks_off_is_read_up_to_there(void **state)
{
	uint8_t access;

	(void)state;
	for (size_t cut = 0; cut < sizeof(port_groups); cut++)
		assert_int_equal(scsi_read_access(port_groups, cut, 16, &access),
				 cut < 20 ? cut == 4 || cut == 16 ? -ENOENT : -EINVAL : 0);
	assert_int_equal(scsi_read_access(port_groups, 19, 1, &access), 0);
}

/* What a target says of lengths and counts is held against what it has sent. */
static void a_list_of_groups_that_lies_is_not_read_past_its_end(void **state)
{
	uint8_t list[sizeof(port_groups)], access = 9;

	(void)state;
	memcpy(list, port_groups, sizeof(list));
	memset(list, 0xff, 4); /* 4 GiB of it */
	assert_int_equal(scsi_read_access(list, sizeof(list), 16, &access), 0);
	assert_int_equal(scsi_read_access(list, sizeof(list), 2, &access), -ENOENT);
	for (unsigned said = 0; said < sizeof(list); said++) { /* less than it has sent */
		memcpy(list, port_groups, sizeof(list));
		list[3] = (uint8_t)said;
		assert_int_equal(scsi_read_access(list, sizeof(list), 16, &access),
				 said < 16 ? said == 0 || said == 12 ? -ENOENT : -EINVAL : 0);
	}
	memcpy(list, port_groups, sizeof(list));
	list[11] = 255; /* ports of the first group: more than there is */
	assert_int_equal(scsi_read_access(list, sizeof(list), 16, &access), -EINVAL);
	list[11] = 6; /* one more than there is room for */
	access = 9;
	assert_int_equal(scsi_read_access(list, sizeof(list), 16, &access), -EINVAL);
	list[11] = 5; /* they cover the other group */
	assert_int_equal(scsi_read_access(list, sizeof(list), 16, &access), -ENOENT);
	assert_int_equal(access, 9);
}

static void of_two_groups_with_one_number_the_first_counts(void **state)
{
	uint8_t list[sizeof(port_groups)], access;

	(void)state;
	memcpy(list, port_groups, sizeof(list));
	list[19] = 1;
	assert_int_equal(scsi_read_access(list, sizeof(list), 1, &access), 0);
	assert_int_equal(access, SCSI_ACCESS_PREFERRED | SCSI_ACCESS_OPTIMIZED);
}

static void a_list_of_empty_groups_ends(void **state)
{
	static uint8_t list[2048];
	uint8_t access;

	(void)state;
	memset(list, 0, sizeof(list));
	memset(list, 0xff, 4);
	assert_int_equal(scsi_read_access(list, sizeof(list), 1, &access), -EINVAL); /* half of one at the end */
	assert_int_equal(scsi_read_access(list, sizeof(list) - 4, 1, &access), -ENOENT);
}

static void the_port_group_is_the_ports_designator(void **state)
{
	static const uint8_t page[] = {0, 0x83, 0, 32,   1, 5, 0, 4, 9, 9, 9, 9, 1, 0x15, 0, 4, 0, 0,
				       1, 2,    1, 0x14, 0, 4, 0, 0, 0, 7, 1, 5, 0, 4,    0, 0, 3, 4};
	uint16_t group = 0;

	(void)state;
	assert_int_equal(scsi_id_port_group(page, sizeof(page), &group), 0);
	assert_int_equal(group, 0x102);
	assert_int_equal(scsi_id_port_group(page, 19, &group), -ENOENT);
	assert_int_equal(scsi_id_port_group(page, 0, &group), -ENOENT);
}

static void nop_and_logout_have_the_rfcs_layout(void **state)
{
	static const uint8_t nop[ISCSI_BHS_BYTES] = {0x40, 0x80, [9] = 3, [16] = 0xff, 0xff, 0xff, 0xff, 0, 0, 0,
						     9,    0,    0,       0,           5,    0,    0,    0, 7},
			     out[ISCSI_BHS_BYTES] = {0x46, 0x80, [19] = 2, [27] = 5, [31] = 7};
	struct scsi_pdu in = {.lun = {0, 3}, .ttt = 9};
	uint8_t bhs[ISCSI_BHS_BYTES];

	(void)state;
	memset(bhs, 0xff, sizeof(bhs));
	scsi_write_nop_out(&in, 5, 7, bhs);
	assert_memory_equal(bhs, nop, sizeof(bhs));
	memset(bhs, 0xff, sizeof(bhs));
	scsi_write_logout(2, 5, 7, bhs);
	assert_memory_equal(bhs, out, sizeof(bhs));
}

static void an_answer_is_read_field_by_field(void **state)
{
	uint8_t bhs[ISCSI_BHS_BYTES];
	struct scsi_pdu p;

	(void)state;
	for (uint8_t i = 0; i < sizeof(bhs); i++)
		bhs[i] = (uint8_t)(0x80 + i);
	bhs[0] = 0xe5;
	p = scsi_read_pdu(bhs);
	assert_int_equal(p.opcode, ISCSI_OP_DATA_IN);
	assert_int_equal(p.flags, 0x81);
	assert_int_equal(p.detail, 0x82);
	assert_int_equal(p.status, 0x83);
	assert_int_equal(p.ahs, 0x84);
	assert_int_equal(p.length, 0x858687);
	assert_memory_equal(p.lun, bhs + 8, 8);
	assert_int_equal(p.itt, 0x90919293);
	assert_int_equal(p.ttt, 0x94959697);
	assert_int_equal(p.stat_sn, 0x98999a9b);
	assert_int_equal(p.exp_cmd_sn, 0x9c9d9e9f);
	assert_int_equal(p.max_cmd_sn, 0xa0a1a2a3);
	assert_int_equal(p.async_event, 0xa4);
	assert_int_equal(p.buffer_offset, 0xa8a9aaab);
}

static void sense_data_is_read_in_both_formats(void **state)
{
	static const uint8_t fixed[] = {0, 18, 0x70, 0, 0x02, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x04, 0x01, 0, 0, 0, 0};
	static const uint8_t descriptor[] = {0, 8, 0x72, 0x05, 0x25, 0x00, 0, 0, 0, 0};
	static const uint8_t without_code[] = {0, 12, 0x70, 0, 0x06, 0, 0, 0, 0, 4, 0, 0, 0, 0};
	static const uint8_t unknown[] = {0, 4, 0x7f, 0, 0, 0};
	struct scsi_sense sense = {9, 9, 9};

	(void)state;
	assert_int_equal(scsi_read_sense(fixed, sizeof(fixed), &sense), 0);
	assert_int_equal(sense.key << 16 | sense.asc << 8 | sense.ascq, 0x020401);
	assert_string_equal(scsi_sense_text(&sense), "it is becoming ready");
	assert_int_equal(scsi_read_sense(descriptor, sizeof(descriptor), &sense), 0);
	assert_int_equal(sense.key << 16 | sense.asc << 8 | sense.ascq, 0x052500);
	assert_string_equal(scsi_sense_text(&sense), "there is no such LUN");
	assert_int_equal(scsi_read_sense(without_code, sizeof(without_code), &sense), 0);
	assert_int_equal(sense.key << 16 | sense.asc << 8 | sense.ascq, 0x060000);
	assert_int_equal(scsi_read_sense(unknown, sizeof(unknown), &sense), -EINVAL);
	for (size_t length = 0; length < 14; length++)
		assert_int_equal(scsi_read_sense(fixed, length, &sense), -EINVAL);
	for (size_t length = 0; length < 6; length++)
		assert_int_equal(scsi_read_sense(descriptor, length, &sense), -EINVAL);
	assert_int_equal(sense.key, 6); /* untouched */
}

static void a_size_is_read_in_both_forms(void **state)
{
	static const uint8_t data[32] = {0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0x10, 0};
	static const uint8_t all[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0};
	static const uint8_t data_10[8] = {0, 1, 0xff, 0xff, 0, 0, 2, 0};
	struct scsi_capacity c;

	(void)state;
	assert_int_equal(scsi_read_capacity(data, sizeof(data), true, &c), 0);
	assert_true(c.blocks == (2ULL << 32) + 1 && c.block_bytes == 4096);
	assert_int_equal(scsi_read_capacity(data_10, sizeof(data_10), false, &c), 0);
	assert_true(c.blocks == 0x20000 && c.block_bytes == 512);
	assert_int_equal(scsi_read_capacity(data, 11, true, &c), -EINVAL);
	assert_int_equal(scsi_read_capacity(data_10, 7, false, &c), -EINVAL);
	assert_int_equal(scsi_read_capacity(all, sizeof(all), true, &c), -EINVAL); /* one more than there can be */
	assert_true(c.blocks == 0x20000);
}

static void write_protection_is_one_bit(void **state)
{
	static const uint8_t on[4] = {3, 0, 0x90, 0}, off[4] = {3, 0, 0x10, 0};
	bool is = false;

	(void)state;
	assert_int_equal(scsi_read_write_protected(on, 4, &is), 0);
	assert_true(is);
	assert_int_equal(scsi_read_write_protected(off, 3, &is), 0);
	assert_false(is);
	assert_int_equal(scsi_read_write_protected(on, 2, &is), -EINVAL);
	assert_false(is);
}

static void standard_inquiry_data_are_text(void **state)
{
	uint8_t data[36] = {0x20, 0, 5, 2, 31, 0, 0, 0};
	struct scsi_inquiry i;

	(void)state;
	memcpy(data + 8, "IET     VIRTUAL-\x01ISK    ", 24);
	assert_int_equal(scsi_read_inquiry(data, sizeof(data), &i), 0);
	assert_int_equal(i.qualifier, 1);
	assert_int_equal(i.type, 0);
	assert_string_equal(i.vendor, "IET");
	assert_string_equal(i.model, "VIRTUAL-?ISK");
	assert_int_equal(scsi_read_inquiry(data, 31, &i), -EINVAL);
}

static void a_list_of_luns_is_read_to_its_end(void **state)
{
	static const uint8_t list[] = {0, 0, 0, 24, 0, 0, 0, 0, 0, 0,    0,    0, 0, 0, 0,
				       0, 0, 7, 0,  0, 0, 0, 0, 0, 0x41, 0x2c, 0, 0, 0, 0};
	uint64_t lun = 0;

	(void)state;
	assert_int_equal(scsi_read_lun(list, sizeof(list), 0, &lun), 0);
	assert_true(lun == 0);
	assert_int_equal(scsi_read_lun(list, sizeof(list), 1, &lun), 0);
	assert_true(lun == 7);
	assert_int_equal(scsi_read_lun(list, sizeof(list), 2, &lun), -EINVAL); /* it breaks off */
	assert_int_equal(scsi_read_lun(list, sizeof(list), 3, &lun), -ENOENT);
	assert_int_equal(scsi_read_lun(list, 3, 0, &lun), -EINVAL);
	assert_true(lun == 7);
}

/* ---- which unit it is ---- */

struct part {
	uint8_t type, association;
	const char *bytes;
	uint8_t length;
};

#define NAA_6                                                                                \
	{                                                                                    \
		3, 0, "\x60\x01\x40\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", 16 \
	}
#define NAA_5                                               \
	{                                                   \
		3, 0, "\x50\x01\x40\x05\x00\x00\x00\x01", 8 \
	}
#define NAA_3                                               \
	{                                                   \
		3, 0, "\x30\x01\x40\x05\x00\x00\x00\x01", 8 \
	}
#define EUI                                                 \
	{                                                   \
		2, 0, "\x00\x11\x22\x33\x44\x55\x66\x77", 8 \
	}
#define NAME                                     \
	{                                        \
		8, 0, "iqn.2026-01.test:1\0", 20 \
	}
#define T10                                  \
	{                                    \
		1, 0, "IET     00010001", 16 \
	}
#define VENDOR                      \
	{                           \
		0, 0, "whatever", 8 \
	}
#define PORT                                                                                 \
	{                                                                                    \
		3, 1, "\x60\x01\x40\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02", 16 \
	}

static size_t make_page(uint8_t *page, const struct part *parts, size_t count)
{
	size_t used = 4;

	for (size_t i = 0; i < count; i++) {
		page[used] = 1;
		page[used + 1] = (uint8_t)(parts[i].association << 4 | parts[i].type);
		page[used + 2] = 0;
		page[used + 3] = parts[i].length;
		memcpy(page + used + 4, parts[i].bytes, parts[i].length);
		used += 4 + parts[i].length;
	}
	page[0] = 0;
	page[1] = 0x83;
	page[2] = (uint8_t)((used - 4) >> 8);
	page[3] = (uint8_t)(used - 4);
	return used;
}

static void the_best_designator_of_the_unit_is_chosen(void **state)
{
	static const struct part all[] = {VENDOR, NAA_3, T10, NAME, EUI, NAA_5, PORT, NAA_6};
	static const struct {
		size_t count;
		const char *text;
	} wanted[] = {
		{8, "naa.60014005000000000000000000000001"},
		{7, "naa.5001400500000001"},
		{6, "naa.5001400500000001"},
		{5, "eui.0011223344556677"},
		{4, "iqn.2026-01.test:1??"},
		{3, "t10.IET     00010001"},
		{2, "naa.3001400500000001"},
	};
	uint8_t page[255];
	char text[SCSI_ID_TEXT];
	struct scsi_id id, other;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t length = make_page(page, all, wanted[i].count);

		assert_int_equal(scsi_id_choose(page, length, &id), 0);
		assert_string_equal(scsi_id_text(&id, text), wanted[i].text);
		assert_true(scsi_id_is_in(page, length, &id));
		other = id;
		other.bytes[id.length - 1] ^= 1;
		assert_false(scsi_id_is_in(page, length, &other));
		assert_false(scsi_id_is_same(&id, &other));
		other = id;
		other.length--;
		assert_false(scsi_id_is_in(page, length, &other));
	}
	assert_int_equal(scsi_id_choose(page, make_page(page, all, 1), &id), -ENOENT);
	assert_int_equal(scsi_id_choose(page, make_page(page, all, 0), &id), -ENOENT);
}

static void set_text(struct scsi_id *id, enum scsi_id_kind kind, const char *text)
{
	scsi_id_set(id, kind, (const uint8_t *)text, strlen(text));
}

/* As udev's scsi_id and multipath-tools write them. */
static void the_wwid_is_what_other_programs_call_the_unit(void **state)
{
	static const uint8_t naa[] = {0x60, 0x01, 0x40, 0x5a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe},
			     long_one[200] = {'x'};
	char wwid[SCSI_ID_WWID];
	struct scsi_id id;

	(void)state;
	scsi_id_set(&id, SCSI_ID_NAA, naa, sizeof(naa));
	assert_int_equal(scsi_id_wwid(&id, wwid), 0);
	assert_string_equal(wwid, "36001405a0000000000000000000000fe");
	scsi_id_set(&id, SCSI_ID_EUI, naa, 8);
	assert_int_equal(scsi_id_wwid(&id, wwid), 0);
	assert_string_equal(wwid, "26001405a00000000");
	set_text(&id, SCSI_ID_T10, " IET     00010001/x  ");
	assert_int_equal(scsi_id_wwid(&id, wwid), 0);
	assert_string_equal(wwid, "1IET_00010001_x");
	set_text(&id, SCSI_ID_NAME, "iqn.2026-01.test:1");
	assert_int_equal(scsi_id_wwid(&id, wwid), 0);
	assert_string_equal(wwid, "8iqn.2026-01.test:1");
	set_text(&id, SCSI_ID_SERIAL, "beaf11");
	assert_int_equal(scsi_id_wwid(&id, wwid), -ENOENT);
	scsi_id_set(&id, SCSI_ID_NAME, long_one, SCSI_ID_KEPT + 1);
	assert_int_equal(scsi_id_wwid(&id, wwid), -ENOENT);
	scsi_id_set(&id, SCSI_ID_NAME, long_one, SCSI_ID_KEPT);
	assert_int_equal(scsi_id_wwid(&id, wwid), 0);
}

static void a_name_without_a_company_is_not_unique(void **state)
{
	static const struct {
		uint8_t bytes[4];
		enum scsi_id_kind kind;
		bool is_unique;
	} cases[] = {
		{{0x60, 0x01, 0x40, 0x5a}, SCSI_ID_NAA, true},
		{{0x60, 0, 0, 0x10}, SCSI_ID_NAA, true},
		{{0x60, 0, 0, 0x0f}, SCSI_ID_NAA, false}, /* tgt's: a target's and a unit's number follow */
		{{0x61, 0, 0, 0}, SCSI_ID_NAA, true},
		{{0x30, 0x01, 0x40, 0x5a}, SCSI_ID_NAA, false},
		{{0x50, 0x01, 0x40, 0x50}, SCSI_ID_NAA, true},
		{{0, 0, 0, 7}, SCSI_ID_EUI, false},
		{{0, 0, 1, 7}, SCSI_ID_EUI, true},
		{{'I', 'E', 'T', ' '}, SCSI_ID_T10, false},
	};
	struct scsi_id id;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scsi_id_set(&id, cases[i].kind, cases[i].bytes, 4);
		assert_int_equal(scsi_id_is_unique(&id), cases[i].is_unique);
	}
}

/* The field has four bits, and SPC-6 7.7.6.1 leaves some of their values to the future. */
static void types_that_are_not_known_choose_nothing(void **state)
{
	struct part part = {0, 0, "whatever", 8};
	uint8_t page[255];
	struct scsi_id id;

	(void)state;
	for (part.type = 4; part.type < 16; part.type++) {
		if (part.type == 8)
			continue;
		assert_int_equal(scsi_id_choose(page, make_page(page, &part, 1), &id), -ENOENT);
	}
}

static void a_page_that_breaks_off_is_read_up_to_there(void **state)
{
	static const struct part two[] = {T10, NAA_6};
	uint8_t page[255];
	size_t length = make_page(page, two, 2);
	struct scsi_id id;

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		int result = scsi_id_choose(page, cut, &id);

		assert_int_equal(result, cut < 4 ? -EINVAL : cut < 24 ? -ENOENT : 0);
		if (cut >= 24)
			assert_int_equal(id.kind, SCSI_ID_T10);
	}
	page[3] = 20; /* it says that it ends before the second */
	assert_int_equal(scsi_id_choose(page, length, &id), 0);
	assert_int_equal(id.kind, SCSI_ID_T10);
	page[1] = 0x80;
	assert_int_equal(scsi_id_choose(page, length, &id), -EINVAL);
}

static void a_serial_number_is_taken_without_its_spaces(void **state)
{
	static const uint8_t page[] = {0, 0x80, 0, 10, ' ', ' ', 'b', 'e', 'a', 'f', '1', '1', ' ', 0};
	static const uint8_t blank[] = {0, 0x80, 0, 4, ' ', ' ', ' ', ' '};
	char text[SCSI_ID_TEXT];
	struct scsi_id id;

	(void)state;
	assert_int_equal(scsi_id_serial(page, sizeof(page), &id), 0);
	assert_string_equal(scsi_id_text(&id, text), "serial beaf11");
	assert_int_equal(scsi_id_serial(blank, sizeof(blank), &id), -ENOENT);
	assert_int_equal(scsi_id_serial(page, 3, &id), -EINVAL);
	id.kind = SCSI_ID_NAA;
	id.length = SCSI_ID_MAX;
	assert_true(strlen(scsi_id_text(&id, text)) < sizeof(text));
	assert_non_null(strstr(text, "..."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_has_the_rfcs_layout),
		cmocka_unit_test(the_cdbs_are_those_of_the_standards),
		cmocka_unit_test(a_groups_access_is_found_in_the_list_of_groups),
		cmocka_unit_test(a_list_of_groups_that_lies_is_not_read_past_its_end),
		cmocka_unit_test(of_two_groups_with_one_number_the_first_counts),
		cmocka_unit_test(a_list_of_empty_groups_ends),
		cmocka_unit_test(a_list_of_groups_that_breaks_off_is_read_up_to_there),
		cmocka_unit_test(the_port_group_is_the_ports_designator),
		cmocka_unit_test(nop_and_logout_have_the_rfcs_layout),
		cmocka_unit_test(an_answer_is_read_field_by_field),
		cmocka_unit_test(sense_data_is_read_in_both_formats),
		cmocka_unit_test(a_size_is_read_in_both_forms),
		cmocka_unit_test(write_protection_is_one_bit),
		cmocka_unit_test(standard_inquiry_data_are_text),
		cmocka_unit_test(a_list_of_luns_is_read_to_its_end),
		cmocka_unit_test(the_best_designator_of_the_unit_is_chosen),
		cmocka_unit_test(the_wwid_is_what_other_programs_call_the_unit),
		cmocka_unit_test(a_name_without_a_company_is_not_unique),
		cmocka_unit_test(types_that_are_not_known_choose_nothing),
		cmocka_unit_test(a_page_that_breaks_off_is_read_up_to_there),
		cmocka_unit_test(a_serial_number_is_taken_without_its_spaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
