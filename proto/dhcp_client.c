/* dhcp_client.c - the DHCPv4 client's state machine (RFC 2131 4.4, figure 5).
 *
 * One table says what each state does with each event; a pair that is not in it changes nothing. dhcp.c writes and reads
 * the messages. Time and randomness come with each event.
 */
/* SPDX-License-Identifier: MIT */
#include "proto/dhcp.h"

#include "proto/bytes.h"
#include "proto/dhcp_signal.h"
#include "proto/wipe.h"

/* RFC 2131 4.1 waits 4 s before the first repetition and 64 s at most. That was made for 10 Mbit/s networks on which many
 * machines start at once; here it would cost a boot 4 s for one lost packet. We begin at 1 s and double up to 4 s, each
 * time varied by up to a half in both directions: with 16 s ten thousand machines whose server is busy for 10 s wait for 30
 * (test/sim). Who is refused again and again waits longer. */
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   4000
#define QUARREL_MAX_MS 16000

#define REQUEST_SENDS   4     /* then the offer is given up; RFC 2131 3.1.5 */
#define REBOOT_SENDS    2     /* a server that does not know us stays silent: 3 s are enough to find out */
#define BETTER_OFFER_MS 500   /* how long an offer without root path waits for one with it */
#define DECLINE_WAIT_MS 10000 /* RFC 2131 3.1.5 */
#define RENEW_RETRY_MS  60000 /* RFC 2131 4.4.5: not more often than that, on long leases */
#define RENEW_RETRIES   20    /* on short leases: not more often than this fraction of the lease */
#define BROADCAST       0xffffffffu

enum { ON_OFFER = ON_MESSAGE, ON_ACK, ON_NAK, SIGNALS };

/* One step: what came in, where output goes. */
struct step {
	int64_t now_ms;
	uint32_t random;
	const struct dhcp_lease *heard; /* with OFFER, ACK, NAK */
	struct dhcp_output *output;
};

bool dhcp_has_lease(const struct dhcp *dhcp)
{
	return dhcp->lease.address != 0;
}

/* Sending */

static uint16_t seconds_since(int64_t start_ms, int64_t now_ms)
{
	int64_t seconds = (now_ms - start_ms) / 1000;

	return seconds > UINT16_MAX ? UINT16_MAX : (uint16_t)seconds;
}

/* RFC 2131 table 5 and 4.3.6: which addresses a message carries in each state, and where it is sent. */
static unsigned send_message(struct dhcp *dhcp, const struct step *step, enum dhcp_message type)
{
	struct dhcp_request request = {
		.type = type, .xid = dhcp->xid, .seconds = seconds_since(dhcp->started_ms, step->now_ms)};
	struct dhcp_output *output = step->output;
	bool has_lease = dhcp_has_lease(dhcp);

	output->raw = !has_lease;
	output->source = dhcp->lease.address;
	output->destination = BROADCAST;
	if (type == DHCP_DECLINE) {
		request.requested = dhcp->lease.address;
		request.server = dhcp->lease.server;
		output->raw = true;
		output->source = 0;
	} else if (type == DHCP_RELEASE) {
		request.client = dhcp->lease.address;
		request.server = dhcp->lease.server;
		output->destination = dhcp->lease.server;
	} else if (type == DHCP_DISCOVER) {
		request.requested = dhcp->config.only_address; /* RFC 2131 4.4.1: a suggestion */
	} else if (dhcp->state == DHCP_REQUESTING) {
		request.requested = dhcp->offer.address;
		request.server = dhcp->offer.server;
	} else if (dhcp->state == DHCP_REBOOTING) {
		request.requested = has_lease ? dhcp->lease.address : dhcp->config.requested_address;
	} else if (dhcp->state == DHCP_RENEWING) {
		request.client = dhcp->lease.address;
		output->destination = dhcp->lease.server;
	} else if (dhcp->state == DHCP_REBINDING) {
		request.client = dhcp->lease.address;
	}
	output->length = dhcp_build(&dhcp->config, &request, output->bytes);
	return DHCP_SEND;
}

