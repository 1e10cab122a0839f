package callback

import (
	"bytes"
	"unicode/utf8"

	"qunce/internal/errs"
)

// bounds are what a document may look like at most.
type bounds struct{ depth, elements int }

// WeCom's envelope has three elements. Its events are flat and have a few dozen; one about a group of 500 names 500 items.
var (
	envelopeBounds = bounds{depth: 4, elements: 64}
	eventBounds    = bounds{depth: 16, elements: 20_000}
)

// maxTag is how many bytes may stand between < and >; WeCom's tags have no attributes.
const maxTag = 1_024

// guard looks over a document once, before the parser spends memory on it, and refuses what no callback of WeCom's is:
// other encodings than UTF-8, document types and entities, deep nesting, huge tags. It does not check that the document
// is well-formed; the parser does.
//
// Errors: callback.bad_encoding, callback.json, callback.hostile.
func guard(doc []byte, most bounds) error {
	if wide(doc) {
		return errs.E(errs.Invalid, "callback.bad_encoding", "body is not UTF-8")
	}
	rest := bytes.TrimLeft(bytes.TrimPrefix(doc, utf8BOM), " \t\r\n")
	if len(rest) > 0 && (rest[0] == '{' || rest[0] == '[') {
		return errs.E(errs.Invalid, "callback.json", "body is JSON")
	}
	if p, ok := bytes.CutPrefix(rest, []byte("<?xml")); ok {
		end := bytes.Index(p, []byte("?>"))
		if end < 0 || end > maxTag {
			return hostile("an endless XML declaration")
		}
		if named := declared(p[:end]); named != "" && named != "utf-8" && named != "utf8" {
			return errs.E(errs.Invalid, "callback.bad_encoding", "body says it is in another encoding than UTF-8")
		}
		rest = p[end+2:]
	}
	return shape(rest, most)
}

// shape walks over the tags.
func shape(rest []byte, most bounds) error {
	depth, elements := 0, 0
	for {
		open := bytes.IndexByte(rest, '<')
		if open < 0 {
			return nil
		}
		rest = rest[open:]
		switch {
		case bytes.HasPrefix(rest, cdata):
			end := bytes.Index(rest, []byte("]]>"))
			if end < 0 {
				return nil // cut off: the parser says so
			}
			rest = rest[end+3:]
			continue
		case bytes.HasPrefix(rest, []byte("<!--")):
			end := bytes.Index(rest[4:], []byte("-->"))
			if end < 0 {
				return nil
			}
			rest = rest[4+end+3:]
			continue
		case bytes.HasPrefix(rest, []byte("<!")), bytes.HasPrefix(rest, []byte("<?")):
			return hostile("a document type, an entity or an instruction")
		}
		end := bytes.IndexByte(rest[:min(len(rest), maxTag)], '>')
		if end < 0 {
			if len(rest) < maxTag {
				return nil
			}
			return hostile("a tag of more than a kilobyte")
		}
		tag := rest[1:end]
		rest = rest[end+1:]
		switch {
		case bytes.HasPrefix(tag, []byte("/")):
			depth--
		case !bytes.HasSuffix(tag, []byte("/")):
			depth++
			fallthrough
		default:
			elements++
		}
		if depth > most.depth || elements > most.elements {
			return hostile("too deep, or too many elements")
		}
	}
}

var (
	utf8BOM = []byte("\xef\xbb\xbf")
	cdata   = []byte("<![CDATA[")
)

func hostile(why string) error {
	return errs.E(errs.Invalid, "callback.hostile", "no callback of WeCom's: %s", why)
}

// wide reports UTF-16 and UTF-32, with a byte order mark or without: a < beside a zero.
func wide(doc []byte) bool {
	if len(doc) < 2 {
		return false
	}
	a, b := doc[0], doc[1]
	return a == 0xff && b == 0xfe || a == 0xfe && b == 0xff || a == 0 && (b == '<' || b == 0) || a == '<' && b == 0
}

// declared returns the encoding that an XML declaration names, in lower case, "" if it names none.
func declared(declaration []byte) string {
	_, after, ok := bytes.Cut(bytes.ToLower(declaration), []byte("encoding"))
	if !ok {
		return ""
	}
	after = bytes.TrimLeft(after, " \t\r\n=")
	if len(after) == 0 || after[0] != '"' && after[0] != '\'' {
		return "?"
	}
	name, _, _ := bytes.Cut(after[1:], after[:1])
	return string(name)
}

// clean makes text of a document that XML and PostgreSQL both take: what is not UTF-8, and characters that XML does not
// know (zero among them), become U+FFFD. A good document is returned as it is.
func clean(doc []byte) []byte {
	doc = bytes.TrimPrefix(doc, utf8BOM)
	good := prefix(doc)
	if good == len(doc) {
		return doc
	}
	out := append(make([]byte, 0, len(doc)+16), doc[:good]...)
	for i := good; i < len(doc); {
		r, n := utf8.DecodeRune(doc[i:])
		if allowed(r, n) {
			out = append(out, doc[i:i+n]...)
		} else {
			out = utf8.AppendRune(out, utf8.RuneError)
		}
		i += n
	}
	return out
}

// legible reports that all of a document is text that XML takes.
func legible(doc []byte) bool { return prefix(doc) == len(doc) }

// prefix is how many of the first bytes are text that XML takes.
func prefix(doc []byte) int {
	good := 0
	for good < len(doc) {
		r, n := utf8.DecodeRune(doc[good:])
		if !allowed(r, n) {
			break
		}
		good += n
	}
	return good
}

// allowed reports whether a rune, decoded from n bytes, is a character of XML.
func allowed(r rune, n int) bool {
	if r == utf8.RuneError && n <= 1 {
		return false
	}
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000
}
