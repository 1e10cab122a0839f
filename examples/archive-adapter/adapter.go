package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sdk is what of WeCom's library the adapter uses. Codes are WeCom's: 0 is well, 10001 to 10003 may be tried again.
type sdk interface {
	// ChatData is GetChatData: the JSON {"errcode":0,"chatdata":[…]} with messages after seq.
	ChatData(seq uint64, limit uint32) (raw []byte, code int)
	// Decrypt is DecryptData.
	Decrypt(randomKey, message string) (plain []byte, code int)
	// Media is GetMediaData: the piece at index ("" = the first), where the next one is, and whether it was the last.
	Media(index, fileID string) (piece []byte, next string, last bool, code int)
	Close()
}

// adapter serves the protocol. One call of the library at a time: its handle is not made for more.
type adapter struct {
	mu   sync.Mutex
	sdk  sdk
	key  string
	keys map[int]*rsa.PrivateKey // by publickey_ver
	skip bool
}

const (
	maxLimit = 1000
	tries    = 4
	pause    = 500 * time.Millisecond
)

// Codes that we give ourselves, from WeCom's list.
const (
	badParam   = 10000
	badDecrypt = 10006
	badSecret  = 40001
)

func (a *adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(key), []byte(a.key)) != 1 {
		answer(w, http.StatusUnauthorized, failure{badSecret, "wrong key"})
		return
	}
	switch {
	case r.Method != http.MethodGet:
		answer(w, http.StatusMethodNotAllowed, failure{badParam, "GET only"})
	case r.URL.Path == "/messages":
		a.messages(w, r)
	case r.URL.Path == "/media":
		a.media(w, r)
	default:
		answer(w, http.StatusNotFound, failure{badParam, "no such path"})
	}
}

type failure struct {
	Code int    `json:"errcode"`
	Msg  string `json:"errmsg"`
}

type page struct {
	Code     int       `json:"errcode"`
	Msg      string    `json:"errmsg"`
	Messages []message `json:"messages"`
}

type message struct {
	Seq     uint64          `json:"seq"`
	MsgID   string          `json:"msgid"`
	Version int             `json:"publickey_ver"`
	Message json.RawMessage `json:"message"`
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller may be gone
}

// messages answers with what follows after, decrypted.
func (a *adapter) messages(w http.ResponseWriter, r *http.Request) {
	after, err1 := strconv.ParseUint(r.FormValue("after"), 10, 64)
	limit, err2 := strconv.ParseUint(r.FormValue("limit"), 10, 32)
	if err1 != nil || err2 != nil || limit < 1 || limit > maxLimit {
		answer(w, http.StatusBadRequest, failure{badParam, "after or limit"})
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	raw, code := again(func() ([]byte, int) { return a.sdk.ChatData(after, uint32(limit)) })
	if code != 0 {
		answer(w, http.StatusOK, failure{code, "GetChatData"})
		return
	}
	var got struct {
		failure
		Data []struct {
			Seq       uint64 `json:"seq"`
			MsgID     string `json:"msgid"`
			Version   int    `json:"publickey_ver"`
			RandomKey string `json:"encrypt_random_key"`
			Message   string `json:"encrypt_chat_msg"`
		} `json:"chatdata"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		answer(w, http.StatusOK, failure{10002, "GetChatData: " + err.Error()})
		return
	}
	if got.Code != 0 { // the call went through, WeCom refused it
		answer(w, http.StatusOK, got.failure)
		return
	}
	out := page{Msg: "ok", Messages: make([]message, 0, len(got.Data))}
	for _, m := range got.Data {
		plain, err := a.open(m.Version, m.RandomKey, m.Message)
		if err != nil && !a.skip {
			log.Printf("seq %d: %v", m.Seq, err) // never the content
			answer(w, http.StatusOK, failure{badDecrypt, fmt.Sprintf("seq %d, publickey_ver %d: %v", m.Seq, m.Version, err)})
			return
		}
		if err != nil {
			plain, _ = json.Marshal(map[string]any{"msgid": m.MsgID, "action": "send", "from": "", "tolist": []string{}, "roomid": "",
				"msgtime": time.Now().UnixMilli(), "msgtype": "unreadable", "unreadable": map[string]int{"publickey_ver": m.Version}})
		}
		out.Messages = append(out.Messages, message{m.Seq, m.MsgID, m.Version, plain})
	}
	answer(w, http.StatusOK, out)
}

// open decrypts one message: its random key with our RSA key, the message with that, inside the library.
func (a *adapter) open(version int, randomKey, sealed string) (json.RawMessage, error) {
	private := a.keys[version]
	if private == nil {
		return nil, fmt.Errorf("no RSA key of version %d", version)
	}
	raw, err := base64.StdEncoding.DecodeString(randomKey)
	if err != nil {
		return nil, err
	}
	key, err := rsa.DecryptPKCS1v15(rand.Reader, private, raw) //nolint:staticcheck // WeCom's choice
	if err != nil {
		return nil, errors.New("the RSA key does not fit")
	}
	plain, code := a.sdk.Decrypt(string(key), sealed)
	if code != 0 {
		return nil, fmt.Errorf("DecryptData: %d", code)
	}
	if !json.Valid(plain) {
		return nil, errors.New("the message is not JSON")
	}
	return plain, nil
}

// media passes a file on, piece by piece. What fails before the first piece is answered; later the connection is cut, so
// that half a file is not taken for a whole one.
func (a *adapter) media(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("sdkfileid")
	if id == "" {
		answer(w, http.StatusBadRequest, failure{badParam, "sdkfileid"})
		return
	}
	index, begun := "", false
	for r.Context().Err() == nil {
		var next string
		var last bool
		piece, code := again(func() (piece []byte, code int) {
			a.mu.Lock() // for one piece: others may read messages in between
			defer a.mu.Unlock()
			piece, next, last, code = a.sdk.Media(index, id)
			return piece, code
		})
		if code != 0 && !begun {
			answer(w, http.StatusOK, failure{code, "GetMediaData"})
			return
		}
		if code != 0 {
			panic(http.ErrAbortHandler)
		}
		if !begun {
			w.Header().Set("Content-Type", "application/octet-stream")
			begun = true
		}
		if _, err := w.Write(piece); err != nil || last {
			return
		}
		index = next
	}
}

// again repeats a call that WeCom says may be repeated.
func again(call func() ([]byte, int)) (out []byte, code int) {
	for try := range tries {
		if out, code = call(); code < 10001 || code > 10003 {
			break
		}
		time.Sleep(pause << try)
	}
	return out, code
}

// readKeys reads the private keys of a folder: 1.pem is the one of publickey_ver 1. Old ones stay: messages of five days
// ago still need them.
func readKeys(dir string) (map[int]*rsa.PrivateKey, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, err
	}
	out := map[int]*rsa.PrivateKey{}
	for _, name := range files {
		version, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".pem"))
		if err != nil {
			return nil, fmt.Errorf("%s: a key is called after its version, such as 1.pem", name)
		}
		f, err := os.Open(name) //nolint:gosec // in the folder that was named
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(io.LimitReader(f, 1<<16))
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		if out[version], err = parseKey(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no key in %q", dir)
	}
	return out, nil
}

func parseKey(raw []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("not a PEM file")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, nil
}