static int64_t retry_delay(unsigned attempt, int64_t longest_ms, uint32_t random)
{
	int64_t delay = attempt > 4 || RETRY_FIRST_MS << attempt > longest_ms ? longest_ms : RETRY_FIRST_MS << attempt;

	return delay / 2 + (int64_t)(random % (uint32_t)(delay + 1));
}

/* Sends DISCOVER or REQUEST, and sets the time to repeat it. */
static unsigned send_again(struct dhcp *dhcp, const struct step *step)
{
	if (!dhcp->attempt)
		dhcp->sent_ms = step->now_ms;
	dhcp->deadline_ms = step->now_ms + retry_delay(dhcp->attempt++, RETRY_MAX_MS, step->random);
	return send_message(dhcp, step, dhcp->state == DHCP_SELECTING ? DHCP_DISCOVER : DHCP_REQUEST);
}

static unsigned enter(struct dhcp *dhcp, const struct step *step, enum dhcp_state state)
{
	dhcp->state = state;
	dhcp->attempt = 0;
	return send_again(dhcp, step);
}

/* Without a lease */

static void forget_offer(struct dhcp *dhcp)
{
	memset(&dhcp->offer, 0, sizeof(dhcp->offer));
}

static unsigned forget_lease(struct dhcp *dhcp)
{
	unsigned lost = dhcp_has_lease(dhcp) ? DHCP_LOST : DHCP_NOTHING;

	memset(&dhcp->lease, 0, sizeof(dhcp->lease));
	forget_offer(dhcp);
	dhcp->expiry_ms = DHCP_NEVER;
	dhcp->config.requested_address = 0; /* it has been tried */
	return lost;
}

static unsigned begin(struct dhcp *dhcp, const struct step *step)
{
	dhcp->xid = step->random;
	dhcp->started_ms = step->now_ms;
	forget_offer(dhcp);
	return enter(dhcp, step, dhcp->config.requested_address ? DHCP_REBOOTING : DHCP_SELECTING);
}

/* Back to INIT, to begin again `wait_ms` later. */
static unsigned begin_later(struct dhcp *dhcp, const struct step *step, int64_t wait_ms)
{
	unsigned lost = forget_lease(dhcp);

	if (wait_ms <= 0)
		return lost | begin(dhcp, step);
	dhcp->state = DHCP_INIT;
	dhcp->deadline_ms = step->now_ms + wait_ms;
	return lost;
}

static unsigned wait_for_link(struct dhcp *dhcp, const struct step *step)
{
	(void)step;
	dhcp->state = DHCP_INIT;
	dhcp->deadline_ms = DHCP_NEVER;
	return DHCP_NOTHING;
}

static unsigned resume(struct dhcp *dhcp, const struct step *step)
{
	return dhcp->deadline_ms == DHCP_NEVER ? begin(dhcp, step) : DHCP_NOTHING;
}

static unsigned request_or_repeat_discover(struct dhcp *dhcp, const struct step *step)
{
	if (dhcp->offer.address)
		return enter(dhcp, step, DHCP_REQUESTING);
	return send_again(dhcp, step);
}

/* The first offer is taken at once. If a root path is wanted and the offer has none, a better one is awaited briefly. */
static unsigned weigh_offer(struct dhcp *dhcp, const struct step *step)
{
	bool best = !dhcp->config.want_root_path || step->heard->root_path[0];

	if (dhcp->config.only_address && step->heard->address != dhcp->config.only_address) {
		dhcp->reason = "the server offers another address than the one in use";
		return DHCP_NOTHING;
	}
	if (best || !dhcp->offer.address)
		dhcp->offer = *step->heard;
	else
		return DHCP_NOTHING;
	if (best)
		return enter(dhcp, step, DHCP_REQUESTING);
	dhcp->deadline_ms = step->now_ms + BETTER_OFFER_MS;
	return DHCP_NOTHING;
}

static unsigned repeat_request(struct dhcp *dhcp, const struct step *step)
{
	if (dhcp->attempt < REQUEST_SENDS)
		return send_again(dhcp, step);
	dhcp->reason = "the server made an offer, but does not answer the request for it";
	return begin_later(dhcp, step, 0);
}

/* With a lease */

