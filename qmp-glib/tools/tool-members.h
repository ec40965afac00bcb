/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* Members of objects by dotted keys, with regard to the variants that other arguments choose. No I/O.
 *
 * given: the arguments that are there already, as words: "key=value", "key==text", "key:=literal". */

G_BEGIN_DECLS

/* What was given for a dotted key, without quotes around it; NULL if it was not. */
char            *tool_members_dup_given (const char * const  *given,
                                         const char          *key);
/* The type itself if it is an object, or the object among its alternatives; else NULL. */
QmpSchemaType   *tool_members_as_object (QmpSchemaType       *type);
/* The object that the last part of a dotted key is in; NULL if there is none. */
QmpSchemaType   *tool_members_find_owner (QmpSchemaType      *type,
                                         const char          *dotted,
                                         const char * const  *given);
/* The member that a dotted key leads to; NULL if there is none. */
QmpSchemaMember *tool_members_find      (QmpSchemaType       *type,
                                         const char          *dotted,
                                         const char * const  *given);
/* What is added to the members of an object by the tag that was given; NULL if none was, or there is none. prefix:
 * the dotted way to the object, with the last dot. */
QmpSchemaType   *tool_members_find_variant (QmpSchemaType    *object,
                                         const char          *prefix,
                                         const char * const  *given);

G_END_DECLS
