//go:build !sdk

package main

import "errors"

// openSDK says how to build with WeCom's library.
func openSDK(_, _, _, _ string) (sdk, error) {
	return nil, errors.New("built without WeCom's library: CGO_CFLAGS=-I<folder of the library> CGO_LDFLAGS=-L<the same> go build -tags sdk")
}
