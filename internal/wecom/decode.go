package wecom

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Seconds is a Unix time that WeCom writes as a number in some answers and as a string in others.
type Seconds int64

// UnmarshalJSON reads both spellings; null and the empty string are no time, which is 0.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	n, err := digits(b)
	if err != nil {
		return fmt.Errorf("wecom: %.20q is no Unix time", b)
	}
	*s = Seconds(n)
	return nil
}

// Time is the instant; the zero time for 0.
func (s Seconds) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0)
}

// flexInt is a number that some answers write as a string.
type flexInt int64

func (n *flexInt) UnmarshalJSON(b []byte) error {
	v, err := digits(b)
	if err != nil {
		return fmt.Errorf("wecom: %.20q is no number", b)
	}
	*n = flexInt(v)
	return nil
}

// flexString is a string that some answers write as a bare number: ids of rules and templates.
type flexString string

func (s *flexString) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	if !strings.HasPrefix(text, `"`) {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("wecom: %.20q is no id", b)
		}
		*s = flexString(text)
		return nil
	}
	return json.Unmarshal(b, (*string)(s))
}

func digits(b []byte) (int64, error) {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		return 0, nil
	}
	return strconv.ParseInt(text, 10, 64)
}

// unix is t in WeCom's seconds; 0 for the zero time, which requests leave out.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
