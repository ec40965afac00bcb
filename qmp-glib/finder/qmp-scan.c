/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-scan-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "finder/qmp-command-line-private.h"
#include "finder/qmp-pick-private.h"
#include "finder/qmp-place-private.h"
#include "finder/qmp-proc-private.h"

/* Of a file that another user may have named. */
#define MAX_CONFIG (256 * 1024)
#define MAX_TABLE (64 * 1024 * 1024)

typedef struct {
  const char     *path;       /* of root */
  const char     *wanted;     /* nullable: only what may be called so */
  int             root;
  gboolean        has_table;  /* it was read, or could not be */
  QmpSocketTable *table;      /* of the caller's network; nullable */
  guint64         network;    /* tells it from others */
  QmpTcpTable    *tcp;        /* of the caller's network; nullable */
  GPtrArray      *instances;
  GPtrArray      *held;       /* of QmpEndpoint; borrowed */
  GArray         *peers;      /* of guint: who holds them */
} Scan;

/* --- Unix sockets --- */

static QmpSocketTable *
read_table (int         folder,
            const char *name)
{
  g_autofree char *text = qmp_proc_read_file (folder, name, MAX_TABLE, NULL);

  return text != NULL ? qmp_socket_table_new_from_text (text) : NULL;
}

/* Each network has a file of its own. 0 if it cannot be seen. */
static guint64
get_network (int         folder,
             const char *name)
{
  struct stat info;

  return fstatat (folder, name, &info, 0) == 0 ? info.st_ino : 0;
}

static void
read_own_table (Scan *scan)
{
  if (scan->has_table)
    return;
  scan->has_table = TRUE;
  if (g_str_equal (scan->path, "/proc"))
    scan->table = qmp_socket_table_new_from_kernel ();
  if (scan->table == NULL)
    scan->table = read_table (scan->root, "net/unix");
  scan->network = get_network (scan->root, "net/unix");
}

/* --- one of them --- */

/* As the process would find it. */
static char *
read_file_cb (const char *name,
              gpointer    user_data)
{
  int process = GPOINTER_TO_INT (user_data);
  gboolean absolute = g_path_is_absolute (name);
  g_autofree char *within = g_strconcat (absolute ? "root" : "cwd/", name, NULL);
  char *text = qmp_proc_read_file (process, within, MAX_CONFIG, NULL);

  return text == NULL && absolute ? qmp_proc_read_file (process, name, MAX_CONFIG, NULL) : text;
}

static void
add_endpoint (Scan            *scan,
              QmpInstance     *instance,
              QmpPlaceOwner   *owner,
              QmpEndpointPlan *plan)
{
  QmpEndpointSight sight = { QMP_ENDPOINT_STATE_UNKNOWN };
  guint peer = qmp_place_look (owner, &plan->chardev, &sight);
  g_autoptr(QmpEndpoint) endpoint = qmp_endpoint_new (plan->kind, plan->id, plan->description, plan->chardev.listens);

  endpoint->sight = sight;
  g_list_store_append (instance->endpoints, endpoint);
  if (peer == 0)
    return;
  g_ptr_array_add (scan->held, endpoint);
  g_array_append_val (scan->peers, peer);
}

static void
add_endpoints (Scan           *scan,
               QmpInstance    *instance,
               QmpCommandLine *line,
               int             process)
{
  guint64 network = get_network (process, "net/unix");
  g_autoptr(QmpSocketTable) table = NULL;
  g_autoptr(QmpTcpTable) tcp = NULL;
  QmpPlaceOwner owner = { process, scan->path, instance->pid, qmp_proc_is_visible (process) };

  read_own_table (scan);
  owner.elsewhere = network != 0 && network != scan->network;
  if (owner.elsewhere)
    table = read_table (process, "net/unix");
  owner.table = owner.elsewhere ? table : scan->table;
  owner.network = owner.elsewhere ? process : scan->root;
  owner.tcp = owner.elsewhere ? &tcp : &scan->tcp;
  instance->visible = owner.visible;
  for (guint i = 0; i < line->endpoints->len; i++)
    add_endpoint (scan, instance, &owner, line->endpoints->pdata[i]);
  g_clear_pointer (&owner.sockets, g_hash_table_unref);
}

