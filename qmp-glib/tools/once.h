/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>
#include <stdio.h>

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
  GSocketConnectable *address;
  gboolean            agent;      /* the server is a guest agent */
  gboolean            out_of_band;
  gboolean            json;
  gboolean            pretty;
  double              seconds;    /* --timeout */
  gint64              deadline;   /* of the monotonic clock; 0: none */
  QmpClient          *client;
  int                 status;     /* to leave with when nothing failed */
  int                 write_code; /* why standard output could not be written; 0: it could */
} Once;

struct _OnceVerb {
  const char         *words;        /* one or two */
  const char         *parameters;   /* behind ADDRESS */
  const char         *summary;
  const GOptionEntry *entries;      /* nullable */
  guint               min_words;    /* behind ADDRESS */
  guint               max_words;
  gboolean            strict;       /* what follows ADDRESS are no options */
  gboolean            agent;
  gboolean            passes_status;    /* the status is another program's; see once_guest_exec */
  /* words: behind ADDRESS. */
  gboolean          (*run) (Once                *once,
                            const char * const  *words,
                            GError             **error);
};

extern const OnceVerb once_call, once_hmp, once_monitor, once_wait, once_introspect, once_screenshot;
extern const OnceVerb once_qom_list, once_qom_get, once_qom_set, once_qom_tree, once_qom_types;
extern const OnceVerb once_guest_ping, once_guest_sync, once_guest_info, once_guest_network;
extern const OnceVerb once_guest_exec, once_guest_cat;
extern const OnceVerb once_job_list, once_job_wait, once_migration_wait;

/* --- the connection --- */

gboolean     once_open              (Once              *once,
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
/* The milliseconds that are left, or -1 for all the time there is; at most as many as most, unless that is
 * negative. */
int          once_remaining         (Once              *once,
                                     int                most);
gboolean     once_is_late           (Once              *once);
/* The server's schema; NULL without an error when it has none. */
QmpSchema   *once_fetch_schema      (Once              *once,
                                     GError           **error);
/* A name that the server does not have would be waited for for ever. Patterns with * and ? are passed. */
gboolean     once_check_events      (Once                *once,
                                     const char * const  *names,
                                     GError             **error);
/* Always FALSE, for the caller to return. */
gboolean     once_fail              (GError           **error,
                                     OnceStatus         status,
                                     const char        *format,
                                     ...) G_GNUC_PRINTF (3, 4);

/* --- what a server sent, which may be anything --- */

/* NULL if node is NULL or no object, or has no such member. */
JsonNode    *once_get_member        (JsonNode          *node,
                                     const char        *name);
/* "" if it is no string. */
const char  *once_get_string        (JsonNode          *node,
                                     const char        *name);
/* 0 if it is no number. */
gint64       once_get_int           (JsonNode          *node,
                                     const char        *name);
gboolean     once_get_boolean       (JsonNode          *node,
                                     const char        *name);
/* What a reply returns, if that is a string; else NULL. */
const char  *once_get_return_string (QmpMessage        *reply);
/* Of what is no array: 0. */
guint        once_get_length        (JsonNode          *array);
JsonNode    *once_get_element       (JsonNode          *array,
                                     guint              index);
/* Bytes in base64; of what is none, none. */
GBytes      *once_get_base64        (JsonNode          *node,
                                     const char        *name);

/* --- output --- */

/* A text for people, on standard output, with nothing in it that could command a terminal. */
void         once_print             (Once              *once,
                                     const char        *format,
                                     ...) G_GNUC_PRINTF (2, 3);
/* JSON text and a line end: on many lines with --pretty, or when auto_pretty is set and a person reads it. */
void         once_print_json        (Once              *once,
                                     const char        *json,
                                     gssize             length,
                                     gboolean           auto_pretty);
/* What a reply returns, as the server spelled it; FALSE with error set when it is an error. */
gboolean     once_print_return      (Once              *once,
                                     QmpMessage        *reply,
                                     GError           **error);
/* Takes command, and prints what it returns. */
gboolean     once_execute_and_print (Once              *once,
                                     QmpMessage        *command,
                                     GError           **error);
/* As it is, to a file or pipe; to a terminal as a text for people. */
void         once_write             (Once              *once,
                                     FILE              *stream,
                                     GBytes            *bytes);
void         once_print_event       (Once              *once,
                                     QmpEvent          *event);
/* Ends the program as a pipe that nobody reads any more ends others, by SIGPIPE, which GIO ignores. */
void         once_end_unread        (void);
gboolean     once_flush             (Once              *once,
                                     GError           **error);

/* --- progress, on standard error when that is a terminal --- */

gboolean     once_shows_progress    (void);
void         once_show_progress     (const char        *what,
                                     gint64             current,
                                     gint64             total);
void         once_end_progress      (void);

G_END_DECLS
