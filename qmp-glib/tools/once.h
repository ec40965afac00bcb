/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>
#include <stdio.h>

#include "tool-fields.h"
#include "tool-grammar.h"
#include "tool-tls.h"
#include "tool-types.h"

/* What the verbs of qmp share: one connection, one task, one exit status. */

G_BEGIN_DECLS

typedef enum {
  ONCE_STATUS_DONE = 0,
  ONCE_STATUS_FAILED = 1,    /* the server said no, or what was to be done could not be */
  ONCE_STATUS_USAGE = 2,
  ONCE_STATUS_LINK = 3,
  ONCE_STATUS_TIMEOUT = 4,
} OnceStatus;

/* The code is the status to leave with. */
#define ONCE_ERROR (once_error_quark ())

GQuark once_error_quark (void) G_GNUC_CONST;

typedef struct _OnceVerb OnceVerb;

typedef struct {
  const OnceVerb     *verb;
  const char         *server;     /* what the command line says; borrowed */
  GSocketConnectable *address;    /* of that; NULL until it was found */
  gboolean            agent;      /* the server is a guest agent */
  gboolean            out_of_band;
  gboolean            skip_negotiation;
  gboolean            json;       /* also with fields */
  gboolean            pretty;
  ToolFields         *fields;     /* nullable: what of a JSON value is printed in its place */
  ToolTls             tls;
  const char * const *words;      /* of the command line, behind the address; borrowed */
  gint64              time;       /* that all may take, in microseconds; 0: as long as it likes */
  gint64              deadline;   /* of the monotonic clock; 0: none */
  QmpClient          *client;
  QmpMachine         *machine;    /* on the client; nullable: not opened as one */
  int                 status;     /* to leave with when nothing failed */
  int                 write_code; /* why standard output could not be written; 0: it could */
  GString            *page;       /* what once_flush() shows; nullable */
} Once;

struct _OnceVerb {
  const char         *words;        /* one or two */
  const char         *parameters;   /* behind ADDRESS */
  const char         *summary;
  const GOptionEntry *entries;      /* nullable */
  guint               min_words;    /* behind ADDRESS */
  guint               max_words;
  gboolean            local;        /* there is no ADDRESS */
  gboolean            addresses;    /* all words are: one at least, unless it is local */
  gboolean            listens;      /* at ADDRESS, which is not a machine's name then */
  gboolean            strict;       /* what follows ADDRESS is not an option */
  gboolean            prints_no_json;
  gboolean            many;         /* takes once_many_entries; see once-select.h */
  gboolean            pages;        /* what is longer than a terminal goes through a pager */
  gboolean            agent;
  gboolean            passes_status;    /* the status is another program's; see once_guest_exec */
  /* words: behind ADDRESS. */
  gboolean          (*run) (Once                *once,
                            const char * const  *words,
                            GError             **error);
};

extern const OnceVerb once_call, once_batch, once_hmp, once_monitor, once_wait, once_introspect, once_screenshot, once_share;
extern const OnceVerb once_qom_list, once_qom_get, once_qom_set, once_qom_tree, once_qom_types;
extern const OnceVerb once_guest_ping, once_guest_sync, once_guest_info, once_guest_network;
extern const OnceVerb once_guest_exec, once_guest_cat;
extern const OnceVerb once_job_list, once_job_wait, once_job_pause, once_job_resume, once_job_complete, once_job_cancel;
extern const OnceVerb once_job_dismiss;
extern const OnceVerb once_migration_status, once_migration_start, once_migration_wait, once_migration_cancel;
extern const OnceVerb once_status, once_pause, once_resume, once_reset, once_powerdown, once_wakeup, once_shutdown, once_quit;
extern const OnceVerb once_record, once_mock, once_list, once_top, once_watch, once_export;
extern const OnceVerb once_block_list, once_block_tree, once_device_list;
extern const OnceVerb once_snapshot_list, once_snapshot_save, once_snapshot_load, once_snapshot_delete;

/* All of them, with NULL behind. */
extern const OnceVerb * const once_verbs[];

/* --- the command line --- */

/* The options that all have, and those of how to print. */
extern const GOptionEntry once_common_entries[], once_output_entries[];
/* Those of verbs that take several servers, and those alone that choose among what runs here; see once-select.h. */
extern const GOptionEntry once_many_entries[], once_choice_entries[];

/* Sets what the command line says. Leaves the program when help was asked for. */
gboolean     once_read_line         (Once              *once,
                                     int               *argc,
                                     char            ***argv,
                                     GError           **error);
/* What a word says where an address stands: it, or for "-" what a variable has. NULL with error set if that is nothing. */
const char  *once_read_address      (Once              *once,
                                     const char        *text,
                                     GError           **error);
/* NULL if there is none; second is nullable. */
const OnceVerb *once_find_verb      (const char        *first,
                                     const char        *second);

