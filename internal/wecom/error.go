package wecom

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"qunce/internal/errs"
	"qunce/internal/wecom/quota"
)

// Codes of our own, for failures in which WeCom gave no code. WeCom's own are -1 and positive numbers.
const (
	codeTransport = quota.NoAnswer // no usable answer
	codeEncode    = -1002          // the request cannot be written as JSON
	codeBlocked   = 45009          // refused by our own quota keeper, as WeCom would
)

// Error is a failed call: which API, WeCom's errcode (negative below -1000 if there was no answer) and its errmsg.
type Error struct {
	API   string
	Code  int
	Msg   string
	Cause error // transport failure, if any

	unknown bool
	after   time.Duration
	ours    bool // our own keeper refused the call
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

// Unwrap gives the error as an *errs.Error, with a code such as "wecom.60020" for which operators have a sentence. Its
// parameters: api, errcode, hint (the number under which WeCom's support finds the call) and ip (the address WeCom saw);
// a dash for what WeCom did not say.
func (e *Error) Unwrap() error {
	kind, code := errs.Internal, SentenceCode(e.Code)
	if k, ok := kinds[e.Code]; ok {
		kind = k
	}
	if e.Code == codeTransport {
		kind, code = errs.Unavailable, "wecom.unreachable"
	}
	hint, ip := told(e.Msg)
	return errs.E(kind, code, "%s", e.Msg).With("api", e.API).With("errcode", e.Code).With("hint", hint).With("ip", ip).Wrap(e.Cause)
}

// What WeCom's words tell beside the reason: "…, hint: [1588…], from ip: 1.2.3.4, more info at …".
var (
	hintInMsg = regexp.MustCompile(`hint: \[([0-9A-Za-z_]{1,64})\]`)
	ipInMsg   = regexp.MustCompile(`from ip: ([0-9A-Fa-f.:]{3,45})`)
)

const untold = "—"

func told(msg string) (hint, ip string) {
	hint, ip = untold, untold
	if m := hintInMsg.FindStringSubmatch(msg); m != nil {
		hint = m[1]
	}
	if m := ipInMsg.FindStringSubmatch(msg); m != nil {
		if addr, err := netip.ParseAddr(strings.TrimRight(m[1], ".:")); err == nil {
			ip = addr.String()
		}
	}
	return hint, ip
}

// ItemError is WeCom's word about one item of a call on many, such as a customer who cannot be handed over; nil for 0.
func ItemError(api string, code int, msg string) error {
	if code == 0 {
		return nil
	}
	return &Error{API: api, Code: code, Msg: msg}
}

// IsCode reports whether err is WeCom's refusal with one of the codes.
func IsCode(err error, codes ...int) bool {
	var e *Error
	return errors.As(err, &e) && slices.Contains(codes, e.Code)
}

// RetryAfter is how long the client will hold back a call that failed with err, as far as it knows: no use trying
// before. 0 = nothing holds it back.
func RetryAfter(err error) time.Duration {
	if e := asError(err); e != nil {
		return e.after
	}
	return 0
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
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
