/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that do what `layer apply` must not do: a watch that sees nothing would call them good.
 */
#ifndef LIGHTER_FUZZ_SABOTAGE_H
#define LIGHTER_FUZZ_SABOTAGE_H

#include "input.h"

/* Checks that each of them is found out. */
void sabotage_is_noticed(const struct corpus *corpus);

#endif
