/* dhcp6_client.c - the DHCPv6 client's state machine (RFC 8415 18.2).
 *
 * One table says what each state sends, how often, and what it does with each event; a pair that is not in it changes
 * nothing. Messages are made and read by dhcp6.c. Time and randomness come with each event.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/dhcp6.h"

#include <string.h>

#include "proto/bytes.h"
#include "proto/dhcp_signal.h"

#define BETTER_OFFER_MS 500   /* how long an ADVERTISE without boot file URL waits for one with it */
#define BEST_PREFERENCE 255   /* RFC 8415 18.2.1: nobody is better */
#define CONFIRM_MAX_MS  10000 /* CNF_MAX_RD, RFC 8415 7.6 */
#define RESTART_MAX_MS  16000

enum { ON_ADVERTISE = ON_MESSAGE, ON_REPLY, SIGNALS };

struct step {
	int64_t now_ms;
	uint32_t random;
	const struct dhcp6_lease *heard; /* with ADVERTISE and REPLY */
	struct dhcp_output *output;
};

/* What a state sends, 0: nothing; IRT, MRT and MRC (0: no end) of RFC 8415 15. */
struct retry {
	enum dhcp6_message message;
	int32_t first_ms, max_ms;
	unsigned sends;
};

struct row {
	const char *name;
	const char *waiting;
	struct retry retry;
	unsigned (*on[SIGNALS])(struct dhcp6 *dhcp, const struct step *step);
};

static const struct row machine[DHCP6_STATES];

bool dhcp6_has_lease(const struct dhcp6 *dhcp)
{
	return dhcp->lease.server_length != 0;
}

/* Sending */

static uint16_t elapsed_since(int64_t start_ms, int64_t now_ms)
{
	int64_t hundredths = (now_ms - start_ms) / 10;

	return hundredths > UINT16_MAX ? UINT16_MAX : (uint16_t)hundredths;
}

static unsigned send_message(struct dhcp6 *dhcp, const struct step *step, enum dhcp6_message type,
			     const struct dhcp6_lease *about)
{
	step->output->length = dhcp6_build(&dhcp->config, type, dhcp->xid,
					   elapsed_since(dhcp->started_ms, step->now_ms), about, step->output->bytes);
	return DHCP_SEND;
}

/* RFC 8415 15: each wait is twice the last, varied by up to a tenth; 18.2.1: the first one of SOLICIT is never shorter. */
static int64_t next_timeout(const struct dhcp6 *dhcp, const struct retry *retry, uint32_t random)
{
	int64_t base = dhcp->attempt ? dhcp->timeout_ms : retry->first_ms;
	int64_t tenth = (int64_t)(random % 2001) - 1000; /* of 10000 */

	if (!dhcp->attempt && retry->message == DHCP6_SOLICIT && tenth < 0)
		tenth = -tenth;
	if (!dhcp->attempt)
		return base + base * tenth / 10000;
	if (2 * base + base * tenth / 10000 > retry->max_ms)
		return retry->max_ms + retry->max_ms * tenth / 10000;
	return 2 * base + base * tenth / 10000;
}

static unsigned send_again(struct dhcp6 *dhcp, const struct step *step)
{
	const struct retry *retry = &machine[dhcp->state].retry;
	bool about_offer = dhcp->state == DHCP6_REQUESTING || dhcp->state == DHCP6_DECLINING;

	dhcp->timeout_ms = next_timeout(dhcp, retry, step->random);
	dhcp->attempt++;
	dhcp->sent_ms = step->now_ms;
	dhcp->deadline_ms = step->now_ms + dhcp->timeout_ms;
	return send_message(dhcp, step, retry->message, about_offer ? &dhcp->offer : &dhcp->lease);
}

static unsigned enter(struct dhcp6 *dhcp, const struct step *step, enum dhcp6_state state)
{
	dhcp->state = state;
	dhcp->attempt = 0;
	dhcp->xid = step->random & 0xffffff;
	dhcp->started_ms = step->now_ms;
	return send_again(dhcp, step);
}

/* Without a lease */

static unsigned begin(struct dhcp6 *dhcp, const struct step *step)
{
	memset(&dhcp->offer, 0, sizeof(dhcp->offer));
	return enter(dhcp, step, dhcp->config.information_only ? DHCP6_INFORMING : DHCP6_SOLICITING);
}

