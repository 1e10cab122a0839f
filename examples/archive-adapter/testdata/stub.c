/* A library with the functions of WeCom's, over a folder that the test fills: messages lie in the file ARCHIVE_STUB, one a
   line, "seq <tab> json of the envelope". "Encryption" is none: encrypt_chat_msg is the plain message with the key before it. */
#include "WeWorkFinanceSdk_C.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct WeWorkFinanceSdk_t {
  int calls;
};

static void put(Slice_t *s, const char *text, size_t n) {
  s->buf = realloc(s->buf, (size_t)s->len + n + 1);
  memcpy(s->buf + s->len, text, n);
  s->len += (int)n;
  s->buf[s->len] = 0;
}

WeWorkFinanceSdk_t *NewSdk(void) { return calloc(1, sizeof(WeWorkFinanceSdk_t)); }

int Init(WeWorkFinanceSdk_t *sdk, const char *corpid, const char *secret) {
  (void)sdk;
  return strcmp(corpid, "wwexample") == 0 && strcmp(secret, "shh") == 0 ? 0 : 10000;
}

int GetChatData(WeWorkFinanceSdk_t *sdk, unsigned long long seq, unsigned int limit, const char *proxy, const char *passwd,
                int timeout, Slice_t *out) {
  (void)proxy, (void)passwd, (void)timeout;
  if (sdk->calls++ % 5 == 1) return 10001; /* a network that hiccups */
  FILE *f = fopen(getenv("ARCHIVE_STUB"), "r");
  if (f == NULL) return 10003;
  static char line[1 << 16];
  unsigned int n = 0;
  const char *head = "{\"errcode\":0,\"errmsg\":\"ok\",\"chatdata\":[";
  put(out, head, strlen(head));
  while (n < limit && fgets(line, sizeof line, f) != NULL) {
    char *tab = strchr(line, '\t');
    if (tab == NULL || strtoull(line, NULL, 10) <= seq) continue;
    if (n++ > 0) put(out, ",", 1);
    put(out, tab + 1, strcspn(tab + 1, "\n"));
  }
  put(out, "]}", 2);
  fclose(f);
  return 0;
}

int DecryptData(const char *key, const char *msg, Slice_t *out) {
  size_t n = strlen(key);
  if (strncmp(key, msg, n) != 0) return 10008;
  put(out, msg + n, strlen(msg + n));
  return 0;
}

int GetMediaData(WeWorkFinanceSdk_t *sdk, const char *index, const char *id, const char *proxy, const char *passwd, int timeout,
                 MediaData_t *out) {
  (void)sdk, (void)proxy, (void)passwd, (void)timeout;
  if (strcmp(id, "FILE") != 0) return 10005;
  int part = atoi(index);
  out->data = malloc(4);
  memcpy(out->data, "abcd", 4);
  out->data_len = 4;
  out->outindexbuf = malloc(16);
  out->out_len = snprintf(out->outindexbuf, 16, "%d", part + 1);
  out->is_finish = part == 2;
  return 0;
}

void DestroySdk(WeWorkFinanceSdk_t *sdk) { free(sdk); }
Slice_t *NewSlice(void) { return calloc(1, sizeof(Slice_t)); }
void FreeSlice(Slice_t *s) {
  free(s->buf);
  free(s);
}
MediaData_t *NewMediaData(void) { return calloc(1, sizeof(MediaData_t)); }
void FreeMediaData(MediaData_t *m) {
  free(m->outindexbuf);
  free(m->data);
  free(m);
}
