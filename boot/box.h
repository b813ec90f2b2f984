/* box.h - the last screen of a boot that failed: why, what to do, and what comes next.
 *
 * The kernel's panic would scroll the reason off the screen. Owns the drawing and the wait for a key or for the end of a
 * countdown; what is done then is main's. Plain ASCII, no terminal's control sequences: it is also read in logs of serial
 * consoles.
 */
/* SPDX-License-Identifier: MIT */
#ifndef BOOT_BOX_H
#define BOOT_BOX_H

#include <stdbool.h>
#include <stddef.h>

#define BOX_BYTES_MAX 4096

enum box_answer { BOX_OVER, BOX_REBOOT, BOX_SHELL };

struct box {
	const char *reason;    /* the verdict; a code in brackets is shown by itself, too */
	const char *hint;      /* what to do; NULL: nothing is known */
	const char *initiator; /* our name, which targets know us by; "": not known yet */
	const char *end;       /* "reboot", "power off": what comes after `seconds` */
	int seconds;           /* -1: never */
	bool has_shell;        /* offer one */
};

/* Draws the box, without the countdown, at most size bytes. Returns out. */
const char *box_draw(const struct box *box, char *out, size_t size);

/* Shows the box on the console and waits for the time to pass or for a key. BOX_OVER: the time has passed. Without a console
   that can be read it waits for the time alone. */
enum box_answer box_show(const struct box *box);

/* What a code of a failed login asks for, by the code in the text ("... [L0203]", "... [L0203]; ..."); NULL: no such code. */
const char *box_hint(const char *reason);

#endif
