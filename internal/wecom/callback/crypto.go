// Package callback opens, checks and reads what WeCom posts to the platform, and seals the same for the simulator.
//
//	crypto.go  the envelope: signature, time, cipher, receiver
//	guard.go   what is refused before a parser looks at it
//	event.go   what WeCom says, kind by kind
//	kind.go    the kinds WeCom documents
//
// Invariants: nothing is trusted before its signature (compared in constant time), its time and its receiver fit; a
// body without <Encrypt> is refused; no input can make it panic, take more than a few times MaxBody bytes, or bring text
// that XML or PostgreSQL do not know. The package does no I/O and decides nothing about an event.
package callback

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // WeCom's signature scheme
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"time"

	"qunce/internal/clock"
	"qunce/internal/errs"
)

// MaxBody is the largest body that is read, in bytes; real ones are a few kilobytes, the largest some dozens.
const MaxBody = 512 << 10

const block = 32 // PKCS#7 pads to 32 bytes, not to AES's 16

// Crypto seals and opens the messages of one receiver (a corp).
type Crypto struct {
	token    string
	receive  string
	key      []byte
	cipher   cipher.Block
	window   time.Duration
	clock    clock.Clock
	envelope string // the receiver, escaped for XML

	next *Crypto // opens what this one cannot; nil = nothing
	used func()  // called after next has opened something
}

// NewCrypto takes the callback's token, its 43-character EncodingAESKey and the corp id.
func NewCrypto(token, aesKey, receiveID string) (*Crypto, error) {
	if len(aesKey) != 43 {
		return nil, errs.E(errs.Invalid, "callback.bad_key", "EncodingAESKey has %d characters, must have 43", len(aesKey)).On("aes_key")
	}
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil {
		return nil, errs.E(errs.Invalid, "callback.bad_key", "EncodingAESKey is not base64").On("aes_key").Wrap(err)
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, errs.E(errs.Invalid, "callback.bad_key", "EncodingAESKey is no AES key").On("aes_key").Wrap(err)
	}
	var esc strings.Builder
	if err := xml.EscapeText(&esc, []byte(receiveID)); err != nil {
		return nil, errs.E(errs.Invalid, "callback.bad_receiver", "receiver id").Wrap(err)
	}
	return &Crypto{token: token, receive: receiveID, key: key, cipher: b, envelope: esc.String()}, nil
}

// Within returns a Crypto that also refuses messages whose timestamp is further than window from the clock's now.
func (c *Crypto) Within(window time.Duration, clk clock.Clock) *Crypto {
	out := *c
	out.window, out.clock = window, clk
	return &out
}

// Verify checks the address test that WeCom makes with GET and returns the plain echo, to be answered as it is. A proxy on
// the way may have turned the + of its base64 into a blank; no blank belongs there.
func (c *Crypto) Verify(sig, ts, nonce, echostr string) ([]byte, error) {
	if len(echostr) > MaxBody {
		return nil, errs.E(errs.Invalid, "callback.too_large", "echostr has %d bytes", len(echostr))
	}
	return c.open(sig, ts, nonce, strings.ReplaceAll(echostr, " ", "+"))
}

// Decrypt opens the body of a POST and returns the event's XML. Errors: callback.too_large, callback.json,
// callback.bad_encoding, callback.hostile, callback.not_encrypted, callback.bad_signature, callback.stale,
// callback.bad_cipher, callback.wrong_receiver.
func (c *Crypto) Decrypt(sig, ts, nonce string, body []byte) ([]byte, error) {
	if len(body) > MaxBody {
		return nil, errs.E(errs.Invalid, "callback.too_large", "body has %d bytes", len(body))
	}
	if err := guard(body, envelopeBounds); err != nil {
		return nil, err
	}
	if !legible(body) {
		return nil, errs.E(errs.Invalid, "callback.bad_encoding", "body has characters that no envelope has")
	}
	if !bytes.Contains(body, []byte("<Encrypt")) { // spares the parser what is no envelope by far
		return nil, errs.E(errs.Invalid, "callback.not_encrypted", "body has no Encrypt element")
	}
	var env struct {
		XMLName xml.Name `xml:"xml"`
		Encrypt []string `xml:"Encrypt"`
	}
	if err := xml.Unmarshal(bytes.TrimPrefix(body, utf8BOM), &env); err != nil {
		return nil, errs.E(errs.Invalid, "callback.not_encrypted", "body is no callback envelope").Wrap(err)
	}
	if len(env.Encrypt) != 1 || env.Encrypt[0] == "" {
		return nil, errs.E(errs.Invalid, "callback.not_encrypted", "body has %d Encrypt elements", len(env.Encrypt))
	}
	return c.open(sig, ts, nonce, strings.TrimSpace(env.Encrypt[0]))
}

