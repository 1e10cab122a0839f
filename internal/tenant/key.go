package tenant

import (
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"strings"

	"qunce/internal/errs"
)

// callbackToken is what WeCom takes for the token of the callback settings.
var callbackToken = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)

// NewCallbackToken makes a token for the callback settings.
func NewCallbackToken() string { return rand.Text()[:24] }

// NewEncodingAESKey makes a key for the callback settings: 43 letters and digits that are base64 of 32 bytes.
func NewEncodingAESKey() string {
	for {
		raw := make([]byte, 32)
		_, _ = rand.Read(raw) // never fails
		if key := base64.RawStdEncoding.EncodeToString(raw); !strings.ContainsAny(key, "+/") {
			return key
		}
	}
}

// CheckCallback holds the rules of a token and key that people type: Invalid "tenant.bad_value.callback_token",
// "tenant.bad_value.encoding_aes_key".
func CheckCallback(token, key string) error {
	if !callbackToken.MatchString(token) {
		return bad("callback_token", "3 to 32 letters and digits")
	}
	return Secrets{Secret: "any", CallbackToken: token, EncodingAESKey: key}.check()
}

// SchemaOf is the schema of a corp by WeCom's corp id; Invalid "tenant.bad_value.corp_id" when it is none.
func SchemaOf(corpID string) (string, error) {
	schema := "corp_" + strings.ToLower(corpID)
	if !schemaName.MatchString(schema) {
		return "", errs.E(errs.Invalid, "tenant.bad_value.corp_id", "%q is no corp id", corpID).On("corp_id").With("field", "corp_id")
	}
	return schema, nil
}
