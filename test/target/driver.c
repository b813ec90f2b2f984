/* driver.c - the login over a plain TCP socket, for tests: one conversation with one portal, told in one line.
 *
 * usage: driver [OPTION=VALUE]... HOST PORT
 *   target=NAME (none: discovery, by the product's own discovery.c), initiator=NAME, username= password= username_in=
 *   password_in=, chap_algs=8,7,6,5, timeout=MS, logout=1 (prove the full feature phase), and every negotiated setting.
 *   naa=HEX: the product's proof that LUN lun= (0) is that unit, with sectors= of 512 bytes; first=1: as it is done by a
 *   target that allows one session only.
 * Prints "verdict N WHY" of a proof, else "done KEY=VALUE...", "target NAME ADDRESS...", "failed CODE CLAUSE" or "broken WHY"; exit status 0, or 1 when the
 * descriptors that were open at the beginning are not those that are open at the end.
 */
/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "login.h"
#include "proto/bytes.h"
#include "proto/iscsi_abi.h"
#include "proto/wipe.h"
#include "session/discovery.h"
#include "session/prover.h"
#include "proto/name.h"
#include "session/connect.h"

struct driver {
	struct target_plan plan;
	struct login login;
	struct login_config config;
	int64_t deadline_ms;
	int timeout_ms;
	bool logout, proves, first;
	struct unit unit;         /* to be proven */
	const char *guessed_from; /* why the first login without an answer had none */
	int fd;
	struct route route;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

/* ---- the wire: what iscsi_tcp does in the product ---- */

static bool wait_for(struct driver *d, short events)
{
	struct pollfd fd = {.fd = d->fd, .events = events};
	int64_t left = d->deadline_ms - now_ms();

	return left > 0 && poll(&fd, 1, (int)left) == 1;
}

static const char *send_all(struct driver *d, const uint8_t *bytes, size_t length)
{
	while (length) {
		ssize_t n;

		if (!wait_for(d, POLLOUT))
			return "timeout";
		n = send(d->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return strerror(errno);
		bytes += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

static const char *receive_all(struct driver *d, uint8_t *bytes, size_t length)
{
	while (length) {
		ssize_t n;

		if (!wait_for(d, POLLIN))
			return "timeout";
		n = recv(d->fd, bytes, length, MSG_DONTWAIT);
		if (n == 0)
			return "closed";
		if (n < 0 && errno != EAGAIN)
			return strerror(errno);
		bytes += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

static uint32_t crc32c(const uint8_t *bytes, size_t length)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static const char *send_pdu(struct driver *d, const struct login_pdu *pdu)
{
	uint8_t bytes[ISCSI_BHS_BYTES + LOGIN_DATA_MAX + 4];
	struct writer w = writer_of(bytes, sizeof(bytes));

	write_bytes(&w, pdu->bhs, ISCSI_BHS_BYTES);
	write_bytes(&w, pdu->data, pdu->length);
	write_zeros(&w, -pdu->length & 3);
	return send_all(d, bytes, w.used);
}

static const char *receive_pdu(struct driver *d, struct login_pdu *pdu)
{
	const char *broken = receive_all(d, pdu->bhs, ISCSI_BHS_BYTES);
	uint8_t padding[4];

	if (broken)
		return broken;
	pdu->length = (size_t)pdu->bhs[5] << 16 | (size_t)pdu->bhs[6] << 8 | pdu->bhs[7];
	if (pdu->length > LOGIN_DATA_MAX || pdu->bhs[4])
		return "PDU too long"; /* the kernel: ISCSI_ERR_DATALEN, ISCSI_ERR_AHSLEN */
	broken = receive_all(d, pdu->data, pdu->length);
	return broken ? broken : receive_all(d, padding, -pdu->length & 3);
}

/* A Logout Request (RFC 7143 11.14) and its response, with the header digest where one was agreed on. */
static const char *log_out(struct driver *d)
{
	const struct login_result *result = login_get_result(&d->login);
	bool digest = result->negotiated.value[PARAM_HEADER_DIGEST] == DIGEST_CRC32C;
	uint8_t bytes[ISCSI_BHS_BYTES + 4] = {ISCSI_OP_LOGOUT | ISCSI_IMMEDIATE_BIT, 0x80};
	struct writer w = writer_of(bytes + 16, 16);
	size_t length = ISCSI_BHS_BYTES + (digest ? 4 : 0);
	const char *broken;
	uint32_t crc;

	write_be32(&w, 7);
	write_be32(&w, 0);
	write_be32(&w, result->exp_cmd_sn);
	write_be32(&w, result->exp_stat_sn);
	crc = crc32c(bytes, ISCSI_BHS_BYTES);
	memcpy(bytes + ISCSI_BHS_BYTES, &crc, 4);
	broken = send_all(d, bytes, length);
	if (!broken)
		broken = receive_all(d, bytes, length);
	crc = crc32c(bytes, ISCSI_BHS_BYTES);
	if (!broken && digest && memcmp(bytes + ISCSI_BHS_BYTES, &crc, 4))
		broken = "the logout response's digest is wrong";
	if (!broken && (bytes[0] != ISCSI_OP_LOGOUT_RESPONSE || bytes[2]))
		broken = "the logout was not answered";
	return broken;
}

/* ---- one connection, one conversation ---- */

static const char *connect_portal(struct driver *d)
{
	struct sockaddr_storage address;
	int one = 1;

	if (d->fd >= 0)
		close(d->fd);
	if (!connect_read_literal(&d->route.portal, &address))
		return "the portal is no literal address";
	d->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return connect(d->fd, (struct sockaddr *)&address, sizeof(address)) ? strerror(errno) : NULL;
}

static enum login_action converse(struct driver *d, const char **broken)
{
	struct login_pdu request = {0}, *response = calloc(1, sizeof(*response));
	enum login_action action;

	d->deadline_ms = now_ms() + d->timeout_ms;
	*broken = connect_portal(d);
	action = *broken ? LOGIN_FAILED : login_start(&d->login, &d->config, &request);
	while (action == LOGIN_SEND) {
		*broken = send_pdu(d, &request);
		if (!*broken)
			*broken = receive_pdu(d, response);
		if (*broken)
			break;
		action = login_step(&d->login, response->bhs, response->data, response->length, &request);
	}
	free(response);
	return action;
}

static void print_done(const struct login_result *result)
{
	char value[32];

	printf("done tsih=%u tpgt=%d alias=%s", result->tsih, result->tpgt, result->target_alias);
	for (int i = 0; i <= PARAM_MAX_CONNECTIONS; i++)
		printf(" %s=%s", param_rows[i].name,
		       param_write((enum param)i, result->negotiated.value[i], value, sizeof(value)));
	if (result->tolerated[0])
		printf(" tolerated=%s", result->tolerated);
	printf("\n");
}

/* One attempt; true: once more, as the product would (session.c). */
static bool attempt(struct driver *d)
{
	struct login_lessons *lessons = &d->config.lessons;
	const char *broken;
	const struct login_failure *failure = login_get_failure(&d->login);
	char code[16];
	enum login_action action = converse(d, &broken);

	if (!broken && action == LOGIN_DONE && d->logout)
		broken = log_out(d);
	if (broken && action == LOGIN_SEND && !d->guessed_from)
		d->guessed_from = broken;
	if (broken && action == LOGIN_SEND && login_learn(&d->login, lessons, false) != LESSON_NONE) {
		return true;
	} else if (broken) {
		printf("broken %s\n", broken);
	} else if (action == LOGIN_DONE) {
		print_done(login_get_result(&d->login));
	} else if (action == LOGIN_MOVED) {
		char said[700];

		if (!route_follow(&d->route, login_get_redirect(&d->login), said, sizeof(said))) {
			d->config.target_name = d->route.name[0] ? d->route.name : d->plan.name;
			return true;
		}
		printf("broken %s\n", said);
	} else if (login_learn(&d->login, lessons, true) != LESSON_NONE) {
		return true;
	} else if (lessons->guessed && lessons->md5_only) {
		printf("broken %s\n", d->guessed_from);
	} else {
		printf("failed %s %s\n", login_error_code(failure, code, sizeof(code)), failure->text);
	}
	return false;
}

static void log_in(struct driver *d)
{
	d->config = (struct login_config){
		.initiator_name = d->plan.initiator,
		.target_name = d->plan.name,
		.itt = 0x01020304,
		.cmd_sn = 1,
		.offer = &d->plan.params,
		.chap = d->plan.chap.username[0] ? &d->plan.chap : NULL,
	};
	name_isid(0x123456, d->config.isid);
	if (getrandom(d->config.challenge, sizeof(d->config.challenge), 0) != sizeof(d->config.challenge))
		abort();
	while (attempt(d))
		;
	login_wipe(&d->login);
	if (d->fd >= 0)
		close(d->fd);
}

static void discover(struct driver *d)
{
	struct discovery *discovery = calloc(1, sizeof(*discovery));
	struct pollfd fds[RACE_ADDRESSES_MAX];

	discovery_start(discovery, &d->plan, now_ms());
	while (discovery_state(discovery) == DISCOVERY_RUNNING) {
		int count = discovery_pollfds(discovery, fds, RACE_ADDRESSES_MAX);
		int64_t left = discovery_deadline(discovery) - now_ms();

		poll(fds, (nfds_t)count, left > 0 ? (int)left + 1 : 0);
		discovery_step(discovery, now_ms());
	}
	if (discovery_state(discovery) == DISCOVERY_FAILED) {
		printf("failed %s\n", discovery_failure(discovery));
	} else {
		printf("done %d targets\n", discovery_count(discovery));
		discovery_print(discovery, stdout);
	}
	free(discovery);
}

static void prove(struct driver *d)
{
	static const struct login_lessons none;
	static const struct resolve no_names;
	static const uint8_t isid[6] = {0, 2, 0x3d, 0x40, 0, 1};
	struct prover *prover = calloc(1, sizeof(*prover));
	const struct prover_order order = {.plan = &d->plan,
					   .portal = &d->plan.portal,
					   .names = &no_names,
					   .lessons = &none,
					   .isid = isid,
					   .units = &d->unit,
					   .unit_count = 1,
					   .leaves_first = d->first};
	int64_t deadline = now_ms() + d->timeout_ms;
	enum unit_verdict verdict;
	struct pollfd fds[4];

	prover_init(prover);
	prover_start(prover, &order, now_ms());
	verdict = prover_ask(prover, now_ms());
	while (verdict == UNIT_PENDING && now_ms() < deadline) {
		int64_t until = prover_deadline(prover) < deadline ? prover_deadline(prover) : deadline,
			left = until - now_ms();

		poll(fds, (nfds_t)prover_pollfds(prover, fds, 4), left > 0 ? (int)left : 0);
		verdict = prover_step(prover, now_ms());
		if (verdict == UNIT_PENDING && now_ms() >= prover_deadline(prover))
			verdict = prover_late(prover, now_ms());
	}
	while (verdict == UNIT_PENDING)
		verdict = prover_late(prover, INT64_MAX / 2);
	printf("verdict %d %s\n", (int)verdict, prover->text);
	prover_stop(prover);
	free(prover);
}

/* ---- arguments ---- */

static void take_naa(struct driver *d, const char *hex)
{
	uint8_t bytes[16];
	size_t length = 0;
	unsigned byte;

	d->proves = true;
	for (; length < sizeof(bytes) && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		bytes[length++] = (uint8_t)byte;
	scsi_id_set(&d->unit.id, SCSI_ID_NAA, bytes, length);
}

static void take_secret(struct chap_secret *secret, const char *text)
{
	secret->length = (uint16_t)strlen(text);
	memcpy(secret->bytes, text, secret->length);
}

static void take_algorithms(struct chap_config *chap, const char *text)
{
	int count = 0;

	for (; *text && count < 4; text++) {
		if (*text != ',')
			chap->algorithms[count++] = (uint8_t)(*text - '0');
	}
	chap->algorithms_given = true;
}

static void take_param(struct driver *d, const char *name, size_t length, const char *value)
{
	int param = param_find(name, length);

	if (param < 0 || param_read((enum param)param, value, strlen(value), &d->plan.params.value[param])) {
		fprintf(stderr, "driver: what is %s?\n", name);
		exit(2);
	}
}

static void take_option(struct driver *d, const char *option)
{
	const char *value = strchr(option, '=') + 1;
	size_t length = (size_t)(value - option) - 1;

	if (!strncmp(option, "target=", 7))
		snprintf(d->plan.name, sizeof(d->plan.name), "%s", value);
	else if (!strncmp(option, "initiator=", 10))
		snprintf(d->plan.initiator, sizeof(d->plan.initiator), "%s", value);
	else if (!strncmp(option, "username=", 9))
		snprintf(d->plan.chap.username, sizeof(d->plan.chap.username), "%s", value);
	else if (!strncmp(option, "password=", 9))
		take_secret(&d->plan.chap.password, value);
	else if (!strncmp(option, "username_in=", 12))
		snprintf(d->plan.chap.username_in, sizeof(d->plan.chap.username_in), "%s", value);
	else if (!strncmp(option, "password_in=", 12))
		take_secret(&d->plan.chap.password_in, value);
	else if (!strncmp(option, "chap_algs=", 10))
		take_algorithms(&d->plan.chap, value);
	else if (!strncmp(option, "timeout=", 8))
		d->timeout_ms = atoi(value);
	else if (!strncmp(option, "naa=", 4))
		take_naa(d, value);
	else if (!strncmp(option, "lun=", 4))
		d->unit.lun = (uint64_t)atoi(value);
	else if (!strncmp(option, "sectors=", 8))
		d->unit.sectors = (uint64_t)atoi(value);
	else if (!strncmp(option, "first=", 6))
		d->first = value[0] == '1';
	else if (!strncmp(option, "logout=", 7))
		d->logout = value[0] == '1';
	else
		take_param(d, option, length, value);
}

int main(int argc, char **argv)
{
	struct driver *d = calloc(1, sizeof(*d));
	int before = open_descriptors(), i = 1;

	params_default(&d->plan.params);
	snprintf(d->plan.initiator, sizeof(d->plan.initiator), "iqn.2026-01.test.driver:i");
	d->timeout_ms = 5000;
	d->unit.block_bytes = 512;
	d->unit.writable = true;
	d->fd = -1;
	for (; i < argc && strchr(argv[i], '='); i++)
		take_option(d, argv[i]);
	if (argc - i != 2)
		return 2;
	snprintf(d->plan.portal.host, sizeof(d->plan.portal.host), "%s", argv[i]);
	d->plan.portal.port = (uint16_t)atoi(argv[i + 1]);
	route_init(&d->route, &d->plan.portal, d->plan.listed, d->plan.listed_count);
	d->plan.params.value[PARAM_LOGIN_TIMEOUT] = (d->timeout_ms + 999) / 1000;
	if (d->proves)
		prove(d);
	else if (d->plan.name[0])
		log_in(d);
	else
		discover(d);
	free(d);
	return open_descriptors() == before ? 0 : 1;
}