gboolean     once_is_option         (const char        *word);
gboolean     once_is_help           (const char        *word);
/* The entry of an option of the verb, or, without one, of any; NULL if there is none. value_apart: its value is the
 * next word. */
const GOptionEntry *once_find_option (const OnceVerb   *verb,
                                     const char        *word,
                                     gboolean          *value_apart);
/* word: -x, --name or --name=VALUE. */
const GOptionEntry *once_find_in_table (const GOptionEntry *entries,
                                     const char        *word);
gboolean     once_option_takes_value (const GOptionEntry *entry);
/* Always FALSE: there is no such option. verb is nullable. */
gboolean     once_fail_by_option    (const OnceVerb    *verb,
                                     const char        *word,
                                     GError           **error);

/* "qmp complete": see once-complete.c. argv: what follows that word. Returns the status to leave with. */
int          once_complete          (Once              *once,
                                     int                argc,
                                     char             **argv);

/* "qmp mock", without --replay: see once-script.c. path: nullable. Listens at the address. */
gboolean     once_script            (Once              *once,
                                     const char        *path,
                                     gboolean           bare,
                                     GError           **error);

/* "qmp mock --replay": see once-replay.c. Listens at the address. */
gboolean     once_replay            (Once              *once,
                                     const char        *path,
                                     gboolean           any_arguments,
                                     GError           **error);

/* --- the connection --- */

/* Sets the address, unless it is known: of a machine that is named, what is wanted of it has to be. once_open() does. */
gboolean     once_find_server       (Once              *once,
                                     GError           **error);
/* What the command line says of how to open one. */
gboolean     once_set_up_client     (Once              *once,
                                     QmpClient         *client,
                                     GError           **error);
gboolean     once_open              (Once              *once,
                                     GError           **error);
/* Adds the machines that the command line says to those that are kept open; without a word about it all of this computer. waits:
 * there may be others to come, so that it is not a failure when nothing is like what is said of them. */
gboolean     once_add_machines      (Once              *once,
                                     QmpMachineList    *list,
                                     gboolean           waits,
                                     GError           **error);
/* The same as once_open(), as a machine. */
gboolean     once_open_machine      (Once              *once,
                                     GError           **error);
/* Runs the main loop of a machine until is_done says so, which is asked whenever something may have happened. FALSE with error:
 * the link has ended, or the time is over. */
gboolean     once_follow            (Once              *once,
                                     gboolean         (*is_done) (gpointer data),
                                     gpointer           data,
                                     GError           **error);
/* Where an asynchronous call is to leave its result, a GAsyncResult **. */
void         once_take_result       (GObject           *object,
                                     GAsyncResult      *result,
                                     gpointer           user_data);
/* Waits for one, and cancels the call when its time is over: then FALSE with error set. */
gboolean     once_await_result      (Once              *once,
                                     GAsyncResult     **result,
                                     GCancellable      *cancellable,
                                     GError           **error);
/* Gives the client's next call the time that is left. */
void         once_set_timeout       (Once              *once);
/* Takes command, which is NULL when it could not be made: then error is set. */
JsonNode    *once_execute           (Once              *once,
                                     QmpMessage        *command,
                                     GError           **error);
/* Takes command likewise. The reply, which may be an error: for what is printed, with its numbers as they are. */
QmpMessage  *once_exchange          (Once              *once,
                                     QmpMessage        *command,
                                     GError           **error);
/* The reply, which is not an error: of that, the text has what the schema knows better. */
QmpMessage  *once_ask               (Once              *once,
                                     QmpMessage        *command,
                                     GError           **error);
/* The milliseconds that are left, or QMP_TIMEOUT_NONE for all the time there is. */
int          once_remaining         (Once              *once);
gboolean     once_is_late           (Once              *once);
/* The server's schema; NULL without an error when it has none. */
QmpSchema   *once_fetch_schema      (Once              *once,
                                     GError           **error);
/* The same, of qmp_schema_fetch_async(). */
QmpSchema   *once_finish_schema     (GAsyncResult      *result,
                                     GError           **error);
/* Asks the server what types wants to know. */
void         once_answer            (Once              *once,
                                     ToolTypes         *types);
/* A command from words, read as the server wants them; it may be asked. */
QmpMessage  *once_new_command       (Once                *once,
                                     const char * const  *words,
                                     GError             **error);
/* --- commands in the words of qmp-shell; see once-lines.c --- */

typedef gboolean (*OnceRunFunc)     (Once              *once,
                                     QmpMessage        *command,
                                     GError           **error);

/* The one command of a line: before anything is sent, and when the server can be asked what it wants where. */
QmpMessage  *once_check_line        (Once              *once,
                                     const char        *line,
                                     GError           **error);
QmpMessage  *once_parse_line        (Once              *once,
                                     const char        *line,
                                     GError           **error);
