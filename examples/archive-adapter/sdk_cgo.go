//go:build sdk

package main

/*
#cgo LDFLAGS: -lWeWorkFinanceSdk_C
#include <stdlib.h>
#include "WeWorkFinanceSdk_C.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// library is WeCom's, with its handle. What it gives is copied and given back at once.
type library struct {
	handle          *C.WeWorkFinanceSdk_t
	proxy, password *C.char
}

// timeout of one call of the library, in seconds.
const timeout = 30

// openSDK opens the library for a corp: NewSdk, Init.
func openSDK(corp, secret, proxy, password string) (sdk, error) {
	l := &library{handle: C.NewSdk(), proxy: C.CString(proxy), password: C.CString(password)}
	c, s := C.CString(corp), C.CString(secret)
	defer C.free(unsafe.Pointer(c))
	defer C.free(unsafe.Pointer(s))
	if code := C.Init(l.handle, c, s); code != 0 {
		l.Close()
		return nil, fmt.Errorf("Init: %d", int(code))
	}
	return l, nil
}

func (l *library) Close() {
	C.DestroySdk(l.handle)
	C.free(unsafe.Pointer(l.proxy))
	C.free(unsafe.Pointer(l.password))
}

func (l *library) ChatData(seq uint64, limit uint32) ([]byte, int) {
	slice := C.NewSlice()
	defer C.FreeSlice(slice)
	if code := C.GetChatData(l.handle, C.ulonglong(seq), C.uint(limit), l.proxy, l.password, timeout, slice); code != 0 {
		return nil, int(code)
	}
	return C.GoBytes(unsafe.Pointer(slice.buf), slice.len), 0
}

func (l *library) Decrypt(randomKey, message string) ([]byte, int) {
	k, m := C.CString(randomKey), C.CString(message)
	defer C.free(unsafe.Pointer(k))
	defer C.free(unsafe.Pointer(m))
	slice := C.NewSlice()
	defer C.FreeSlice(slice)
	if code := C.DecryptData(k, m, slice); code != 0 {
		return nil, int(code)
	}
	return C.GoBytes(unsafe.Pointer(slice.buf), slice.len), 0
}

func (l *library) Media(index, fileID string) (piece []byte, next string, last bool, code int) {
	i, f := C.CString(index), C.CString(fileID)
	defer C.free(unsafe.Pointer(i))
	defer C.free(unsafe.Pointer(f))
	data := C.NewMediaData()
	defer C.FreeMediaData(data)
	if code := C.GetMediaData(l.handle, i, f, l.proxy, l.password, timeout, data); code != 0 {
		return nil, "", false, int(code)
	}
	return C.GoBytes(unsafe.Pointer(data.data), data.data_len), C.GoStringN(data.outindexbuf, data.out_len), data.is_finish == 1, 0
}
