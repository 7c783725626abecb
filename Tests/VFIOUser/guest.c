// The guest of Tests/VFIOUser/suspend: it writes to the serial port of a served device, counts on the
// console, and does what it is told there by a letter: r reads back from the port, c prints the
// configuration space of the device, w writes to the port again.

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

// The function with the ids 4348:3253; an empty path if there is none.
static void find(char *path, size_t size) {
  path[0] = 0;
  DIR *folder = opendir("/sys/bus/pci/devices");
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    char name[512], text[16] = "";
    snprintf(name, sizeof name, "/sys/bus/pci/devices/%s/vendor", entry->d_name);
    FILE *file = fopen(name, "r");
    if (!file) continue;
    if (fgets(text, sizeof text, file) && !strncmp(text, "0x4348", 6))
      snprintf(path, size, "/sys/bus/pci/devices/%s", entry->d_name);
    fclose(file);
  }
}

static int open_part(const char *folder, const char *name, int flags) {
  char path[600];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return open(path, flags);
}

static void put(const char *folder, const char *name, const char *text) {
  int file = open_part(folder, name, O_WRONLY);
  if (file < 0 || write(file, text, strlen(text)) < 0) printf("guest: %s: failed\n", name);
  if (file >= 0) close(file);
}

// The registers of the UART, as bytes at offsets 0 to 7 of the port's I/O ports.
static int registers;
static void out(int place, unsigned char byte) {
  if (pwrite(registers, &byte, 1, place) != 1) printf("guest: writing %d failed\n", place);
}
static unsigned char in(int place) {
  unsigned char byte = 0;
  if (pread(registers, &byte, 1, place) != 1) printf("guest: reading %d failed\n", place);
  return byte;
}
static void send(const char *text) {
  while (*text) out(0, *text++);
}

static void print_space(const char *folder) {
  unsigned char bytes[4096];
  int file = open_part(folder, "config", O_RDONLY);
  ssize_t count = file < 0 ? 0 : read(file, bytes, sizeof bytes);
  if (file >= 0) close(file);
  printf("space ");
  for (ssize_t index = 0; index < count; index++) printf("%02x", bytes[index]);
  printf("\n");
}

int main(void) {
  mkdir("/dev", 0755);
  mkdir("/sys", 0755);
  mount("dev", "/dev", "devtmpfs", 0, "");
  mount("sys", "/sys", "sysfs", 0, "");
  int console = open("/dev/console", O_RDWR);
  if (console >= 0)
    for (int number = 0; number < 3; number++) dup2(console, number);
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct termios mode;
  tcgetattr(0, &mode);
  mode.c_lflag &= ~(ICANON | ECHO);
  tcsetattr(0, TCSANOW, &mode);

  char path[512];
  find(path, sizeof path);
  // Its driver would take from the device what comes back.
  put(path, "driver/unbind", strrchr(path, '/') ? strrchr(path, '/') + 1 : "");
  put(path, "enable", "1");
  registers = open_part(path, "resource0", O_RDWR);
  printf("guest: %s, port %s\n", path, registers < 0 ? "missing" : "open");
  out(1, 0);  // IER: no interrupts
  out(3, 3);  // LCR: 8 bits
  out(2, 7);  // FCR: the FIFO, empty
  send("hello");
  for (unsigned count = 0;; count++) {
    printf("count %u\n", count);
    struct pollfd input = {.fd = 0, .events = POLLIN};
    char letter = 0;
    if (poll(&input, 1, 200) <= 0 || read(0, &letter, 1) != 1) continue;
    if (letter == 'c') print_space(path);
    if (letter == 'w') send("again");
    if (letter == 'r') {
      char answer[17] = "";
      for (int got = 0; got < 16 && in(5) & 1; got++) answer[got] = (char)in(0);
      printf("read '%s'\n", answer);
    }
  }
}
