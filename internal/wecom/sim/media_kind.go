package sim

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/jpeg" // decoders for the size of pictures
	_ "image/png"
	"mime"
	"path/filepath"
)

// Kinds of media, as the API calls them.
const (
	mediaImage = "image"
	mediaVoice = "voice"
	mediaVideo = "video"
	mediaFile  = "file"
)

// facts is what can be seen of a file's bytes.
type facts struct {
	Format        string // jpg, png, amr, mp4; empty = something else
	Width, Height int    // of pictures
	MS            int64  // how long sounds and films play
	Broken        bool   // begins like its format and does not go on so
}

func look(b []byte) facts {
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xD8, 0xFF}):
		return picture(b, "jpg")
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return picture(b, "png")
	case bytes.HasPrefix(b, []byte("#!AMR\n")):
		return amr(b[6:])
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		return mp4(b)
	}
	return facts{}
}

func picture(b []byte, format string) facts {
	c, _, err := image.DecodeConfig(bytes.NewReader(b))
	return facts{Format: format, Width: c.Width, Height: c.Height, Broken: err != nil}
}

// amrFrame is the length of a frame by its mode; a frame lasts 20 ms.
var amrFrame = [16]int{13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1}

func amr(b []byte) facts {
	f := facts{Format: "amr"}
	for len(b) > 0 {
		n := amrFrame[b[0]>>3&15]
		if n > len(b) {
			break // a torn last frame
		}
		b = b[n:]
		f.MS += 20
	}
	return f
}

// mp4 finds the film's duration in moov/mvhd.
func mp4(b []byte) facts {
	f := facts{Format: "mp4", Broken: true}
	moov := box(b, "moov")
	head := box(moov, "mvhd")
	var scale, length uint64
	switch {
	case len(head) >= 20 && head[0] == 0:
		scale, length = uint64(binary.BigEndian.Uint32(head[12:])), uint64(binary.BigEndian.Uint32(head[16:]))
	case len(head) >= 32 && head[0] == 1:
		scale, length = uint64(binary.BigEndian.Uint32(head[20:])), binary.BigEndian.Uint64(head[24:])
	}
	if scale > 0 && length < 1<<40 {
		f.Broken, f.MS = false, int64(length*1000/scale) //nolint:gosec // bounded above
	}
	return f
}

// box is the content of the first box of this type.
func box(b []byte, kind string) []byte {
	for len(b) >= 8 {
		n, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch {
		case n == 1 && len(b) >= 16:
			n, head = binary.BigEndian.Uint64(b[8:]), 16
		case n == 0:
			n = uint64(len(b))
		}
		if n < head || n > uint64(len(b)) {
			return nil
		}
		if string(b[4:8]) == kind {
			return b[head:n]
		}
		b = b[n:]
	}
	return nil
}

// mediaType is the Content-Type and the ending under which a medium goes out.
func mediaType(format, name string) (kind, ending string) {
	switch format {
	case "jpg":
		return "image/jpeg", ".jpg"
	case "png":
		return "image/png", ".png"
	case "amr":
		return "audio/amr", ".amr"
	case "mp4":
		return "video/mp4", ".mp4"
	}
	ending = filepath.Ext(name)
	if kind = mime.TypeByExtension(ending); kind == "" {
		kind = "application/octet-stream"
	}
	return kind, ending
}
