// The lab's /init: lays the host's files out, runs one command and carries what it reads and prints.
//
// /request, NUL-terminated strings: working directory, shared folder or nothing, number of
// arguments, the arguments, the environment. The port is a sequence of frames, each a byte that
// says which stream, a little-endian 32-bit length, and the bytes: 0 standard input (no bytes are
// its end), 1 standard output, 2 standard error, 3 the exit status (one byte, the last frame).
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { input_stream, output_stream, error_stream, status_stream };
enum { head_size = 5, frame_size = 32 * 1024 };

static int port;

// Process 1 that ends is a kernel panic, which ends the virtual machine with this on its console.
static _Noreturn void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int error = errno;
  dprintf(2, "lab: ");
  vdprintf(2, format, arguments);
  dprintf(2, ": %s\n", strerror(error));
  exit(1);
}

static void mount_at(const char *root, const char *folder, const char *source, const char *type,
                     unsigned long flags, const char *options) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s%s", root, folder) >= (int)sizeof path) {
    errno = ENAMETOOLONG;
    die("%s", folder);
  }
  if (mount(source, path, type, flags, options)) die("mounting %s at %s", type, folder);
}

static void make_folder(const char *path) {
  if (mkdir(path, 0755) && errno != EEXIST) die("%s", path);
}

static void lay_out_files(const char *share) {
  const char *host = "/host", *scratch = "/scratch";
  make_folder(host);
  make_folder(scratch);
  mount_at(host, "", "host", "9p", MS_RDONLY, "trans=virtio,version=9p2000.L,msize=512000,cache=loose");
  mount_at(host, "/proc", "proc", "proc", 0, NULL);
  mount_at(host, "/sys", "sysfs", "sysfs", 0, NULL);
  mount_at(host, "/sys/kernel/debug", "debugfs", "debugfs", 0, NULL);
  mount_at(host, "/dev", "dev", "devtmpfs", 0, NULL);
  make_folder("/host/dev/pts");
  make_folder("/host/dev/shm");
  mount_at(host, "/dev/pts", "pts", "devpts", 0, "ptmxmode=0666");
  mount_at(host, "/dev/shm", "shm", "tmpfs", 0, NULL);
  mount_at(host, "/run", "run", "tmpfs", 0, "mode=0755");

  // The host's /tmp may hold what the command is to work on, and programs want to write there.
  mount_at(scratch, "", "scratch", "tmpfs", 0, NULL);
  make_folder("/scratch/upper");
  make_folder("/scratch/work");
  if (chmod("/scratch/upper", 01777)) die("/scratch/upper");
  mount_at(host, "/tmp", "tmp", "overlay", 0,
           "lowerdir=/host/tmp,upperdir=/scratch/upper,workdir=/scratch/work");

  // Both sides see what the other writes, at once.
  if (*share)
    mount_at(host, share, "share", "9p", 0, "trans=virtio,version=9p2000.L,msize=512000,cache=mmap");

  if (chdir(host) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
    die("changing the root");
  symlink("/proc/self/fd", "/dev/fd");
  symlink("/proc/self/fd/0", "/dev/stdin");
  symlink("/proc/self/fd/1", "/dev/stdout");
  symlink("/proc/self/fd/2", "/dev/stderr");
}

// The host announces its ports while we start, so the port may take a moment to come.
static int open_port(const char *wanted) {
  for (int attempt = 0; attempt < 1000; attempt++, usleep(10 * 1000)) {
    DIR *ports = opendir("/sys/class/virtio-ports");
    for (struct dirent *entry; ports && (entry = readdir(ports));) {
      char path[512], name[64] = "";
      snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
      FILE *file = fopen(path, "re");
      if (!file) continue;
      if (fgets(name, sizeof name, file)) name[strcspn(name, "\n")] = 0;
      fclose(file);
      if (strcmp(name, wanted)) continue;
      snprintf(path, sizeof path, "/dev/%s", entry->d_name);
      int descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
      if (descriptor < 0) die("%s", path);
      closedir(ports);
      return descriptor;
    }
    if (ports) closedir(ports);
  }
  errno = ENXIO;
  die("port %s", wanted);
}

// A blocking write would make the kernel spin with interrupts off for as long as the host is busy.
static void write_port(const uint8_t *bytes, size_t count) {
  while (count) {
    ssize_t written = write(port, bytes, count);
    if (written < 0 && errno == EAGAIN) {
      struct pollfd writable = {.fd = port, .events = POLLOUT};
      poll(&writable, 1, 100);
    } else if (written < 0) {
      if (errno != EINTR) die("writing to the port");
    } else {
      bytes += written, count -= written;
    }
  }
}

// Sends `count` bytes that stand in `frame` after room for the head.
static void send_frame(uint8_t *frame, uint8_t stream, uint32_t count) {
  frame[0] = stream;
  for (int i = 0; i < 4; i++) frame[1 + i] = count >> (8 * i);
  write_port(frame, head_size + count);
}

// Carries one of the command's outputs; false at its end.
static int carry_output(int pipe, uint8_t stream) {
  static uint8_t frame[head_size + frame_size];
  ssize_t count = read(pipe, frame + head_size, frame_size);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count) send_frame(frame, stream, count);
  return count > 0;
}

static struct {
  uint8_t head[head_size], bytes[frame_size];
  size_t head_count, count, written;
  uint32_t left;  // of the frame that is being read
} input;

static void read_input(void) {
  if (input.head_count < head_size) {
    ssize_t count = read(port, input.head + input.head_count, head_size - input.head_count);
    // Nothing yet, or the host is not connected yet.
    if (count <= 0) return (void)usleep(1000);
    input.head_count += count;
    if (input.head_count < head_size) return;
    for (int i = 0; i < 4; i++) input.left |= (uint32_t)input.head[1 + i] << (8 * i);
  } else {
    ssize_t count = read(port, input.bytes, input.left < frame_size ? input.left : frame_size);
    if (count <= 0) return;
    input.count = count, input.written = 0, input.left -= count;
  }
}