// Encrypt seals an event as WeCom posts it: the envelope and the signature for the query. ts is in Unix seconds; random
// must be fresh for every message.
func (c *Crypto) Encrypt(plain []byte, ts, nonce string, random [16]byte) (body []byte, sig string) {
	sealed := c.Seal(plain, random)
	return []byte("<xml><ToUserName><![CDATA[" + c.envelope + "]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>"),
		c.Sign(ts, nonce, sealed)
}

// Seal encrypts without an envelope, as in the echostr of an address test.
func (c *Crypto) Seal(plain []byte, random [16]byte) string {
	buf := make([]byte, 0, 16+4+len(plain)+len(c.receive)+block)
	buf = append(buf, random[:]...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(plain))) //nolint:gosec // messages are far below 4 GB
	buf = append(buf, plain...)
	buf = append(buf, c.receive...)
	pad := block - len(buf)%block
	for range pad {
		buf = append(buf, byte(pad)) //nolint:gosec // 1..32
	}
	cipher.NewCBCEncrypter(c.cipher, c.key[:16]).CryptBlocks(buf, buf)
	return base64.StdEncoding.EncodeToString(buf)
}

// Sign is WeCom's signature over a sealed message.
func (c *Crypto) Sign(ts, nonce, sealed string) string {
	parts := []string{c.token, ts, nonce, sealed}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// timely refuses, with callback.stale, a timestamp further than the window from now; without a window it takes any.
func (c *Crypto) timely(ts string) error {
	if c.clock == nil {
		return nil
	}
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil || sec < 0 {
		return errs.E(errs.Invalid, "callback.stale", "timestamp is no time")
	}
	if d := c.clock.Now().Unix() - sec; d > int64(c.window/time.Second) || -d > int64(c.window/time.Second) {
		return errs.E(errs.Invalid, "callback.stale", "timestamp is %d s away", d)
	}
	return nil
}

// openOwn opens with this pair alone. The time comes after the signature: a stranger's old timestamp says nothing of our
// clock.
func (c *Crypto) openOwn(sig, ts, nonce, sealed string) ([]byte, error) {
	if subtle.ConstantTimeCompare([]byte(c.Sign(ts, nonce, sealed)), []byte(sig)) != 1 {
		return nil, errs.E(errs.Forbidden, "callback.bad_signature", "signature does not fit")
	}
	if err := c.timely(ts); err != nil {
		return nil, err
	}
	bad := func(why string) error { return errs.E(errs.Invalid, "callback.bad_cipher", "%s", why) }
	buf, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, bad("not base64")
	}
	if len(buf) < block || len(buf)%aes.BlockSize != 0 {
		return nil, bad("length is no multiple of the block")
	}
	cipher.NewCBCDecrypter(c.cipher, c.key[:16]).CryptBlocks(buf, buf)
	pad := int(buf[len(buf)-1])
	if pad < 1 || pad > block || pad > len(buf)-20 {
		return nil, bad("padding")
	}
	for _, b := range buf[len(buf)-pad:] {
		if int(b) != pad {
			return nil, bad("padding")
		}
	}
	buf = buf[:len(buf)-pad]
	n := uint64(binary.BigEndian.Uint32(buf[16:20]))
	if n > uint64(len(buf)-20) {
		return nil, bad("length field")
	}
	if subtle.ConstantTimeCompare(buf[20+n:], []byte(c.receive)) != 1 {
		return nil, errs.E(errs.Forbidden, "callback.wrong_receiver", "message is for another receiver")
	}
	return buf[20 : 20+n], nil
}