/* One that ends meanwhile is not there. Its folder is not another's, even if its number is. */
static void
add_instance (Scan            *scan,
              int              process,
              int              pid,
              QmpInstanceKind  kind,
              const char      *program)
{
  g_auto(GStrv) argv = qmp_proc_dup_arguments (process);
  QmpProcStat stat = { 0 };
  g_autoptr(QmpInstance) instance = NULL;
  g_autoptr(QmpCommandLine) line = NULL;

  if (argv == NULL || argv[0] == NULL)
    return;
  line = qmp_command_line_new (kind, (const char * const *) argv, read_file_cb, GINT_TO_POINTER (process));
  if (scan->wanted != NULL && !qmp_pick_may_be (line->name, line->uuid, pid, scan->wanted))
    return;
  if (!qmp_proc_read_stat (process, &stat))
    return;
  g_free (stat.name);
  instance = qmp_instance_new (kind);
  instance->pid = pid;
  instance->start_time = stat.start_time;
  instance->stopped = stat.state == 'T' || stat.state == 't';
  instance->uid = MAX (qmp_proc_get_user (process), 0);
  instance->program = g_utf8_make_valid (program, -1);
  instance->name = g_steal_pointer (&line->name);
  instance->uuid = g_steal_pointer (&line->uuid);
  instance->machine_type = g_steal_pointer (&line->machine_type);
  add_endpoints (scan, instance, line, process);
  g_ptr_array_add (scan->instances, g_steal_pointer (&instance));
}

/* --- all of them --- */

/* Its number may be another's by the time that its folder is open, and so what counts is the program that is found there. */
static void
look_into (Scan *scan,
           int   pid)
{
  int process = qmp_proc_open (scan->root, pid);
  g_autofree char *program = process >= 0 ? qmp_proc_dup_program (process, "") : NULL;
  QmpInstanceKind kind;

  if (program != NULL && qmp_command_line_is_server (program, &kind))
    add_instance (scan, process, pid, kind, program);
  if (process >= 0)
    close (process);
}

/* Of most processes nothing is opened. */
static gboolean
may_be_server (Scan *scan,
               int   pid)
{
  char folder[16];
  g_autofree char *program = NULL;
  QmpInstanceKind kind;

  g_snprintf (folder, sizeof folder, "%d/", pid);
  program = qmp_proc_dup_program (scan->root, folder);
  return program != NULL && qmp_command_line_is_server (program, &kind);
}

static void
name_holders (Scan       *scan,
              QmpHolders *holders)
{
  g_autoptr(GHashTable) inodes = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < scan->peers->len; i++)
    g_hash_table_add (inodes, GUINT_TO_POINTER (g_array_index (scan->peers, guint, i)));
  qmp_holders_look (holders, scan->root, inodes);
  for (guint i = 0; i < scan->peers->len; i++)
    {
      const QmpHolder *holder = qmp_holders_get (holders, g_array_index (scan->peers, guint, i));
      QmpEndpointSight *sight = &((QmpEndpoint *) scan->held->pdata[i])->sight;

      if (holder == NULL)
        continue;
      sight->holder_pid = holder->pid;
      sight->holder_name = g_strdup (holder->name);
    }
}

static void
run (Scan       *scan,
     QmpHolders *holders)
{
  g_autoptr(GArray) pids = qmp_proc_list (scan->root);

  scan->held = g_ptr_array_new ();
  scan->peers = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < pids->len; i++)
    if (may_be_server (scan, g_array_index (pids, int, i)))
      look_into (scan, g_array_index (pids, int, i));
  if (holders != NULL)
    name_holders (scan, holders);
  g_array_unref (scan->peers);
  g_ptr_array_unref (scan->held);
  g_clear_pointer (&scan->table, qmp_socket_table_free);
  g_clear_pointer (&scan->tcp, qmp_tcp_table_free);
}

GPtrArray *
qmp_scan_run (const char  *root,
              const char  *wanted,
              QmpHolders  *holders,
              GError     **error)
{
  Scan scan = { root, wanted, open (root, O_PATH | O_DIRECTORY | O_CLOEXEC) };

  if (scan.root < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _("The processes cannot be listed: %s: %s"), root,
                   g_strerror (code));
      return NULL;
    }
  scan.instances = g_ptr_array_new_with_free_func (g_object_unref);
  run (&scan, holders);
  close (scan.root);
  return scan.instances;
}

gboolean
qmp_scan_is_there (const char  *root,
                   QmpInstance *instance)
{
  g_autofree char *path = g_strdup_printf ("%s/%d", root, instance->pid);
  QmpProcStat stat = { 0 };
  int process = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  gboolean there = process >= 0 && qmp_proc_read_stat (process, &stat) && stat.start_time == instance->start_time;

  if (process >= 0)
    close (process);
  g_free (stat.name);
  return there;
}

int
qmp_scan_open_process (const char  *root,
                       QmpInstance *instance)
{
  int fd = pidfd_open (instance->pid, 0);

  /* Its number may be another's by now. */
  if (fd < 0 || qmp_scan_is_there (root, instance))
    return fd;
  close (fd);
  errno = ESRCH;
  return -1;
}
