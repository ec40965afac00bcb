/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-utils.h"

/* Machines: real QEMU, launched, and one ordered log of all that is told. */

G_BEGIN_DECLS

/* QEMU without a machine, which is quick, and more arguments. */
#define test_launcher_new(...) test_launcher_new_for ((const char * const []) { __VA_ARGS__ __VA_OPT__ (,) NULL })
QmpLauncher *test_launcher_new_for      (const char * const *arguments);
/* A small PC: it has a BIOS, and nothing to boot. */
#define test_launcher_new_pc(...) test_launcher_new_pc_for ((const char * const []) { __VA_ARGS__ __VA_OPT__ (,) NULL })
QmpLauncher *test_launcher_new_pc_for   (const char * const *arguments);

/* The async form run to its end in the main loop. */
gboolean     test_launch                (QmpMachine         *vm,
                                         QmpLauncher        *launcher,
                                         GError            **error);
/* Launched without a hitch; the launcher is dropped. */
QmpMachine  *test_machine_new           (QmpLauncher        *launcher);
QmpOutcome  *test_wait_ended            (QmpMachine         *vm);
/* Tells QEMU to quit over the client, waits for the end, and drops the last reference. */
void         test_machine_quit          (QmpMachine         *vm);
/* Drops the last reference, once everything was told. */
void         test_machine_free          (QmpMachine         *vm);

/* Words, with a space between: "running" and so on for a status, "+connected", "-connected", "+alive", "-alive", "outcome",
 * "ended(reason)", "closed". */
GString     *test_machine_log           (QmpMachine         *vm);
/* What was logged so far, and forgets it. */
#define test_assert_log(log, expected)                   \
  G_STMT_START {                                         \
    g_assert_cmpstr ((log)->str, ==, expected);          \
    g_string_truncate ((log), 0);                        \
  } G_STMT_END

/* What "info mtree" has said: ACPI's registers are where the BIOS has put them, and switched on, which it does behind that. */
gboolean     test_tree_has_acpi         (const char         *tree);

/* No process of ours is left, also not as a zombie. */
void         test_assert_no_children    (void);
gboolean     test_has_no_children       (void);

G_END_DECLS