/* The first time at once, then later and later, for servers that offer an address and do not give it. */
static unsigned restart(struct dhcp6 *dhcp, const struct step *step)
{
	unsigned lost = dhcp6_has_lease(dhcp) ? DHCP_LOST : DHCP_NOTHING;
	unsigned before = dhcp->restarts++;

	memset(&dhcp->lease, 0, sizeof(dhcp->lease));
	dhcp->expiry_ms = DHCP_NEVER;
	if (!before)
		return lost | begin(dhcp, step);
	dhcp->state = DHCP6_INIT;
	dhcp->deadline_ms = step->now_ms + (before > 4 ? RESTART_MAX_MS : 1000 << (before - 1)) + step->random % 250;
	return lost;
}

static unsigned wait_for_link(struct dhcp6 *dhcp, const struct step *step)
{
	(void)step;
	if (dhcp6_has_lease(dhcp))
		return DHCP_NOTHING;
	dhcp->state = DHCP6_INIT;
	dhcp->deadline_ms = DHCP_NEVER;
	return DHCP_NOTHING;
}

static unsigned resume(struct dhcp6 *dhcp, const struct step *step)
{
	return dhcp->deadline_ms == DHCP_NEVER ? begin(dhcp, step) : DHCP_NOTHING;
}

static unsigned repeat(struct dhcp6 *dhcp, const struct step *step)
{
	unsigned sends = machine[dhcp->state].retry.sends;

	if (!sends || dhcp->attempt < sends)
		return send_again(dhcp, step);
	dhcp->reason = "the server does not answer";
	return dhcp6_has_lease(dhcp) ? enter(dhcp, step, DHCP6_REBINDING) : restart(dhcp, step);
}

static const char *status_text(uint16_t status)
{
	switch (status) {
	case DHCP6_NO_ADDRS_AVAIL:
		return "the server has no address to give (NoAddrsAvail)";
	case DHCP6_NO_BINDING:
		return "the server does not know our address (NoBinding)";
	case DHCP6_NOT_ON_LINK:
		return "the address does not belong on this link (NotOnLink)";
	default:
		return "the server refuses (UnspecFail or another status)";
	}
}

/* Why an answer gives no address that may be used; NULL: it does. */
static const char *check_gift(const struct dhcp6 *dhcp, const struct dhcp6_lease *heard)
{
	if (heard->status)
		return status_text(heard->status);
	if (!heard->has_address)
		return "the answer holds no address";
	if (dhcp->config.keeps_address && memcmp(heard->address, dhcp->config.only_address, 16))
		return "the server offers another address than the one in use";
	return heard->valid_s ? NULL : "the address given has a lifetime of 0 s";
}

static unsigned request_or_repeat_solicit(struct dhcp6 *dhcp, const struct step *step)
{
	if (dhcp->offer.server_length)
		return enter(dhcp, step, DHCP6_REQUESTING);
	return send_again(dhcp, step);
}

/* RFC 8415 18.2.1 makes every client wait for a second in case a better server answers. A boot should not wait for that:
 * the first server that has what we want is taken. Where a boot file URL is wanted and missing, the best server of a short
 * while is taken. */
static unsigned weigh_advertise(struct dhcp6 *dhcp, const struct step *step)
{
	const struct dhcp6_lease *heard = step->heard;
	bool first = !dhcp->offer.server_length;

	dhcp->reason = check_gift(dhcp, heard);
	if (dhcp->reason)
		return DHCP_NOTHING;
	if (!dhcp->config.want_boot_url || heard->boot_url[0] || heard->preference == BEST_PREFERENCE) {
		dhcp->offer = *heard;
		return enter(dhcp, step, DHCP6_REQUESTING);
	}
	if (first || heard->preference > dhcp->offer.preference)
		dhcp->offer = *heard;
	if (first)
		dhcp->deadline_ms = step->now_ms + BETTER_OFFER_MS;
	return DHCP_NOTHING;
}

/* With a lease */

static int64_t later(int64_t start_ms, uint32_t seconds)
{
	if (seconds == DHCP_INFINITE)
		return DHCP_NEVER;
	return start_ms + (int64_t)(seconds ? seconds : 1) * 1000;
}

static unsigned keep_lease(struct dhcp6 *dhcp, const struct step *step, int64_t since_ms)
{
	dhcp->lease = *step->heard;
	memset(&dhcp->offer, 0, sizeof(dhcp->offer));
	dhcp->state = DHCP6_IS_BOUND;
	dhcp->restarts = 0;
	dhcp->t1_ms = later(since_ms, dhcp->lease.t1_s);
	dhcp->t2_ms = later(since_ms, dhcp->lease.t2_s);
	dhcp->expiry_ms = later(since_ms, dhcp->lease.valid_s);
	if (dhcp->config.information_only)
		dhcp->t1_ms = dhcp->t2_ms = dhcp->expiry_ms = DHCP_NEVER;
	dhcp->deadline_ms = dhcp->t1_ms;
	return DHCP_BOUND;
}