/* The commands of one of several lines, appended, if there is time left. types: the grammar's, nullable; the server is asked anew. */
gboolean     once_feed_line         (Once              *once,
                                     ToolGrammar       *grammar,
                                     ToolTypes         *types,
                                     const char        *line,
                                     GQueue            *commands,
                                     GError           **error);
/* Appends the messages that a JSON text is. */
gboolean     once_check_messages    (Once              *once,
                                     const char        *text,
                                     GQueue            *commands,
                                     GError           **error);
/* Runs each command of each line as it comes, up to the first that fails. */
gboolean     once_run_lines         (Once              *once,
                                     FILE              *input,
                                     OnceRunFunc        run_command,
                                     GError           **error);
/* All of standard input, unless it has more than most bytes. */
char        *once_read_input        (gsize              most,
                                     gsize             *length,
                                     GError           **error);

/* --- */

/* A name that the server does not have, or a pattern with * and ? that nothing there is like, would be waited for for
 * ever. */
gboolean     once_check_events      (Once                *once,
                                     const char * const  *names,
                                     GError             **error);
/* The same, with the schema of a server, which is NULL if it has none. */
gboolean     once_check_event_names (QmpSchema           *schema,
                                     const char * const  *names,
                                     GError             **error);
/* Always FALSE, for the caller to return. */
gboolean     once_fail              (GError           **error,
                                     OnceStatus         status,
                                     const char        *format,
                                     ...) G_GNUC_PRINTF (3, 4);

/* What a reply returns, if that is a string; else NULL. */
const char  *once_get_return_string (QmpMessage        *reply);

/* --- output --- */

/* A text for people, on standard output, with nothing in it that could command a terminal. */
void         once_print             (Once              *once,
                                     const char        *format,
                                     ...) G_GNUC_PRINTF (2, 3);
/* The same, as one line, whatever a server has put into it; the line end is added. */
void         once_print_line        (Once              *once,
                                     const char        *format,
                                     ...) G_GNUC_PRINTF (2, 3);
/* A line like that which stands above others. */
void         once_print_heading     (Once              *once,
                                     const char        *text);
/* JSON text and a line end: on many lines with --pretty, or when auto_pretty is set and a person reads it. With --field, the
 * fields of it. */
void         once_print_json        (Once              *once,
                                     const char        *json,
                                     gssize             length,
                                     gboolean           auto_pretty);
/* FALSE with error set when it is an error. */
gboolean     once_check_return      (QmpMessage        *reply,
                                     GError           **error);
/* What a reply returns, as the server spelled it; FALSE with error set when it is an error. */
gboolean     once_print_return      (Once              *once,
                                     QmpMessage        *reply,
                                     GError           **error);
/* Takes command, and prints what it returns. */
gboolean     once_execute_and_print (Once              *once,
                                     QmpMessage        *command,
                                     GError           **error);
/* The same of both, each line with a mark in front of it that is harmless. */
void         once_print_marked_line (Once              *once,
                                     const char        *mark,
                                     const char        *text);
void         once_print_marked_json (Once              *once,
                                     const char        *mark,
                                     const char        *json,
                                     gsize              length);
/* On standard error: one line, whatever the server put into it. */
void         once_print_error       (const char        *format,
                                     ...) G_GNUC_PRINTF (1, 2);
/* As it is, to a file or pipe; to a terminal as a text for people. */
void         once_write             (Once              *once,
                                     FILE              *stream,
                                     GBytes            *bytes);
/* The time, the name, the data; as the server has them. */
char        *once_event_to_line     (QmpEvent          *event);
void         once_print_event       (Once              *once,
                                     QmpEvent          *event);
/* What is printed from now on is kept for once_flush(), which shows it through a pager if it is longer than a terminal
 * that it goes to. */
void         once_start_page        (Once              *once);
gboolean     once_flush             (Once              *once,
                                     GError           **error);
/* Nothing that was printed has a field that was asked for: FALSE with error set. */
gboolean     once_check_fields      (Once              *once,
                                     GError           **error);

/* --- a table for people --- */

typedef struct _OnceTable OnceTable;

/* header: a text for each column, with NULL behind. */
OnceTable   *once_table_new         (const char * const *header);
void         once_table_free        (OnceTable          *self);
/* As many cells as there are columns; NULL is an empty one. What a server has put into one makes no other line. */
void         once_table_add         (OnceTable          *self,
                                     const char * const *cells);
/* Nothing at all when there is only the header. */
void         once_table_print       (OnceTable          *self,
                                     Once               *once);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OnceTable, once_table_free)

/* --- progress, on standard error when that is a terminal --- */

typedef struct {
  const char *name;
  const char *status;     /* "": none */
  gint64      current;
  gint64      total;
  gboolean    in_bytes;
} OnceProgress;

gboolean     once_shows_progress    (void);
void         once_show_progress     (const OnceProgress *progress);
void         once_end_progress      (void);
/* "1.0 MB/2.0 MB" */
char        *once_format_amount     (gint64             current,
                                     gint64             total);

G_END_DECLS
