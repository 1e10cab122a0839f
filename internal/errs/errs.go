// Package errs is the one error type that crosses package borders: a coarse Kind that the HTTP edge maps to a
// status once, and a Code that the web translates. The wrapped cause is for logs alone and never reaches a user.
//
// Invariant: KindOf of an error that is not ours is Internal, so leaking a cause takes effort.
package errs

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure it is; kinds are few and stable.
type Kind string

// The kinds, with the HTTP status the edge gives each.
const (
	Invalid         Kind = "invalid"         // 422: the caller can mend the input
	Unauthenticated Kind = "unauthenticated" // 401: sign in first
	Forbidden       Kind = "forbidden"       // 403: signed in, but not allowed, or outside the data scope
	NotFound        Kind = "not_found"       // 404
	Conflict        Kind = "conflict"        // 409: the state does not allow it now
	TooMany         Kind = "too_many"        // 429: a limit of ours or of WeCom
	Unavailable     Kind = "unavailable"     // 503: try again later
	Internal        Kind = "internal"        // 500: our fault
)

// Error is a failure with a code such as "store.duplicate_number". Params fill the translated sentence;
// Field names the input that is wrong, as the API calls it. Msg is the developer's sentence, in English.
type Error struct {
	Kind   Kind
	Code   string
	Msg    string
	Field  string
	Params map[string]any
	Err    error
}

func (e *Error) Error() string {
	s := e.Code
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// E makes an error of a kind and code; msg is formatted like fmt.Sprintf.
func E(kind Kind, code, msg string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Msg: fmt.Sprintf(msg, args...)}
}

// On names the field the error is about and returns the error.
func (e *Error) On(field string) *Error { e.Field = field; return e }

// With adds a parameter for the translated sentence and returns the error.
func (e *Error) With(key string, value any) *Error {
	if e.Params == nil {
		e.Params = map[string]any{}
	}
	e.Params[key] = value
	return e
}

// Wrap attaches the cause and returns the error.
func (e *Error) Wrap(err error) *Error { e.Err = err; return e }

// KindOf returns the kind of err, Internal for anything that is not an *Error, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of err, "internal" for anything that is not an *Error, and "" for nil.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "internal"
}

// ParamsOf returns the parameters of err's sentence; never nil.
func ParamsOf(err error) map[string]any {
	var e *Error
	if errors.As(err, &e) && e.Params != nil {
		return e.Params
	}
	return map[string]any{}
}

// Is reports whether err has the code.
func Is(err error, code string) bool { return err != nil && CodeOf(err) == code }