static bool is_same_server(const struct dhcp6_lease *a, const struct dhcp6_lease *b)
{
	return a->server_length == b->server_length && !memcmp(a->server, b->server, a->server_length);
}

static const char other_server[] = "the server identifier changed between question and answer";

static unsigned accept_rapid(struct dhcp6 *dhcp, const struct step *step)
{
	if (!step->heard->rapid_commit || dhcp->config.no_rapid_commit) {
		dhcp->reason = "the REPLY to a SOLICIT has no rapid commit option";
		return DHCP_NOTHING;
	}
	dhcp->reason = check_gift(dhcp, step->heard);
	return dhcp->reason ? DHCP_NOTHING : keep_lease(dhcp, step, dhcp->started_ms);
}

static unsigned accept_information(struct dhcp6 *dhcp, const struct step *step)
{
	if (step->heard->status) {
		dhcp->reason = status_text(step->heard->status);
		return DHCP_NOTHING;
	}
	return keep_lease(dhcp, step, step->now_ms);
}

/* RFC 8415 18.2.10.1: a server that cannot help now is asked again; after a refusal we look for another server. */
static unsigned accept_requested(struct dhcp6 *dhcp, const struct step *step)
{
	if (!is_same_server(step->heard, &dhcp->offer)) {
		dhcp->reason = other_server;
		return DHCP_NOTHING;
	}
	dhcp->reason = check_gift(dhcp, step->heard);
	if (!dhcp->reason)
		return keep_lease(dhcp, step, dhcp->started_ms);
	return step->heard->status == DHCP6_UNSPEC_FAIL ? DHCP_NOTHING : restart(dhcp, step);
}

/* RFC 8415 18.2.10.1: a server that has forgotten us is asked again for the same address, which stays in use meanwhile. */
static unsigned accept_renewed(struct dhcp6 *dhcp, const struct step *step)
{
	const struct dhcp6_lease *heard = step->heard;

	if (dhcp->state == DHCP6_RENEWING && !is_same_server(heard, &dhcp->lease)) {
		dhcp->reason = other_server;
		return DHCP_NOTHING;
	}
	dhcp->reason = check_gift(dhcp, heard);
	if (heard->status == DHCP6_NO_BINDING) {
		dhcp->offer = dhcp->lease;
		memcpy(dhcp->offer.server, heard->server, heard->server_length);
		dhcp->offer.server_length = heard->server_length;
		return enter(dhcp, step, DHCP6_REQUESTING);
	}
	if (dhcp->reason && !heard->status && heard->has_address && !memcmp(heard->address, dhcp->lease.address, 16))
		return restart(dhcp, step); /* taken away: lifetime 0 */
	if (dhcp->reason)
		return DHCP_NOTHING;
	if (memcmp(heard->address, dhcp->lease.address, 16)) {
		dhcp->reason = "the server renews another address than ours";
		return DHCP_NOTHING;
	}
	return keep_lease(dhcp, step, dhcp->sent_ms);
}

static unsigned decline(struct dhcp6 *dhcp, const struct step *step)
{
	if (!dhcp6_has_lease(dhcp) || dhcp->config.information_only)
		return DHCP_NOTHING;
	dhcp->offer = dhcp->lease;
	memset(&dhcp->lease, 0, sizeof(dhcp->lease));
	dhcp->expiry_ms = DHCP_NEVER;
	dhcp->reason = "another station has the address";
	return DHCP_LOST | enter(dhcp, step, DHCP6_DECLINING);
}

static unsigned end_decline(struct dhcp6 *dhcp, const struct step *step)
{
	if (is_same_server(step->heard, &dhcp->offer))
		return restart(dhcp, step);
	dhcp->reason = other_server;
	return DHCP_NOTHING;
}

static unsigned renew(struct dhcp6 *dhcp, const struct step *step)
{
	unsigned did;

	if (step->now_ms >= dhcp->t2_ms)
		did = dhcp->state == DHCP6_REBINDING ? send_again(dhcp, step) : enter(dhcp, step, DHCP6_REBINDING);
	else
		did = dhcp->state == DHCP6_RENEWING ? send_again(dhcp, step) : enter(dhcp, step, DHCP6_RENEWING);
	if (dhcp->state == DHCP6_RENEWING && dhcp->deadline_ms > dhcp->t2_ms)
		dhcp->deadline_ms = dhcp->t2_ms;
	return did;
}

