package sheet

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"qunce/internal/errs"
)

type kind int

const (
	kindCSV kind = iota
	kindXLSX
)

// peekSize is how much of a file is looked at to tell its encoding and line ends.
const peekSize = 64 << 10

// sniff unwraps gzip, tells a workbook from text, and turns UTF-16 into UTF-8. A UTF-8 mark is taken off.
func sniff(r io.Reader) (*bufio.Reader, kind, error) {
	in := bufio.NewReaderSize(r, peekSize)
	head, err := peek(in)
	if err != nil {
		return nil, 0, err
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
		gz, err := gzip.NewReader(in)
		if err != nil {
			return nil, 0, errs.E(errs.Invalid, "sheet.bad_gzip", "the file begins like gzip but is not").Wrap(err)
		}
		in = bufio.NewReaderSize(gz, peekSize)
		if head, err = peek(in); err != nil {
			return nil, 0, damaged(err)
		}
	}
	switch {
	case len(head) == 0:
		return nil, 0, errs.E(errs.Invalid, "sheet.empty_file", "the file is empty")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return in, kindXLSX, nil
	case bytes.HasPrefix(head, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return nil, 0, errs.E(errs.Invalid, "sheet.old_excel", "an .xls file of before 2007, or one with a password: save it as .xlsx or .csv")
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		dec := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		return bufio.NewReaderSize(transform.NewReader(in, dec), peekSize), kindCSV, nil
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		if _, err := in.Discard(3); err != nil {
			return nil, 0, err
		}
	}
	return in, kindCSV, nil
}

// peek looks at the beginning; a file shorter than that is no error.
func peek(in *bufio.Reader) ([]byte, error) {
	head, err := in.Peek(peekSize)
	if err == io.EOF {
		err = nil
	}
	return head, err
}

// damaged turns the errors of a broken archive into one for the user; others pass.
func damaged(err error) error {
	if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) || isFlate(err) {
		return errs.E(errs.Invalid, "sheet.truncated", "the compressed file is damaged or cut short: upload it again").Wrap(err)
	}
	return err
}

// charset is what the bytes of a text file mean.
type charset int

const (
	undecided charset = iota // the lines will tell
	utf8Text
	gb18030
)

// guess tells the charset of a piece of text by counting: Chinese in GBK hardly ever forms valid UTF-8 sequences, so
// the few stray bytes of a damaged UTF-8 file do not make it GBK.
func guess(b []byte) charset {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError || n > 1 {
			good++
		} else if utf8.FullRune(b[i:]) { // else cut off by the end of the piece
			bad++
		}
		i += n
	}
	switch {
	case good == 0 && bad == 0:
		return undecided
	case good >= bad:
		return utf8Text
	}
	whole := b[:bytes.LastIndexByte(b, '\n')+1]
	if _, ok := decodeGB(simplifiedchinese.GB18030.NewDecoder(), whole); ok {
		return gb18030
	}
	return undecided
}

// decodeGB decodes GB18030 strictly: ok is false when a byte sequence means nothing.
func decodeGB(dec *encoding.Decoder, b []byte) (s []byte, ok bool) {
	out, err := dec.Bytes(b)
	return out, err == nil && !bytes.ContainsRune(out, utf8.RuneError)
}