static int64_t later(int64_t start_ms, uint32_t seconds)
{
	return start_ms + (int64_t)(seconds ? seconds : 1) * 1000;
}

static unsigned keep_lease(struct dhcp *dhcp, const struct step *step)
{
	bool infinite = dhcp->lease.lease_s == DHCP_INFINITE;

	(void)step;
	dhcp->state = DHCP_IS_BOUND;
	dhcp->t1_ms = infinite ? DHCP_NEVER : later(dhcp->sent_ms, dhcp->lease.t1_s);
	dhcp->t2_ms = infinite ? DHCP_NEVER : later(dhcp->sent_ms, dhcp->lease.t2_s);
	dhcp->expiry_ms = infinite ? DHCP_NEVER : later(dhcp->sent_ms, dhcp->lease.lease_s);
	dhcp->deadline_ms = dhcp->t1_ms;
	dhcp->restarts = 0;
	return DHCP_BOUND;
}

/* Why an ACK is not the answer to what was asked; NULL: it is. Another server may extend a lease only when all servers
 * were asked (RFC 2131 4.4.5). */
static const char *check_ack(const struct dhcp *dhcp, const struct dhcp_lease *ack)
{
	uint32_t address = dhcp_has_lease(dhcp) ? dhcp->lease.address : dhcp->config.requested_address;

	if (dhcp->state == DHCP_REQUESTING)
		address = dhcp->offer.address;
	if (ack->address != address)
		return "the server acknowledges another address than was asked for";
	if ((dhcp->state == DHCP_REQUESTING && ack->server != dhcp->offer.server) ||
	    (dhcp->state == DHCP_RENEWING && ack->server != dhcp->lease.server))
		return "the server identifier changed between offer and acknowledgement";
	return NULL;
}

static unsigned accept_ack(struct dhcp *dhcp, const struct step *step)
{
	dhcp->reason = check_ack(dhcp, step->heard);
	if (dhcp->reason)
		return DHCP_NOTHING;
	dhcp->lease = *step->heard;
	forget_offer(dhcp);
	return keep_lease(dhcp, step);
}

/* After the first refusal we start again at once: a machine that has moved to another network gets one. A server that
 * keeps offering and refusing is asked less and less often. */
static unsigned accept_nak(struct dhcp *dhcp, const struct step *step)
{
	uint32_t server = step->heard->server;
	unsigned refusals = dhcp->restarts;

	if ((dhcp->state == DHCP_REQUESTING && server != dhcp->offer.server) ||
	    (dhcp->state == DHCP_RENEWING && server != dhcp->lease.server)) {
		dhcp->reason = "another server than the one asked refuses";
		return DHCP_NOTHING;
	}
	dhcp->restarts++;
	dhcp->reason = "the server refuses the address (NAK)";
	return begin_later(dhcp, step, refusals ? retry_delay(refusals - 1, QUARREL_MAX_MS, step->random) : 0);
}

static unsigned decline(struct dhcp *dhcp, const struct step *step)
{
	unsigned did = DHCP_NOTHING;

	if (!dhcp_has_lease(dhcp))
		return did;
	dhcp->xid = step->random;
	dhcp->reason = "another station has the address";
	did = send_message(dhcp, step, DHCP_DECLINE);
	return did | begin_later(dhcp, step, DECLINE_WAIT_MS + step->random % 1000);
}

/* After half the time that is left, but not too often (RFC 2131 4.4.5). */
static unsigned send_renewal(struct dhcp *dhcp, const struct step *step)
{
	int64_t end = dhcp->state == DHCP_RENEWING ? dhcp->t2_ms : dhcp->expiry_ms;
	int64_t wait = (end - step->now_ms) / 2;
	int64_t least = (int64_t)dhcp->lease.lease_s * 1000 / RENEW_RETRIES;

	if (least > RENEW_RETRY_MS)
		least = RENEW_RETRY_MS;
	if (wait < least)
		wait = least;
	if (wait < RETRY_FIRST_MS)
		wait = RETRY_FIRST_MS;
	dhcp->sent_ms = step->now_ms;
	dhcp->deadline_ms = wait < end - step->now_ms ? step->now_ms + wait : end;
	return send_message(dhcp, step, DHCP_REQUEST);
}

