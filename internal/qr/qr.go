// Package qr draws QR codes: as SVG for print and pages, as PNG for what cannot take SVG. The same text always gives the
// same picture. It reads no codes and knows nothing of what a code leads to.
package qr

import (
	"bytes"
	"fmt"

	"github.com/skip2/go-qrcode"

	"qunce/internal/errs"
)

// MinSize and MaxSize bound a PNG's edge in pixels.
const (
	MinSize = 64
	MaxSize = 2048
)

// SVG draws text, quiet zone included, one unit per module and without a fixed size: it scales to where it is put.
// Errors: Invalid "qr.too_long" for more than a QR code holds.
func SVG(text string) ([]byte, error) {
	code, err := encode(text)
	if err != nil {
		return nil, err
	}
	rows := code.Bitmap()
	n := len(rows)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`, n, n)
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, n, n)
	for y, row := range rows {
		for x := 0; x < n; {
			if !row[x] {
				x++
				continue
			}
			run := 1
			for x+run < n && row[x+run] {
				run++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, run, run)
			x += run
		}
	}
	b.WriteString(`"/></svg>`)
	return b.Bytes(), nil
}

// PNG draws text as a square of size pixels, which is brought within MinSize and MaxSize.
// Errors: Invalid "qr.too_long" for more than a QR code holds.
func PNG(text string, size int) ([]byte, error) {
	code, err := encode(text)
	if err != nil {
		return nil, err
	}
	return code.PNG(min(max(size, MinSize), MaxSize))
}

// encode uses medium error correction: a printed code survives a scratch, and stays coarse enough for a receipt printer.
func encode(text string) (*qrcode.QRCode, error) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, errs.E(errs.Invalid, "qr.too_long", "%d bytes do not fit into a QR code", len(text)).Wrap(err)
	}
	return code, nil
}
