/* What ferry.h promises of the states group: states FOLDER ONE-PORT TWO-PORTS, two states of mtty devices.
 * Writes FOLDER/dissected.json, FOLDER/translated.state and FOLDER/facts.yaml, which the caller holds against the command. */
#include <ferry.h>
#include <stdlib.h>

#include "checks.h"

struct text {
  char bytes[1 << 20];
  size_t size;
  int failure;
};

static int32_t text_write(void *context, const void *bytes, size_t count) {
  struct text *text = context;
  if (text->failure) return text->failure;
  if (text->size + count >= sizeof text->bytes) return 28;
  memcpy(text->bytes + text->size, bytes, count);
  text->size += count;
  text->bytes[text->size] = 0;
  return 0;
}

static struct text text, output;
static const ferry_sink text_sink = {text_write, &text}, output_sink = {text_write, &output};
static unsigned char *one, *two;
static size_t one_size, two_size;

static void save(const char *folder, const char *name, const void *bytes, size_t size) {
  char path[1000];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  CHECK(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static ferry_state opened(const void *bytes, size_t size) {
  ferry_state state = 0;
  GIVES(FERRY_OK, ferry_state_open(bytes, size, NULL, NULL, &state, &error));
  return state;
}

static void layouts(void) {
  ferry_state state = 7;
  ferry_state_summary summary;
  GIVES(FERRY_OK, ferry_state_open(two, two_size, "mtty", NULL, &state, &error));
  GIVES(FERRY_OK, ferry_state_summarize(state, &summary, &error));
  CHECK(!strcmp(summary.layout, "mtty") && summary.certainty == FERRY_CERTAINTY_GIVEN);
  CHECK(summary.is_sound && summary.is_complete && summary.finding_count == 0 && summary.size == 96);
  GIVES(FERRY_OK, ferry_close(state, &error));
  state = opened(two, two_size);
  GIVES(FERRY_OK, ferry_state_summarize(state, &summary, &error));
  CHECK(summary.certainty == FERRY_CERTAINTY_CERTAIN);
  GIVES(FERRY_OK, ferry_close(state, &error));

  state = 7;
  GIVES(FERRY_ERROR_LAYOUT, ferry_state_open(two, two_size, "no-such", NULL, &state, &error));
  CHECK(!strcmp(error.found, "'no-such'"));
  GIVES(FERRY_ERROR_UNDECIDED, ferry_state_open("zzzz", 4, NULL, NULL, &state, &error));
  GIVES(FERRY_ERROR_UNDECIDED, ferry_state_open(NULL, 0, NULL, NULL, &state, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_open(NULL, 4, NULL, NULL, &state, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_open(two, two_size, "\xff", NULL, &state, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_open(two, two_size, NULL, NULL, NULL, &error));
  GIVES(FERRY_ERROR_LIMIT, ferry_state_open(two, SIZE_MAX, NULL, NULL, &state, &error));
  CHECK(state == 7);
  GIVES(FERRY_OK, ferry_state_open(one, one_size, NULL, "mtty", &state, &error));
  GIVES(FERRY_OK, ferry_close(state, &error));
}

/* The number of the child with this name, or UINT32_MAX. */
static uint32_t child(ferry_state state, uint32_t parent, const char *name) {
  ferry_field field, found;
  if (ferry_state_field(state, parent, &field, &error)) return UINT32_MAX;
  for (uint32_t i = 0; i < field.child_count; i++)
    if (!ferry_state_field(state, field.first_child + i, &found, &error) && !strcmp(found.name, name))
      return field.first_child + i;
  return UINT32_MAX;
}

static void tree_walk(void) {
  ferry_state state = opened(two, two_size);
  ferry_field field, port;
  GIVES(FERRY_OK, ferry_state_field(state, 0, &field, &error));
  CHECK(field.kind == FERRY_FIELD_STRUCTURE && field.child_count > 1);
  uint32_t header = child(state, 0, "header");
  GIVES(FERRY_OK, ferry_state_field(state, child(state, header, "magic"), &field, &error));
  CHECK(field.kind == FERRY_FIELD_INTEGER && field.integer == 0x7e9d09898c3e2c4e && field.integer_upper == 0);
  CHECK(field.has_place && field.offset == 0 && field.size == 8);
  GIVES(FERRY_OK, ferry_state_field(state, child(state, header, "nr_ports"), &field, &error));
  CHECK(field.integer == 2);
  uint32_t ports = child(state, 0, "ports");
  GIVES(FERRY_OK, ferry_state_field(state, ports, &field, &error));
  CHECK(field.kind == FERRY_FIELD_ARRAY && field.child_count == 2 && field.elided_count == 0);
  uint32_t first = field.first_child;
  GIVES(FERRY_OK, ferry_state_field(state, first, &port, &error));
  GIVES(FERRY_OK, ferry_state_field(state, first + 1, &field, &error));
  CHECK(port.offset + port.size == field.offset);
  GIVES(FERRY_OK, ferry_state_field(state, child(state, first, "count"), &field, &error));
  CHECK(field.integer == 5);
  GIVES(FERRY_OK, ferry_state_field(state, child(state, first, "dlab"), &field, &error));
  CHECK(field.meaning && !strcmp(field.meaning, "no"));
  GIVES(FERRY_OK, ferry_state_field(state, child(state, first, "padding1"), &field, &error));
  CHECK(field.kind == FERRY_FIELD_BYTES && field.content_size == 1 && *(const char *)field.content == 0);

  uint32_t count = 0;
  while (!ferry_state_field(state, count, &field, NULL)) count++;
  CHECK(count > 40 && count < 200);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_field(state, count, &field, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_field(state, UINT32_MAX, &field, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_field(state, 0, NULL, &error));
  GIVES(FERRY_OK, ferry_close(state, &error));
}

static void findings(void) {
  ferry_state state;
  ferry_state_summary summary;
  ferry_finding finding;
  GIVES(FERRY_OK, ferry_state_open(two, two_size - 3, "mtty", NULL, &state, &error));
  GIVES(FERRY_OK, ferry_state_summarize(state, &summary, &error));
  CHECK(!summary.is_sound && !summary.is_complete && summary.finding_count > 0);
  GIVES(FERRY_OK, ferry_state_finding(state, 0, &finding, &error));
  CHECK(finding.severity == FERRY_FINDING_ERROR && finding.path[0] && finding.message[0]);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_finding(state, summary.finding_count, &finding, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_finding(state, 0, NULL, &error));
  GIVES(FERRY_OK, ferry_close(state, &error));
  /* Any bytes are taken apart. */
  uint32_t seed = 12345;
  for (int i = 0; i < 200; i++) {
    unsigned char bytes[96];
    memcpy(bytes, two, sizeof bytes);
    for (int k = 0; k < 4; k++) {
      seed = seed * 1664525 + 1013904223;
      bytes[(seed >> 8) % sizeof bytes] = (unsigned char)(seed >> 24);
    }
    GIVES(FERRY_OK, ferry_state_open(bytes, (seed >> 4) % 97, "mtty", NULL, &state, &error));
    text.size = 0;
    GIVES(FERRY_OK, ferry_state_json(state, &text_sink, &error));
    GIVES(FERRY_OK, ferry_close(state, &error));
  }
}

static void json(const char *folder) {
  ferry_state state = opened(two, two_size);
  text.size = 0;
  GIVES(FERRY_OK, ferry_state_json(state, &text_sink, &error));
  save(folder, "dissected.json", text.bytes, text.size);
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_json(state, NULL, &error));
  text.failure = 5;
  GIVES(FERRY_ERROR_CALLBACK, ferry_state_json(state, &text_sink, &error));
  CHECK(error.system == 5);
  text.failure = 0;
  GIVES(FERRY_OK, ferry_close(state, &error));
}

static void translations(const char *folder) {
  static const char facts[] = "driver: mtty\nlayouts: [mtty]\nmtty: { ports: 2 }\n";
  const char *const allowed[] = {"invent-port"};
  ferry_state state = opened(one, one_size);
  ferry_translation translation = {0};
  int32_t is_accepted = -1;

  /* For nobody in particular the state stays as it is. */
  output.size = text.size = 0;
  GIVES(FERRY_OK, ferry_state_translate(state, NULL, &is_accepted, &output_sink, &text_sink, &error));
  CHECK(is_accepted == 1 && output.size == one_size && !memcmp(output.bytes, one, one_size));
  CHECK(strstr(text.bytes, "\"accepted\": true") && strstr(text.bytes, "\"fact\": \"mtty.ports\""));

  translation.target_facts = facts, translation.target_facts_size = strlen(facts);
  output.size = text.size = 0;
  GIVES(FERRY_OK, ferry_state_translate(state, &translation, &is_accepted, &output_sink, &text_sink, &error));
  CHECK(is_accepted == 0 && output.size == 0 && strstr(text.bytes, "\"allow\": \"invent-port\""));
  translation.allowed = allowed, translation.allowed_count = 1, translation.layout = "mtty";
  GIVES(FERRY_OK, ferry_state_translate(state, &translation, &is_accepted, &output_sink, NULL, &error));
  CHECK(is_accepted == 1 && output.size == two_size);
  save(folder, "facts.yaml", facts, strlen(facts));
  save(folder, "translated.state", output.bytes, output.size);

  translation.layout = "hisi_acc-v2";
  GIVES(FERRY_OK, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  CHECK(is_accepted == 0);
  translation.layout = "no-such";
  GIVES(FERRY_ERROR_LAYOUT, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  translation.layout = NULL, translation.flags = 2;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  translation.flags = FERRY_TRANSLATION_SCRUB, translation.source_facts = "ports: [", translation.source_facts_size = 8;
  GIVES(FERRY_ERROR_FACTS, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  CHECK(error.line > 0 && error.column > 0);
  translation.source_facts = NULL;
  GIVES(FERRY_OK, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  const char *const unknown[] = {"anything", NULL};
  translation.allowed = unknown;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  translation.allowed = unknown + 1;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  translation.allowed = NULL;
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_translate(state, &translation, &is_accepted, NULL, NULL, &error));
  GIVES(FERRY_ERROR_ARGUMENT, ferry_state_translate(state, NULL, NULL, NULL, NULL, &error));
  output.failure = 28;
  GIVES(FERRY_ERROR_CALLBACK, ferry_state_translate(state, NULL, &is_accepted, &output_sink, NULL, &error));
  GIVES(FERRY_OK, ferry_close(state, &error));
  GIVES(FERRY_ERROR_HANDLE, ferry_state_translate(state, NULL, &is_accepted, NULL, NULL, &error));
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  one = contents(arguments[2], &one_size);
  two = contents(arguments[3], &two_size);
  layouts();
  tree_walk();
  findings();
  json(arguments[1]);
  translations(arguments[1]);
  return report();
}
