/* resident_end.c - where the part of the program ends that the resident process runs.
 *
 * The Makefile links that part first, then this, then what only the boot needs.
 */
#include "resident.h"

void resident_end(void)
{
}
