package wecom

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"qunce/internal/errs"
)

// Codes of our own, for failures in which WeCom gave no code. WeCom's own are -1 and positive numbers.
const (
	codeTransport = -1001 // no usable answer
	codeEncode    = -1002 // the request cannot be written as JSON
	codeBlocked   = 45009 // refused by our own quota keeper, as WeCom would
)

// Error is a failed call: which API, WeCom's errcode (negative below -1000 if there was no answer) and its errmsg.
type Error struct {
	API   string
	Code  int
	Msg   string
	Cause error // transport failure, if any

	unknown bool
}

func (e *Error) Error() string {
	s := fmt.Sprintf("wecom: %s: %d %s", e.API, e.Code, e.Msg)
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Limited reports whether WeCom's frequency or concurrency limit refused the call; the client backs off by itself.
func (e *Error) Limited() bool { return e.Code == 45009 || e.Code == 45033 }

// Unwrap gives the error as an *errs.Error, with a code such as "wecom.60020" for which operators have a sentence.
func (e *Error) Unwrap() error {
	kind, code := errs.Internal, "wecom.other"
	if k, ok := kinds[e.Code]; ok {
		kind, code = k, "wecom."+strconv.Itoa(e.Code)
	}
	if e.Code == codeTransport {
		kind, code = errs.Unavailable, "wecom.unreachable"
	}
	return errs.E(kind, code, "%s", e.Msg).With("api", e.API).With("errcode", e.Code).Wrap(e.Cause)
}

// kinds lists the errcodes that operators get a sentence for; all others are "wecom.other".
var kinds = map[int]errs.Kind{
	-1: errs.Unavailable, 6000: errs.Unavailable, 45035: errs.Unavailable,
	40001: errs.Forbidden, 40013: errs.Forbidden, 40014: errs.Forbidden, 40091: errs.Forbidden, 42001: errs.Forbidden,
	40029: errs.Unauthenticated, 42003: errs.Unauthenticated, 42022: errs.Unauthenticated,
	40003: errs.Invalid, 40058: errs.Invalid, 40063: errs.Invalid, 40035: errs.Invalid,
	40068: errs.NotFound, 40071: errs.Conflict, 40072: errs.Invalid, 40096: errs.NotFound, 40126: errs.TooMany,
	41041: errs.Invalid, 41044: errs.NotFound, 41045: errs.TooMany, 41091: errs.Invalid,
	41047: errs.NotFound, 41048: errs.Invalid, 41050: errs.Conflict, 41051: errs.Conflict, 41053: errs.Conflict,
	41054: errs.Invalid, 41063: errs.Unavailable, 41064: errs.Invalid, 41065: errs.Invalid,
	41093: errs.Conflict, 41094: errs.TooMany, 41096: errs.Unavailable,
	45002: errs.Invalid, 45009: errs.TooMany, 45033: errs.TooMany,
	46004: errs.NotFound, 60111: errs.NotFound, 48002: errs.Forbidden, 49008: errs.NotFound,
	50001: errs.Forbidden, 50003: errs.Forbidden, 50100: errs.Invalid,
	60011: errs.Forbidden, 60020: errs.Unavailable, 60021: errs.Forbidden, 60030: errs.Forbidden,
	81013: errs.Invalid, 81017: errs.Invalid, 82001: errs.Invalid,
	84061: errs.NotFound, 84074: errs.Forbidden, 90501: errs.NotFound, 301002: errs.Forbidden, 301007: errs.Forbidden,
	610023: errs.TooMany,
}

// SentenceCodes lists the errs codes this package can produce, for the test that every language translates them.
func SentenceCodes() []string {
	out := []string{"wecom.unreachable", "wecom.other"}
	for c := range kinds {
		out = append(out, "wecom."+strconv.Itoa(c))
	}
	slices.Sort(out)
	return out
}

// IsCode reports whether err is WeCom's refusal with one of the codes.
func IsCode(err error, codes ...int) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}

// Limited reports whether err is a frequency or concurrency refusal.
func Limited(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Limited()
}

// Unknown reports whether the call may have had its effect although it failed: the request was on its way and no
// readable answer came back. Such a call must be resolved by reading WeCom, not by calling again.
func Unknown(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.unknown
}
