/* prover.h - carries the proof that a lost session's units are still the same (session/unit_proof): a normal session of our
 * own, over a TCP socket that the loop drives, beside the kernel's.
 *
 * The kernel's session is logged in, but not started: what it holds is held until the verdict. The prover uses an ISID of its
 * own (RFC 7143 11.12.5: the same name with another ISID is another session), so that neither ends the other. It connects
 * and logs in while the kernel's session does, and asks when told to. A target that allows one session only is asked with
 * the kernel session's own ISID before that one logs in; then the prover leaves first, and waits until it is gone.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_PROVER_H
#define SESSION_PROVER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "plan/plan.h"
#include "session/attempt.h"
#include "session/unit_proof.h"
#include "session/wire.h"

enum prover_state { PROVER_IDLE, PROVER_LOGIN, PROVER_ASKING, PROVER_LEAVING, PROVER_DONE };

struct prover {
	enum prover_state state;
	enum unit_verdict verdict;
	bool may_ask, leaves_first;
	char text[320]; /* why the verdict is not UNIT_SAME: one clause */
	uint8_t isid[6];
	const struct unit *units;
	int unit_count;
	uint32_t max_cmd_sn;
	int64_t answer_ms; /* when it has to have its answers */
	struct params offer;
	struct attempt attempt;
	struct wire wire;
	struct unit_proof proof;
};

/* What a prover is started with. */
struct prover_order {
	const struct target_plan *plan;
	const struct portal *portal;            /* where it goes */
	const struct sockaddr_storage *address; /* of the portal; NULL: it is looked up */
	const struct resolve *names;            /* what is known of names: no file of root may be read for them */
	const struct login_lessons *lessons;
	uint32_t random;     /* any number */
	int64_t patience_ms; /* how long the kernel's session waits for its login; 0: it does not yet */
	const uint8_t *isid; /* 6 bytes */
	const struct unit *units;
	int unit_count;
	bool leaves_first;
};

/* Once, before anything else. */
void prover_init(struct prover *prover);

/* Begins; what order points to must stay, but for itself and the address. An earlier run is stopped. */
void prover_start(struct prover *prover, const struct prover_order *order, int64_t now_ms);

/* The questions may be asked now. The verdict, or UNIT_PENDING. */
enum unit_verdict prover_ask(struct prover *prover, int64_t now_ms);

/* When prover_pollfds has something. The verdict; UNIT_BROKEN also when it cannot connect or log in. */
enum unit_verdict prover_step(struct prover *prover, int64_t now_ms);
int prover_pollfds(const struct prover *prover, struct pollfd *out, int max);

/* When prover_late is to be called; INT64_MAX: not now. Where nothing answers it goes on connecting for a long time: others may
   be before it, and the kernel's session has had its turn already. */
int64_t prover_deadline(const struct prover *prover);

/* The deadline has passed. The verdict; UNIT_BROKEN: what it was waiting for is the verdict's text. */
enum unit_verdict prover_late(struct prover *prover, int64_t now_ms);

/* Logs out if it is logged in, without waiting for the answer, closes the socket and wipes what is secret. */
void prover_stop(struct prover *prover);

#endif
