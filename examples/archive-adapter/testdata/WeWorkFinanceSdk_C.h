/* Stands in for the header of WeCom's library in the test: the same names and shapes, written from its documentation. */
#pragma once

typedef struct WeWorkFinanceSdk_t WeWorkFinanceSdk_t;

typedef struct Slice_t {
  char *buf;
  int len;
} Slice_t;

typedef struct MediaData {
  char *outindexbuf;
  int out_len;
  char *data;
  int data_len;
  int is_finish;
} MediaData_t;

WeWorkFinanceSdk_t *NewSdk(void);
int Init(WeWorkFinanceSdk_t *sdk, const char *corpid, const char *secret);
int GetChatData(WeWorkFinanceSdk_t *sdk, unsigned long long seq, unsigned int limit, const char *proxy, const char *passwd,
                int timeout, Slice_t *chat_datas);
int DecryptData(const char *encrypt_key, const char *encrypt_msg, Slice_t *msg);
int GetMediaData(WeWorkFinanceSdk_t *sdk, const char *indexbuf, const char *sdk_fileid, const char *proxy, const char *passwd,
                 int timeout, MediaData_t *media_data);
void DestroySdk(WeWorkFinanceSdk_t *sdk);
Slice_t *NewSlice(void);
void FreeSlice(Slice_t *slice);
MediaData_t *NewMediaData(void);
void FreeMediaData(MediaData_t *media_data);