static unsigned renew(struct dhcp *dhcp, const struct step *step)
{
	if (dhcp->state == DHCP_IS_BOUND) {
		dhcp->xid = step->random;
		dhcp->started_ms = step->now_ms;
	}
	dhcp->state = step->now_ms < dhcp->t2_ms ? DHCP_RENEWING : DHCP_REBINDING;
	return send_renewal(dhcp, step);
}

/* RFC 2131 3.7, 4.4.2: after the link came back, asks whether the address is still right on this network. */
static unsigned verify(struct dhcp *dhcp, const struct step *step)
{
	dhcp->xid = step->random;
	dhcp->started_ms = step->now_ms;
	return enter(dhcp, step, DHCP_REBOOTING);
}

/* A lease that is held stays valid until it ends, even when no server answers. Without one, starts from scratch. */
static unsigned repeat_reboot(struct dhcp *dhcp, const struct step *step)
{
	if (dhcp->attempt < REBOOT_SENDS)
		return send_again(dhcp, step);
	dhcp->reason = "no server answers for the known address";
	if (!dhcp_has_lease(dhcp))
		return begin_later(dhcp, step, 0);
	dhcp->state = DHCP_IS_BOUND;
	dhcp->deadline_ms = dhcp->t1_ms;
	return DHCP_NOTHING;
}

static unsigned expire(struct dhcp *dhcp, const struct step *step)
{
	dhcp->reason = "the lease has run out";
	return begin_later(dhcp, step, 0);
}

static unsigned wait_unless_leased(struct dhcp *dhcp, const struct step *step)
{
	return dhcp_has_lease(dhcp) ? DHCP_NOTHING : wait_for_link(dhcp, step);
}

/* The machine */

static const struct row {
	const char *name;
	const char *waiting;
	unsigned (*on[SIGNALS])(struct dhcp *dhcp, const struct step *step);
} machine[DHCP_STATES] = {
	[DHCP_STOPPED] = {"STOPPED", "nothing", {NULL}},
	[DHCP_INIT] = {"INIT",
		       "the time to ask for an address",
		       {[ON_TIMER] = begin, [ON_LINK_DOWN] = wait_for_link, [ON_LINK_UP] = resume}},
	[DHCP_SELECTING] =
		{"SELECTING",
		 "an offer from a DHCP server",
		 {[ON_TIMER] = request_or_repeat_discover, [ON_OFFER] = weigh_offer, [ON_LINK_DOWN] = wait_for_link}},
	[DHCP_REQUESTING] = {"REQUESTING",
			     "the DHCP server to acknowledge the address it offered",
			     {[ON_TIMER] = repeat_request,
			      [ON_ACK] = accept_ack,
			      [ON_NAK] = accept_nak,
			      [ON_LINK_DOWN] = wait_for_link}},
	[DHCP_REBOOTING] = {"REBOOTING",
			    "a DHCP server to confirm the known address",
			    {[ON_TIMER] = repeat_reboot,
			     [ON_EXPIRY] = expire,
			     [ON_ACK] = accept_ack,
			     [ON_NAK] = accept_nak,
			     [ON_CONFLICT] = decline,
			     [ON_LINK_DOWN] = wait_unless_leased,
			     [ON_LINK_UP] = verify}},
	[DHCP_IS_BOUND] = {"BOUND",
			   "the time to renew the lease",
			   {[ON_TIMER] = renew, [ON_EXPIRY] = expire, [ON_CONFLICT] = decline, [ON_LINK_UP] = verify}},
	[DHCP_RENEWING] = {"RENEWING",
			   "the DHCP server to renew the lease",
			   {[ON_TIMER] = renew,
			    [ON_EXPIRY] = expire,
			    [ON_ACK] = accept_ack,
			    [ON_NAK] = accept_nak,
			    [ON_CONFLICT] = decline,
			    [ON_LINK_UP] = verify}},
	[DHCP_REBINDING] = {"REBINDING",
			    "any DHCP server to extend the lease",
			    {[ON_TIMER] = renew,
			     [ON_EXPIRY] = expire,
			     [ON_ACK] = accept_ack,
			     [ON_NAK] = accept_nak,
			     [ON_CONFLICT] = decline,
			     [ON_LINK_UP] = verify}},
};

