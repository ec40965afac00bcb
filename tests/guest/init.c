/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The first and only program of the tests' guest, and its /sbin/shutdown. It belongs to no library: it stands on Linux alone,
 * and is linked statically.
 *
 * It says "ready" on the serial console, and then does what it is told there, a letter each:
 *
 *   a  starts the guest agent, unless it runs; k  ends it ("ended" behind that)
 *   o  turns the machine off, r  resets it, s  sends it to sleep ("awake" behind that), p  panics
 *   w  has the watchdog of an ib700 bark at once
 *   d  is deaf from now on, and says so: the power button does nothing
 *
 * The power button turns the machine off. What the kernel's command line can say: agent=late, not to start it. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define AGENT "/usr/sbin/qemu-ga"
#define MAX_BUTTONS 8
/* Of an ib700: what is written there starts it, 15 for no time at all. */
#define WATCHDOG_PORT 0x443

static int console = -1;
static pid_t agent;

static void
say (const char *text)
{
  if (write (console, text, strlen (text)) < 0)
    return;
}

static void
write_file (const char *path,
            const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write (fd, text, strlen (text)) < 0)
    say ("not written\n");
  close (fd);
}

/* --- the beginning --- */

static void
load_modules (void)
{
  struct dirent **entries;
  int n = scandir ("/modules", &entries, NULL, alphasort);

  for (int i = 0; i < n; i++)
    {
      char path[512];
      int fd;

      snprintf (path, sizeof path, "/modules/%s", entries[i]->d_name);
      fd = open (path, O_RDONLY | O_CLOEXEC);
      if (entries[i]->d_name[0] != '.' && syscall (SYS_finit_module, fd, "", 0) != 0)
        perror (path);
      close (fd);
    }
}

static void
open_console (void)
{
  struct termios modes;

  console = open ("/dev/ttyS0", O_RDWR | O_NOCTTY | O_CLOEXEC);
  tcgetattr (console, &modes);
  cfmakeraw (&modes);
  tcsetattr (console, TCSANOW, &modes);
}

static void
mount_all (void)
{
  mkdir ("/proc", 0755);
  mkdir ("/sys", 0755);
  mkdir ("/dev", 0755);
  mkdir ("/tmp", 01777);
  mkdir ("/run", 0755);
  mount ("proc", "/proc", "proc", 0, NULL);
  mount ("sys", "/sys", "sysfs", 0, NULL);
  mount ("dev", "/dev", "devtmpfs", 0, NULL);
}

static int
open_buttons (struct pollfd *buttons)
{
  int n = 0;

  for (int i = 0; i < MAX_BUTTONS; i++)
    {
      char path[64];
      int fd;

      snprintf (path, sizeof path, "/dev/input/event%d", i);
      fd = open (path, O_RDONLY | O_CLOEXEC);
      if (fd >= 0)
        buttons[n++] = (struct pollfd) { fd, POLLIN, 0 };
    }
  return n;
}

/* --- the agent --- */

/* The device of the agent's port, or an empty text. */
static void
find_port (char   *path,
           size_t  size)
{
  DIR *ports = opendir ("/sys/class/virtio-ports");
  struct dirent *entry;

  path[0] = '\0';
  while (ports != NULL && (entry = readdir (ports)) != NULL)
    {
      char name[64] = "";
      char file[512];
      int fd;

      snprintf (file, sizeof file, "/sys/class/virtio-ports/%s/name", entry->d_name);
      fd = open (file, O_RDONLY | O_CLOEXEC);
      if (fd < 0)
        continue;
      if (read (fd, name, sizeof name - 1) > 0 && strcmp (name, "org.qemu.guest_agent.0\n") == 0)
        snprintf (path, size, "/dev/%s", entry->d_name);
      close (fd);
    }
  if (ports != NULL)
    closedir (ports);
}

/* The host tells of a port some time after its driver was loaded. */
static void
start_agent (void)
{
  char port[512];

  if (agent != 0)
    return;
  agent = fork ();
  if (agent != 0)
    return;
  signal (SIGCHLD, SIG_DFL);
  for (find_port (port, sizeof port); port[0] == '\0'; find_port (port, sizeof port))
    usleep (10000);
  execl (AGENT, AGENT, "-m", "virtio-serial", "-p", port, "-t", "/run", (char *) NULL);
  perror (AGENT);
  _exit (127);
}

/* An agent that is being killed takes commands still, and answers none. */
static void
end_agent (void)
{
  if (agent > 0)
    {
      kill (agent, SIGKILL);
      while (waitpid (agent, NULL, 0) < 0 && errno == EINTR)
        continue;
    }
  agent = 0;
  say ("ended\n");
}

/* --- what it is told --- */

static void
obey (char command)
{
  switch (command)
    {
    case 'a':
      start_agent ();
      break;
    case 'k':
      end_agent ();
      break;
    case 'o':
      reboot (RB_POWER_OFF);
      break;
    case 'r':
      reboot (RB_AUTOBOOT);
      break;
    case 's':
      write_file ("/sys/power/state", "mem");
      say ("awake\n");
      break;
    case 'p':
      write_file ("/proc/sysrq-trigger", "c");
      break;
    case 'w':
      if (iopl (3) == 0)
        outb (15, WATCHDOG_PORT);
      break;
    default:
      say ("what?\n");
    }
}

static int
is_pressed (int fd)
{
  struct input_event event;

  return read (fd, &event, sizeof event) == sizeof event && event.type == EV_KEY && event.code == KEY_POWER &&
         event.value == 1;
}

static void
serve (void)
{
  struct pollfd fds[1 + MAX_BUTTONS] = { { console, POLLIN, 0 } };
  int n = 1 + open_buttons (fds + 1);
  int deaf = 0;
  char command;

  say ("ready\n");
  for (;;)
    {
      if (poll (fds, n, -1) < 0)
        continue;
      for (int i = 1; i < n; i++)
        if ((fds[i].revents & POLLIN) != 0 && is_pressed (fds[i].fd) && !deaf)
          reboot (RB_POWER_OFF);
      if ((fds[0].revents & POLLIN) == 0 || read (console, &command, 1) != 1)
        continue;
      if (command != 'd')
        obey (command);
      else if (!deaf++)
        say ("deaf\n");
    }
}

/* shutdown -P, -H or -r, as the agent calls it. */
static int
shut_down (int   argc,
           char *argv[])
{
  int how = RB_POWER_OFF;

  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "-r") == 0)
      how = RB_AUTOBOOT;
    else if (strcmp (argv[i], "-H") == 0)
      how = RB_HALT_SYSTEM;
  return reboot (how);
}

int
main (int   argc,
      char *argv[])
{
  const char *when = getenv ("agent");

  if (strstr (argv[0], "shutdown") != NULL)
    return shut_down (argc, argv);
  if (getpid () != 1)
    return 1;

  /* Nobody asks how those that it has started, or that were left to it, have ended. */
  signal (SIGCHLD, SIG_IGN);
  mount_all ();
  load_modules ();
  open_console ();
  if (when == NULL || strcmp (when, "late") != 0)
    start_agent ();
  serve ();
}