/* RFC 8415 18.2.3, 18.2.6: after the link was away. */
static unsigned verify(struct dhcp6 *dhcp, const struct step *step)
{
	return enter(dhcp, step, dhcp->config.information_only ? DHCP6_INFORMING : DHCP6_CONFIRMING);
}

static unsigned end_verify(struct dhcp6 *dhcp)
{
	dhcp->state = DHCP6_IS_BOUND;
	dhcp->deadline_ms = dhcp->t1_ms;
	return DHCP_NOTHING;
}

static unsigned repeat_confirm(struct dhcp6 *dhcp, const struct step *step)
{
	if (step->now_ms - dhcp->started_ms < CONFIRM_MAX_MS)
		return send_again(dhcp, step);
	dhcp->reason = "no server confirms the address; it stays valid until the lease ends";
	return end_verify(dhcp);
}

static unsigned accept_confirmed(struct dhcp6 *dhcp, const struct step *step)
{
	if (!step->heard->status)
		return end_verify(dhcp);
	dhcp->reason = status_text(step->heard->status);
	return step->heard->status == DHCP6_NOT_ON_LINK ? restart(dhcp, step) : DHCP_NOTHING;
}

static unsigned expire(struct dhcp6 *dhcp, const struct step *step)
{
	dhcp->reason = "the lease has run out";
	return restart(dhcp, step);
}

/* The machine. Times and counts are those of RFC 8415 7.6 with two exceptions: SOL_MAX_RT and INF_MAX_RT (an hour) are
 * 30 s, since a machine that waits for its disk has nothing else to do, and REQ_MAX_RC (10, three minutes) is 5. */
static const struct row machine[DHCP6_STATES] = {
	[DHCP6_STOPPED] = {"STOPPED", "nothing", {0}, {NULL}},
	[DHCP6_INIT] = {"INIT",
			"the time to ask for an address",
			{0},
			{[ON_TIMER] = begin, [ON_LINK_DOWN] = wait_for_link, [ON_LINK_UP] = resume}},
	[DHCP6_SOLICITING] = {"SOLICITING",
			      "an ADVERTISE from a DHCPv6 server",
			      {DHCP6_SOLICIT, 1000, 30000, 0},
			      {[ON_TIMER] = request_or_repeat_solicit,
			       [ON_ADVERTISE] = weigh_advertise,
			       [ON_REPLY] = accept_rapid,
			       [ON_LINK_DOWN] = wait_for_link}},
	[DHCP6_REQUESTING] = {"REQUESTING",
			      "the DHCPv6 server to give the address it advertised",
			      {DHCP6_REQUEST, 1000, 30000, 5},
			      {[ON_TIMER] = repeat,
			       [ON_EXPIRY] = expire,
			       [ON_REPLY] = accept_requested,
			       [ON_CONFLICT] = decline,
			       [ON_LINK_DOWN] = wait_for_link}},
	[DHCP6_INFORMING] = {"INFORMING",
			     "a DHCPv6 server's information",
			     {DHCP6_INFORMATION_REQUEST, 1000, 30000, 0},
			     {[ON_TIMER] = repeat, [ON_REPLY] = accept_information, [ON_LINK_DOWN] = wait_for_link}},
	[DHCP6_DECLINING] = {"DECLINING",
			     "the DHCPv6 server to confirm that we declined the address",
			     {DHCP6_DECLINE, 1000, 30000, 4},
			     {[ON_TIMER] = repeat, [ON_REPLY] = end_decline, [ON_LINK_DOWN] = wait_for_link}},
	[DHCP6_CONFIRMING] = {"CONFIRMING",
			      "a DHCPv6 server to confirm the address",
			      {DHCP6_CONFIRM, 1000, 4000, 0},
			      {[ON_TIMER] = repeat_confirm,
			       [ON_EXPIRY] = expire,
			       [ON_REPLY] = accept_confirmed,
			       [ON_CONFLICT] = decline,
			       [ON_LINK_UP] = verify}},
	[DHCP6_IS_BOUND] = {"BOUND",
			    "the time to renew the lease",
			    {0},
			    {[ON_TIMER] = renew, [ON_EXPIRY] = expire, [ON_CONFLICT] = decline, [ON_LINK_UP] = verify}},
	[DHCP6_RENEWING] = {"RENEWING",
			    "the DHCPv6 server to renew the lease",
			    {DHCP6_RENEW, 10000, 600000, 0},
			    {[ON_TIMER] = renew,
			     [ON_EXPIRY] = expire,
			     [ON_REPLY] = accept_renewed,
			     [ON_CONFLICT] = decline,
			     [ON_LINK_UP] = verify}},
	[DHCP6_REBINDING] = {"REBINDING",
			     "any DHCPv6 server to extend the lease",
			     {DHCP6_REBIND, 10000, 600000, 0},
			     {[ON_TIMER] = renew,
			      [ON_EXPIRY] = expire,
			      [ON_REPLY] = accept_renewed,
			      [ON_CONFLICT] = decline,
			      [ON_LINK_UP] = verify}},
};