static unsigned run(struct dhcp *dhcp, const struct step *step, unsigned signal)
{
	if (machine[dhcp->state].on[signal])
		return machine[dhcp->state].on[signal](dhcp, step);
	if (signal >= ON_MESSAGE)
		dhcp->reason = "nobody asked for this message now";
	return DHCP_NOTHING;
}

static unsigned run_packet(struct dhcp *dhcp, struct step step, const struct dhcp_input *input)
{
	struct dhcp_lease heard;
	unsigned did = DHCP_NOTHING;
	int type = dhcp_parse(&dhcp->config, dhcp->xid, input->bytes, input->length, &heard, &dhcp->reason);

	step.heard = &heard;
	if (type == DHCP_OFFER)
		did = run(dhcp, &step, ON_OFFER);
	else if (type == DHCP_ACK)
		did = run(dhcp, &step, ON_ACK);
	else if (type == DHCP_NAK)
		did = run(dhcp, &step, ON_NAK);
	explicit_bzero(&heard, sizeof(heard));
	return did;
}

unsigned dhcp_step(struct dhcp *dhcp, const struct dhcp_input *input, struct dhcp_output *output)
{
	struct step step = {.now_ms = input->now_ms, .random = input->random, .output = output};
	enum dhcp_signal signal = dhcp_signal_of(input, dhcp->deadline_ms, dhcp->expiry_ms);

	output->length = 0;
	dhcp->reason = NULL;
	if (dhcp->state == DHCP_STOPPED)
		return DHCP_NOTHING;
	return signal == ON_MESSAGE ? run_packet(dhcp, step, input) : run(dhcp, &step, signal);
}

void dhcp_start(struct dhcp *dhcp, const struct dhcp_config *config, int64_t now_ms)
{
	*dhcp = (struct dhcp){.config = *config, .state = DHCP_INIT, .deadline_ms = now_ms, .expiry_ms = DHCP_NEVER};
}

bool dhcp_release(struct dhcp *dhcp, uint32_t random, struct dhcp_output *output)
{
	struct step step = {.now_ms = dhcp->started_ms, .random = random, .output = output};
	bool has_lease = dhcp_has_lease(dhcp);

	dhcp->xid = random;
	output->length = 0;
	if (has_lease)
		(void)send_message(dhcp, &step, DHCP_RELEASE);
	(void)forget_lease(dhcp);
	dhcp->state = DHCP_STOPPED;
	return has_lease;
}

int64_t dhcp_deadline(const struct dhcp *dhcp)
{
	return dhcp->state == DHCP_STOPPED ? DHCP_NEVER : dhcp_next_ms(dhcp->deadline_ms, dhcp->expiry_ms);
}

const char *dhcp_reason(const struct dhcp *dhcp)
{
	return dhcp->reason;
}

const char *dhcp_waiting(const struct dhcp *dhcp)
{
	if (dhcp->state == DHCP_INIT && dhcp->deadline_ms == DHCP_NEVER)
		return "the link to come up";
	return machine[dhcp->state].waiting;
}

const char *dhcp_state_name(const struct dhcp *dhcp)
{
	return machine[dhcp->state].name;
}

void dhcp_keep_address(struct dhcp *dhcp)
{
	if (dhcp_has_lease(dhcp))
		dhcp->config.only_address = dhcp->lease.address;
}

void dhcp_wipe_root_path(char path[DHCP_ROOT_PATH_MAX])
{
	if (!strncmp(path, "iscsi:", 6) && strchr(path, '@'))
		wipe(path, DHCP_ROOT_PATH_MAX);
}

static void wipe_lease(struct dhcp_lease *lease)
{
	dhcp_wipe_root_path(lease->root_path);
	wipe(lease->chap_secret, sizeof(lease->chap_secret));
	wipe(lease->chap_in_secret, sizeof(lease->chap_in_secret));
}

void dhcp_wipe_secrets(struct dhcp *dhcp)
{
	wipe_lease(&dhcp->lease);
	wipe_lease(&dhcp->offer);
}
