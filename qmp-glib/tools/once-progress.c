/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "once.h"
#include "tool-print.h"
#include "tool-streams.h"
#include "tool-width.h"

/* The line that shows how far something is: as wide as the terminal, and never wider, which would make it another
 * line each time. */

#define USUAL_COLUMNS 80
#define LEAST_BAR 8
#define MOST_NAME 30
/* Speed is of so many of the last seconds. */
#define SECONDS_OF_SPEED 4

typedef struct {
  gint64 time;      /* of the monotonic clock */
  gint64 current;
} Sample;

static Sample samples[SECONDS_OF_SPEED + 1];   /* about a second apart, the oldest first */
static guint n_samples;

gboolean
once_shows_progress (void)
{
  const char *term = g_getenv ("TERM");

  return isatty (STDERR_FILENO) && g_strcmp0 (term, "dumb") != 0;
}

/* --- width --- */

static guint
count_columns (void)
{
  struct winsize size;

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
}

/* --- speed --- */

/* Returns units a second; 0 when nothing is known. */
static double
measure_speed (gint64 current)
{
  gint64 now = g_get_monotonic_time ();
  double seconds;

  /* another one, or the same anew */
  if (n_samples > 0 && current < samples[n_samples - 1].current)
    n_samples = 0;
  if (n_samples == 0 || now - samples[n_samples - 1].time >= G_USEC_PER_SEC)
    {
      if (n_samples == G_N_ELEMENTS (samples))
        memmove (samples, samples + 1, --n_samples * sizeof *samples);
      samples[n_samples++] = (Sample) { now, current };
    }
  seconds = (double) (now - samples[0].time) / G_USEC_PER_SEC;
  /* At its beginning it is anything. */
  return seconds >= 1 ? (current - samples[0].current) / seconds : 0;
}

static void
append_time (GString *out,
             double   seconds)
{
  gint64 whole = seconds < 100 * 3600 ? (gint64) seconds : 0;
  int hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;

  g_string_append (out, ", ");
  if (hours > 0)
    g_string_append_printf (out, _("%d:%02d:%02d left"), hours, minutes, rest);
  else
    g_string_append_printf (out, _("%d:%02d left"), minutes, rest);
}

/* --- the line --- */

char *
once_format_amount (gint64 current,
                    gint64 total)
{
  g_autofree char *done = g_format_size (MAX (0, current));
  g_autofree char *all = g_format_size (MAX (0, total));

  return g_strdup_printf ("%s/%s", done, all);
}

static double
part_of (const OnceProgress *progress)
{
  return progress->total > 0 ? CLAMP ((double) progress->current / progress->total, 0, 1) : 0;
}

static char *
describe (const OnceProgress *progress)
{
  g_autofree char *harmless = tool_print_harmless_line (progress->name);
  g_autofree char *name = tool_width_cut (harmless, MOST_NAME);
  g_autofree char *status = tool_print_harmless_line (progress->status);
  GString *out = g_string_new (NULL);
  double speed = measure_speed (progress->current);

  g_string_append_printf (out, "%3d %% %s", (int) (part_of (progress) * 100), name);
  if (*status != '\0')
    g_string_append_printf (out, " (%s)", status);
  if (progress->in_bytes && progress->total > 0)
    {
      g_autofree char *amount = once_format_amount (progress->current, progress->total);

      g_string_append_printf (out, " %s", amount);
    }
  if (progress->in_bytes && speed > 0)
    {
      g_autofree char *amount = g_format_size ((guint64) speed);

      g_string_append_printf (out, _(", %s/s"), amount);
    }
  if (speed > 0 && progress->total > progress->current)
    append_time (out, (progress->total - progress->current) / speed);
  return g_string_free (out, FALSE);
}

/* "[###   ] ", of that width; nothing when that would say nothing. */
static char *
draw_bar (guint  width,
          double part)
{
  g_autofree char *inner = NULL;

  if (width < LEAST_BAR)
    return g_strdup ("");
  width -= strlen ("[] ");
  inner = g_strnfill (width, ' ');
  memset (inner, '#', (gsize) (part * width));
  return g_strdup_printf ("[%s] ", inner);
}

void
once_show_progress (const OnceProgress *progress)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *encoded = NULL;
  g_autofree char *bar = NULL;
  /* In the last column the cursor would stand in the next line, for some terminals. */
  guint columns = count_columns () - 1;
  guint width;

  if (!once_shows_progress ())
    return;
  text = describe (progress);
  shown = tool_width_cut (text, columns);
  width = tool_width (shown);
  bar = draw_bar (columns - width, part_of (progress));
  encoded = tool_streams_encode (shown);
  fprintf (stderr, "\r%s%s\033[K", bar, encoded);
  fflush (stderr);
}

void
once_end_progress (void)
{
  if (once_shows_progress ())
    fputs ("\r\033[K", stderr);
}