static unsigned run(struct dhcp6 *dhcp, const struct step *step, unsigned signal)
{
	if (machine[dhcp->state].on[signal])
		return machine[dhcp->state].on[signal](dhcp, step);
	if (signal >= ON_MESSAGE)
		dhcp->reason = "nobody asked for this message now";
	return DHCP_NOTHING;
}

static unsigned run_packet(struct dhcp6 *dhcp, struct step step, const struct dhcp_input *input)
{
	struct dhcp6_lease heard;
	int type = dhcp6_parse(&dhcp->config, dhcp->xid, input->bytes, input->length, &heard, &dhcp->reason);

	step.heard = &heard;
	if (type < 0)
		return DHCP_NOTHING;
	return run(dhcp, &step, type == DHCP6_ADVERTISE ? ON_ADVERTISE : ON_REPLY);
}

unsigned dhcp6_step(struct dhcp6 *dhcp, const struct dhcp_input *input, struct dhcp_output *output)
{
	struct step step = {.now_ms = input->now_ms, .random = input->random, .output = output};
	enum dhcp_signal signal = dhcp_signal_of(input, dhcp->deadline_ms, dhcp->expiry_ms);

	output->length = 0;
	dhcp->reason = NULL;
	if (dhcp->state == DHCP6_STOPPED)
		return DHCP_NOTHING;
	return signal == ON_MESSAGE ? run_packet(dhcp, step, input) : run(dhcp, &step, signal);
}

void dhcp6_start(struct dhcp6 *dhcp, const struct dhcp6_config *config, int64_t now_ms)
{
	*dhcp = (struct dhcp6){.config = *config, .state = DHCP6_INIT, .deadline_ms = now_ms, .expiry_ms = DHCP_NEVER};
}

bool dhcp6_release(struct dhcp6 *dhcp, uint32_t random, struct dhcp_output *output)
{
	struct step step = {.now_ms = dhcp->started_ms, .random = random, .output = output};
	bool has_address = dhcp6_has_lease(dhcp) && !dhcp->config.information_only;

	dhcp->xid = random & 0xffffff;
	output->length = 0;
	if (has_address)
		(void)send_message(dhcp, &step, DHCP6_RELEASE, &dhcp->lease);
	memset(&dhcp->lease, 0, sizeof(dhcp->lease));
	memset(&dhcp->offer, 0, sizeof(dhcp->offer));
	dhcp->state = DHCP6_STOPPED;
	return has_address;
}

int64_t dhcp6_deadline(const struct dhcp6 *dhcp)
{
	return dhcp->state == DHCP6_STOPPED ? DHCP_NEVER : dhcp_next_ms(dhcp->deadline_ms, dhcp->expiry_ms);
}

const char *dhcp6_reason(const struct dhcp6 *dhcp)
{
	return dhcp->reason;
}

const char *dhcp6_waiting(const struct dhcp6 *dhcp)
{
	if (dhcp->state == DHCP6_INIT && dhcp->deadline_ms == DHCP_NEVER)
		return "the link to come up";
	return machine[dhcp->state].waiting;
}

const char *dhcp6_state_name(const struct dhcp6 *dhcp)
{
	return machine[dhcp->state].name;
}

void dhcp6_keep_address(struct dhcp6 *dhcp)
{
	if (!dhcp6_has_lease(dhcp) || dhcp->config.information_only)
		return;
	dhcp->config.keeps_address = true;
	memcpy(dhcp->config.only_address, dhcp->lease.address, sizeof(dhcp->config.only_address));
}

void dhcp6_wipe_secrets(struct dhcp6 *dhcp)
{
	dhcp_wipe_root_path(dhcp->lease.boot_url);
	dhcp_wipe_root_path(dhcp->offer.boot_url);
}
