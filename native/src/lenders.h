/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a live monitor that lends the shared namespaces. */
#ifndef LIGHTER_LENDERS_H
#define LIGHTER_LENDERS_H

#include <stdbool.h>

#include "fail.h"
#include "identity.h"
#include "plan.h"

/* Opens the shared network namespace and the uplink's exit pipe of a live lender: one that is
 * listed in the runtime directory or, with `thorough` (the directory may have been wiped), one that
 * a container's state names. Entries of dead lenders are removed on the way. Returns 1 when found,
 * else 0. */
int lenders_borrow(const struct plan *plan, bool thorough, int *ret_netns, int *ret_uplink);

/* Calls visit for every other live monitor until it returns true. Returns whether it did. */
bool lenders_visit(const struct plan *plan,
	bool (*visit)(const struct identity *monitor, void *data), void *data);

/* Lists the caller, which holds what it lends. */
int lenders_add(const struct plan *plan, struct failure *out);

void lenders_remove(const struct plan *plan);

#endif