// Carries standard input, one step; false when it has ended or the command does not read it.
static int carry_input(int pipe) {
  if (input.written < input.count) {
    ssize_t count = write(pipe, input.bytes + input.written, input.count - input.written);
    if (count < 0) return errno == EINTR || errno == EAGAIN;
    input.written += count;
    return 1;
  }
  int was_head = input.head_count < head_size;
  read_input();
  if (input.head_count == head_size && !input.left) {
    if (was_head) return 0;
    input.head_count = 0;
  }
  return 1;
}

// Whether an oops is no panic, so that a process may be left that nothing ends.
static int survives_oops(void) {
  char digit = '1';
  int descriptor = open("/proc/sys/kernel/panic_on_oops", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 || read(descriptor, &digit, 1) < 0) die("panic_on_oops");
  close(descriptor);
  return digit == '0';
}

// Waits for what was killed: for two seconds only where it may hang in the kernel.
static void reap(int hurried) {
  for (int steps = 100; steps;) {
    pid_t child = waitpid(-1, NULL, hurried ? WNOHANG : 0);
    if (child < 0 && errno == ECHILD) return;
    if (!child) usleep(20 * 1000), steps--;
  }
}

// The descriptors are the near ends of the command's standard input, output and error.
static int carry_until_exit(pid_t command, int streams[3], int hurried) {
  int status = 0, running = 1;
  while (running || streams[1] >= 0 || streams[2] >= 0) {
    int pending = input.written < input.count;
    struct pollfd polled[] = {
        {.fd = streams[1], .events = POLLIN},
        {.fd = streams[2], .events = POLLIN},
        {.fd = streams[0] < 0 || pending ? -1 : port, .events = POLLIN},
        {.fd = pending ? streams[0] : -1, .events = POLLOUT},
    };
    // A child's end interrupts the wait, or comes just before it.
    int ready = poll(polled, 4, running ? 50 : hurried ? 2000 : -1);
    // Whoever hangs in the kernel holds the outputs open.
    if (!ready && !running) break;
    if (ready > 0) {
      for (int stream = 1; stream <= 2; stream++)
        if (polled[stream - 1].revents && !carry_output(streams[stream], stream))
          close(streams[stream]), streams[stream] = -1;
      if ((polled[2].revents || polled[3].revents) && !carry_input(streams[0]))
        close(streams[0]), streams[0] = -1, input.written = input.count;
    }
    int ended;
    for (pid_t child; (child = waitpid(-1, &ended, WNOHANG)) > 0;)
      if (child == command) {
        status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
        running = 0;
        // What it left behind would hold its outputs and the shared folder open.
        kill(-1, SIGKILL);
        if (streams[0] >= 0) close(streams[0]), streams[0] = -1;
      }
  }
  reap(hurried);
  return status;
}

static _Noreturn void run(const char *folder, char **arguments, char **environment, int ends[3]) {
  for (int stream = 0; stream < 3; stream++) dup2(ends[stream], stream);
  setsid();
  signal(SIGPIPE, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  environ = environment;
  if (chdir(folder)) {
    dprintf(2, "tools/lab/run: %s: %s\n", folder, strerror(errno));
    exit(125);
  }
  execvp(arguments[0], arguments);
  dprintf(2, "tools/lab/run: %s: %s\n", arguments[0], strerror(errno));
  exit(errno == ENOENT ? 127 : 126);
}

static void ignore(int signal) { (void)signal; }

int main(void) {
  static char request[4 << 20];
  int descriptor = open("/request", O_RDONLY | O_CLOEXEC);
  ssize_t size = descriptor < 0 ? -1 : read(descriptor, request, sizeof request - 1);
  if (size < 0) die("/request");

  size_t strings = 0, count = 0;
  for (ssize_t i = 0; i < size; i++) strings += !request[i];
  char **string = calloc(strings + 2, sizeof *string);
  if (!string) die("/request");
  for (char *at = request; count < strings; at += strlen(at) + 1) string[count++] = at;
  size_t arguments = count < 3 ? 0 : strtoul(string[2], NULL, 10);
  if (!arguments || arguments > count - 3) {
    errno = EINVAL;
    die("/request");
  }
  // The environment moves up by one, so that the arguments end in a null pointer too.
  char **environment = string + 3 + arguments + 1;
  memmove(environment, environment - 1, (count - 3 - arguments) * sizeof *string);
  environment[-1] = NULL;

  lay_out_files(string[1]);
  port = open_port("ferry.command");
  signal(SIGPIPE, SIG_IGN);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = ignore}, NULL);

  int near[3], far[3];
  for (int stream = 0; stream < 3; stream++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) die("pipe");
    near[stream] = ends[stream == 0], far[stream] = ends[stream != 0];
    fcntl(near[stream], F_SETFL, O_NONBLOCK);
  }
  pid_t command = fork();
  if (command < 0) die("fork");
  if (!command) run(string[0], string + 3, environment, far);
  for (int stream = 0; stream < 3; stream++) close(far[stream]);

  int hurried = survives_oops();
  int status = carry_until_exit(command, near, hurried);
  sync();
  if (*string[1] && umount2(string[1], hurried ? MNT_DETACH : 0)) die("unmounting %s", string[1]);
  uint8_t frame[head_size + 1] = {[head_size] = status};
  send_frame(frame, status_stream, 1);
  // Powering off is the host's, once it has read the last frame.
  for (;;) pause();
}
