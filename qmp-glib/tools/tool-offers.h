/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What Tab offers. Names come from servers and go into a command line, of a shell even: they are taken only if they
 * are plain words, which no shell, no terminal and no grammar of ours takes for anything else. No I/O. */

G_BEGIN_DECLS

typedef struct {
  const char *word;    /* that is typed; borrowed */
  GPtrArray  *found;   /* of char * */
} ToolOffers;

void      tool_offers_init      (ToolOffers   *self,
                                 const char   *word);
/* Adds a word made of these if word is how it begins, and if name is plain. before and after are ours, or the
 * user's. */
void      tool_offers_add       (ToolOffers   *self,
                                 const char   *before,
                                 const char   *name,
                                 const char   *after);
/* Takes names. */
void      tool_offers_add_names (ToolOffers   *self,
                                 const char   *before,
                                 char        **names);
/* Takes words that are offered for the same word. */
void      tool_offers_add_offers (ToolOffers  *self,
                                 char        **words);
/* The words, sorted, each once. self can be forgotten after that. */
char    **tool_offers_end       (ToolOffers   *self);

/* Whether a word can go on: a blank is not to follow it. Paths always can. */
gboolean  tool_offers_is_open   (const char   *word);

G_END_DECLS
