/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of headers and pax records: right, at the edge, beyond it, and none at all. */
#ifndef LIGHTER_FUZZ_NUMBERS_H
#define LIGHTER_FUZZ_NUMBERS_H

#include "member.h"

/* An integer that something may be unable to hold. */
int64_t draw_integer(struct dice *dice);

/* Decimal digits for a record, or what stands in their place. */
void draw_decimal(struct dice *dice, struct bytes *ret);

/* Overwrites one numeric field of a header, in one of the notations. */
void draw_field(struct dice *dice, struct member *member, enum field_name field);

/* Pax records of any kind, well formed or not. */
void draw_records(struct dice *dice, struct bytes *ret);

/* One extended attribute as a record, of any namespace. */
void draw_attribute(struct dice *dice, struct bytes *ret);

#endif
